"""kcnn export: write a run's model for use without kcnn, and prove what was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kcnn.commands.exported_model import (
    build_reference,
    calibration_images,
    describe_model,
    trained_on,
)
from kcnn.commands.run_images import read_run_recipe, reading_again
from kcnn.data.load import load_dataset
from kcnn.errors import ConversionError, ExportError
from kcnn.export.format import Format, Options, variant
from kcnn.export.formats import choose_formats
from kcnn.files.atomic import remove_leftovers, removed_if_empty, require_new, require_writable
from kcnn.machine.start import start_tensorflow
from kcnn.progress import Progress
from kcnn.runs.exports import write_export_summary
from kcnn.runs.find import find_model, find_run
from kcnn.runs.folder import require_no_links

if TYPE_CHECKING:
    from kcnn.data.dataset import Images
    from kcnn.export.source import Source

FAULT_IMAGES = 64  # test images with which the layer at fault is looked for
_ALREADY_EXISTS_HINT = "choose another, or remove it"


@dataclass(frozen=True)
class Artefact:
    """A model in one format, and how closely it predicts what the run's model predicts.

    Args:
        path: Its folder.
        measured: The values of the columns of `kcnn.runs.exports`.
        use: The script in it to start first, with its arguments.
    """

    path: Path
    measured: Mapping[str, Any]
    use: str


@dataclass(frozen=True)
class Exports:
    """The artefacts of an export.

    Args:
        run: The run's title, `cifar/run-001`.
        weights: `last` or `best`.
        artefacts: Those that were written and proven.
        problem: The error of those that were not; None if all were.
    """

    run: str
    weights: str
    artefacts: tuple[Artefact, ...]
    problem: ExportError | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        return {
            "run": self.run,
            "weights": self.weights,
            "artefacts": [
                {"path": str(artefact.path), **artefact.measured} for artefact in self.artefacts
            ],
        }


def export(
    run: str | None,
    output_dir: Path,
    formats: Sequence[str] = ("saved_model",),
    quantize: str | None = None,
    batch_size: int | None = None,
    weights: str = "last",
    destination: Path | None = None,
    data_dir: Path | None = None,
    progress: Progress | None = None,
    settings: Sequence[str] = (),
) -> Exports:
    """Write a run's model in one or more formats, and prove each in its own runtime.

    An artefact's folder gets its name only after the artefact has predicted, for all test images,
    what the model predicts. A model that was trained in 16 bits is computed in float32.

    Args:
        run: A run as `kcnn.runs.find.find_run` takes it; None for the newest.
        output_dir: The folder of all runs.
        formats: Names of `kcnn.export.formats.FORMATS`, or `all`.
        quantize: `float16`, `dynamic` or `int8`, for the formats that take it; None for float32.
        batch_size: The only number of images that the artefacts shall take at once; None for any.
        weights: `last` or `best`.
        destination: A new folder for the artefacts; None means the run's `export`, where earlier
            ones of the same names are replaced.
        data_dir: The folder in which datasets are looked for first.
        progress: Where loading, converting and checking are reported.
        settings: Where the images are now, as of `kcnn.commands.run_images.read_run_recipe`.

    Returns:
        The artefacts, and how closely their predictions agree.

    Raises:
        RunError: The run or its model does not exist, is damaged or does not fit the data, or the
            destination exists or cannot be written.
        DataError: The images cannot be found or read.
        ExportError: There is no such format, or no artefact could be written or proven.
        PackageError: A package that a format needs is missing or too old.
        TrainingError: The model's predictions are not finite.
    """
    progress = progress or Progress()
    chosen = choose_formats(formats, quantize, batch_size)
    found = find_run(run, output_dir)
    require_no_links(found)
    find_model(found, weights)
    folder = destination or found.exports
    if destination is not None:
        require_new(destination, _ALREADY_EXISTS_HINT)
    require_writable(folder)
    recipe = read_run_recipe(found, settings, "export")
    calibrates = any(options.quantize == "int8" for _, options in chosen)
    with reading_again():
        parts = ["train", "test"] if calibrates else ["test"]
        dataset = load_dataset(recipe.data, data_dir, progress, parts=parts)
    trained = trained_on(found, recipe, dataset, progress)
    start_tensorflow(progress)
    from kcnn.export.artefact import write_artefact
    from kcnn.export.gate import temporary_folder
    from kcnn.export.source import Source

    model, reference = build_reference(found, weights, recipe, dataset, trained, progress)
    description = describe_model(found, weights, recipe, model, trained)
    artefacts: list[Artefact] = []
    problems: list[ExportError] = []
    with removed_if_empty(folder), temporary_folder() as scratch:
        calibration = partial(calibration_images, dataset.train) if calibrates else None
        source = Source(model, scratch, trained.class_names, calibration)
        for form, options in chosen:
            name = variant(form, options)
            try:
                measured = write_artefact(
                    form, options, source, reference, folder / name, found, description, progress
                )
            except ExportError as error:
                message = error.message
                if isinstance(error, ConversionError):
                    fault = _layer_at_fault(form, options, source, dataset.test, progress)
                    message += "" if fault is None else f"; {fault}"
                problems.append(ExportError(f"{name}: {message}", error.hint))
            else:
                artefacts.append(Artefact(folder / name, measured, form.USE))
                write_export_summary(folder)
        if not problems:  # else the last good export may be among them
            remove_leftovers(folder)
    problem = _joined(problems) if problems else None
    if problem is not None and not artefacts:
        raise problem
    return Exports(found.title, weights, tuple(artefacts), problem)


def _layer_at_fault(
    form: Format, options: Options, source: Source, images: Images, progress: Progress
) -> str | None:
    """Return words about the layer that a format computes wrongly; None if none stands out."""
    from kcnn.export.layer_at_fault import layer_at_fault

    samples = images.first(FAULT_IMAGES).read_all()
    try:
        fault = layer_at_fault(form, options, source, samples, progress)
    except OSError:  # a full disk; the error of the export is worth more than the layer
        return None
    return None if fault is None else str(fault)


def _joined(problems: Sequence[ExportError]) -> ExportError:
    """Return one error for several artefacts that could not be written."""
    messages = [problem.message for problem in problems]
    hints = dict.fromkeys(problem.hint for problem in problems if problem.hint)
    return ExportError("\n".join(messages), "; ".join(hints) or None)
