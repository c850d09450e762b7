"""kcnn export: write a run's model for use without kcnn, and prove what was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kcnn
from kcnn.commands.run_images import read_run_recipe, reading_again
from kcnn.data.load import load_dataset
from kcnn.errors import ConversionError, ExportError
from kcnn.export.format import variant
from kcnn.export.formats import choose_formats
from kcnn.files.atomic import remove_leftovers, removed_if_empty, require_new, require_writable
from kcnn.machine.start import start_tensorflow
from kcnn.progress import Progress
from kcnn.recipe import Recipe
from kcnn.runs.dataset import (
    has_same_test_images,
    same_names,
    trained_classes,
    trained_on_several_labels,
)
from kcnn.runs.environment import FLOAT32
from kcnn.runs.exports import write_export_summary
from kcnn.runs.find import find_model, find_run
from kcnn.runs.folder import RunFolder, require_no_links
from kcnn.runs.label_scores import read_thresholds
from kcnn.text.numbers import count_text

if TYPE_CHECKING:
    import keras
    import numpy as np

    from kcnn.data.dataset import Dataset, Images
    from kcnn.export.artefact import Reference

FAULT_IMAGES = 64  # test images with which the layer at fault is looked for
_ALREADY_EXISTS_HINT = "choose another, or remove it"
# 20, 100, 200 and 500 images gave the same accuracy within 1 percentage point (cifar, resnet20 and
# MobileNetV2, two draws each), but 500 doubled the time.
CALIBRATION_IMAGES = 200


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
    trained = _trained(found, recipe, dataset, progress)
    start_tensorflow(progress)
    from kcnn.export.artefact import write_artefact
    from kcnn.export.gate import temporary_folder
    from kcnn.export.layer_at_fault import layer_at_fault
    from kcnn.export.source import Source

    model, reference = _reference(found, weights, recipe, dataset, trained, progress)
    description = _description(found, weights, recipe, model, trained)
    artefacts: list[Artefact] = []
    problems: list[ExportError] = []
    with removed_if_empty(folder), temporary_folder() as scratch:
        calibration = partial(_calibration, dataset.train) if calibrates else None
        source = Source(model, scratch, trained.class_names, calibration)
        for form, options in chosen:
            name = variant(form, options)
            try:
                measured = write_artefact(
                    form, options, source, reference, folder / name, found, description, progress
                )
            except ExportError as error:
                message = f"{name}: {error.message}"
                if isinstance(error, ConversionError):
                    samples = dataset.test.first(FAULT_IMAGES).read_all()
                    with suppress(OSError):  # a full disk; the error is worth more than the layer
                        fault = layer_at_fault(form, options, source, samples, progress)
                        message += "" if fault is None else f"; {fault}"
                problems.append(ExportError(message, error.hint))
                continue
            artefacts.append(Artefact(folder / name, measured, form.USE))
            write_export_summary(folder)
        # Only now, because the last good export may be among them.
        remove_leftovers(folder)
    problem = _joined(problems) if problems else None
    if problem is not None and not artefacts:
        raise problem
    return Exports(found.title, weights, tuple(artefacts), problem)


@dataclass(frozen=True)
class _Trained:
    """What a run was trained on, and whether its test images are here.

    Args:
        class_names: The names of its classes.
        several_labels: Whether an image may have several labels.
        is_scored: Whether the test images and their labels are those that it was scored on.
    """

    class_names: Sequence[str]
    several_labels: bool
    is_scored: bool


def _trained(found: RunFolder, recipe: Recipe, dataset: Dataset, progress: Progress) -> _Trained:
    class_names = trained_classes(found, dataset.class_names, progress)
    # The check compares two predictions for each image. It needs no labels, so that any images do.
    is_scored = same_names(class_names, dataset.class_names) and (
        recipe.data.path is None or has_same_test_images(found, dataset.test.digest())
    )
    if not is_scored:
        progress.note(
            f"{found.title}: the test images are no longer those that it was scored on; the export "
            "is checked on those that are here"
        )
    several = trained_on_several_labels(found, dataset.has_several_labels)
    return _Trained(class_names, several, is_scored and several == dataset.has_several_labels)


def _reference(
    found: RunFolder,
    weights: str,
    recipe: Recipe,
    dataset: Dataset,
    trained: _Trained,
    progress: Progress,
) -> tuple[keras.Model, Reference]:
    """Return a run's model in float32, and its predictions for the test images.

    Both sides of the comparison run on the CPU, because devices round differently.
    """
    import keras

    from kcnn.export.artefact import Reference
    from kcnn.model.probabilities import probability_model
    from kcnn.model.saved import load_model, require_classes, require_images, trained_policy
    from kcnn.training.scoring.predict import batch_size, predict_images

    path = find_model(found, weights)
    with keras.device("cpu"):
        model = probability_model(load_model(found, weights, FLOAT32), trained.several_labels)
        require_images(model, path, dataset.image_shape)
        require_classes(model, path, trained.class_names)
        probabilities = predict_images(model, dataset.test, progress)
        reference = Reference(
            images=dataset.test,
            probabilities=probabilities,
            batch_size=batch_size(model),
            several_labels=trained.several_labels,
            is_scored=trained.is_scored,
        )
        policy = trained_policy(found, recipe)
        if policy != FLOAT32:
            own = probability_model(load_model(found, weights), trained.several_labels)
            agreement = reference.compare([predict_images(own, dataset.test, progress)])
            progress.note(
                f"{found.title} was trained in {policy}, and the export computes in {FLOAT32}: "
                f"{agreement.other_classes:,} of {count_text(agreement.images, 'test image')} get "
                "another class"
            )
    return model, reference


def _description(
    found: RunFolder, weights: str, recipe: Recipe, model: keras.Model, trained: _Trained
) -> dict[str, Any]:
    """Return what a program must know of an artefact, whatever its format."""
    height, width, channels = model.input_shape[1:]
    description: dict[str, Any] = {
        "run": found.title,
        "weights": weights,
        "image_size": [height, width],
        "channels": channels,
        "resize": recipe.data.resize,
        "kcnn": kcnn.__version__,
        "several_labels": trained.several_labels,
    }
    if trained.several_labels and weights == "last" and found.per_class.is_file():
        description["thresholds"] = read_thresholds(found, trained.class_names)
    return description


def _calibration(images: Images) -> Iterator[np.ndarray]:
    """Yield some training images one by one: of each class as many, and the same ones each time."""
    import numpy as np

    order = np.random.default_rng(0).permutation(len(images))
    for index in images.by_turns(CALIBRATION_IMAGES, order):
        yield images.read(np.array([index]))


def _joined(problems: Sequence[ExportError]) -> ExportError:
    """Return one error for several artefacts that could not be written."""
    messages = [problem.message for problem in problems]
    hints = dict.fromkeys(problem.hint for problem in problems if problem.hint)
    return ExportError("\n".join(messages), "; ".join(hints) or None)
