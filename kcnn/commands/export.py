"""kcnn export: write a run's model for use without kcnn, and check that it predicts the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kcnn
from kcnn.commands.run_images import read_run_recipe, reading_again
from kcnn.data.load import load_dataset
from kcnn.files.atomic import atomic, remove_leftovers, require_new, require_writable
from kcnn.machine.start import start_tensorflow
from kcnn.progress import Progress
from kcnn.runs.dataset import (
    has_same_test_images,
    same_names,
    trained_classes,
    trained_on_several_labels,
)
from kcnn.runs.find import find_model, find_run
from kcnn.runs.folder import require_no_links
from kcnn.runs.label_scores import read_thresholds

_ALREADY_EXISTS_HINT = "choose another, or remove it"


@dataclass(frozen=True)
class ExportResult:
    """An exported model, and how closely it predicts what the run's model predicts.

    Args:
        run: The run's title, `cifar/run-001`.
        weights: `last` or `best`.
        path: The SavedModel's folder.
        size: Its size in bytes.
        images: Number of test images compared.
        largest_difference: The largest difference of two probabilities over all of them.
        different_classes: Number of images with another predicted class.
        accuracy: The exported model's test accuracy; None if the test images changed since the run.
        usage: A line of Python that predicts with the exported model.
    """

    run: str
    weights: str
    path: Path
    size: int
    images: int
    largest_difference: float
    different_classes: int
    accuracy: float | None
    usage: str

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        return {**vars(self), "path": str(self.path)}


def export(
    run: str | None,
    output_dir: Path,
    weights: str = "last",
    destination: Path | None = None,
    data_dir: Path | None = None,
    progress: Progress | None = None,
    settings: Sequence[str] = (),
) -> ExportResult:
    """Write a run's model as a SavedModel.

    The folder gets its final name only after the SavedModel has predicted what the model predicts.

    Args:
        run: A run as `kcnn.runs.find.find_run` takes it; None for the newest.
        output_dir: The folder of all runs.
        weights: `last` or `best`.
        destination: A new folder for the SavedModel; None means the run's `export/saved_model`,
            where an earlier export is replaced.
        data_dir: The folder in which datasets are looked for first.
        progress: Where loading and the check are reported.
        settings: Where the images are now, as of `kcnn.commands.run_images.read_run_recipe`.

    Returns:
        The export, and how closely its predictions agree.

    Raises:
        RunError: The run or its model does not exist, is damaged or does not fit the data, or the
            destination exists or cannot be written.
        DataError: The images cannot be found or read.
        ExportError: The export's predictions differ.
        TrainingError: The model's predictions are not finite.
    """
    progress = progress or Progress()
    found = find_run(run, output_dir)
    require_no_links(found)
    path = find_model(found, weights)
    folder = destination or found.exports / "saved_model"
    if destination is not None:
        require_new(destination, _ALREADY_EXISTS_HINT)
    require_writable(folder.parent)
    data = read_run_recipe(found, settings, "export").data
    with reading_again():
        dataset = load_dataset(data, data_dir, progress, parts=["test"])
    class_names = trained_classes(found, dataset.class_names, progress)
    # The check compares two predictions for each image. It needs no labels, so that any images do.
    is_scored = same_names(class_names, dataset.class_names) and (
        data.path is None or has_same_test_images(found, dataset.test.digest())
    )
    if not is_scored:
        progress.note(
            f"{found.title}: the test images are no longer those that it was scored on; the export "
            "is checked on those that are here"
        )
    several = trained_on_several_labels(found, dataset.has_several_labels)
    is_scored = is_scored and several == dataset.has_several_labels
    start_tensorflow(progress)
    import keras

    from kcnn.export.gate import require_agreement
    from kcnn.export.saved_model import write_saved_model
    from kcnn.model.probabilities import probability_model
    from kcnn.model.saved import load_model, require_classes, require_images
    from kcnn.training.scoring.predict import batch_size, predict_images
    from kcnn.training.scoring.scores import score

    test = dataset.test
    # Both sides of the comparison run on the CPU, because devices round differently.
    with keras.device("cpu"):
        model = probability_model(load_model(found, weights), several)
        require_images(model, path, dataset.image_shape)
        require_classes(model, path, class_names)
        probabilities = predict_images(model, test, progress)
    height, width, channels = dataset.image_shape
    description: dict[str, Any] = {
        "run": found.title,
        "weights": weights,
        "image_size": [height, width],
        "channels": channels,
        "kcnn": kcnn.__version__,
    }
    if several:
        description["several_labels"] = True
        if weights == "last" and found.per_class.is_file():
            description["thresholds"] = read_thresholds(found, class_names)
    if is_scored:
        description["test_accuracy"] = score(probabilities, test.labels, class_names).accuracy
    with atomic(folder) as temporary:
        write_saved_model(model, class_names, description, temporary)
        agreement = require_agreement(
            temporary, model, test, probabilities, batch_size(model), progress, several
        )
        if destination is not None:
            require_new(destination, _ALREADY_EXISTS_HINT)  # another process may have created it
    # Only now, because the last good export may be among them.
    remove_leftovers(found.exports)
    return ExportResult(
        run=found.title,
        weights=weights,
        path=folder,
        size=sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
        images=agreement.images,
        largest_difference=agreement.largest_difference,
        different_classes=agreement.different_classes,
        accuracy=agreement.accuracy if is_scored else None,
        usage=_usage(folder),
    )


def _usage(folder: Path) -> str:
    # Two statements, because the weights live only as long as the loaded model.
    load = f"model = tf.saved_model.load({str(folder)!r})"
    return f"{load}; model.serving_uint8(images)['probabilities']"
