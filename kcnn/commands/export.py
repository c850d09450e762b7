"""kcnn export: writes a run's model for use without kcnn, and proves that it answers the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import kcnn
from kcnn.data.load import load_dataset
from kcnn.data.scored_images import require_scored_images
from kcnn.files.atomic import atomic, remove_leftovers, require_new, require_writable
from kcnn.machine.start import start_tensorflow
from kcnn.progress import Progress
from kcnn.recipe import read_recipe
from kcnn.runs.classes import require_learned
from kcnn.runs.folder import find_run, require_no_links

_ANOTHER_PLACE = "choose another, or remove it"


@dataclass(frozen=True)
class ExportResult:
    """What was exported, and how closely it answers as the model does.

    Args:
        run: The run's title, `cifar/run-001`.
        weights: `last` or `best`.
        path: The SavedModel's folder.
        size: Its size in bytes.
        images: Number of test images compared.
        largest_difference: The largest difference of a probability over all of them.
        different_classes: How many of them got another class.
        accuracy: The exported model's test accuracy.
        usage: A line of Python that uses it.
    """

    run: str
    weights: str
    path: Path
    size: int
    images: int
    largest_difference: float
    different_classes: int
    accuracy: float
    usage: str


def export(
    run: str | None,
    output_dir: Path,
    weights: str = "last",
    destination: Path | None = None,
    data_dir: Path | None = None,
    progress: Progress | None = None,
) -> ExportResult:
    """Writes a run's model as a SavedModel; in place only after it answered as the model does.

    Args:
        run: A run as `kcnn.runs.folder.find_run` takes it; None means the newest.
        output_dir: Where runs lie.
        weights: `last` or `best`.
        destination: A new folder for the SavedModel; None means the run's `export/saved_model`,
            where an earlier export is replaced.
        data_dir: Where the images lie, if not where they are usually looked for.
        progress: Told of loading and of images compared.

    Raises:
        RunError: There is no such run or model, it is damaged or does not fit the data, or the
            place is taken or cannot be written.
        DataError: The images cannot be found or read.
        ExportError: The export answers otherwise.
        TrainingError: The model's answers are not finite.
    """
    progress = progress or Progress()
    found = find_run(run, output_dir)
    require_no_links(found)
    path = found.weights(weights)
    place = destination or found.exports / "saved_model"
    if destination is not None:
        require_new(destination, _ANOTHER_PLACE)
    require_writable(place.parent)
    data = read_recipe(found.resolved).data
    dataset = load_dataset(data, data_dir, progress)
    require_learned(found, dataset.class_names, progress)
    require_scored_images(found, data, dataset.test)
    start_tensorflow(progress)
    import keras

    from kcnn.export.gate import require_agreement
    from kcnn.export.saved_model import write_saved_model
    from kcnn.model.probabilities import probability_model
    from kcnn.model.saved import load_model, require_classes, require_images
    from kcnn.training.scoring.scoring import answer_images, batch_size, score

    test = dataset.test
    # Both sides of the comparison run on the processor: devices round differently.
    with keras.device("cpu"):
        model = probability_model(load_model(found, weights))
        require_images(model, path, dataset.image_shape)
        require_classes(model, path, dataset.class_names)
        probabilities = answer_images(model, test.images, progress)
    height, width, channels = dataset.image_shape
    description = {
        "run": found.title,
        "weights": weights,
        "image_size": [height, width],
        "channels": channels,
        "test_accuracy": score(probabilities, test.labels, dataset.class_names).accuracy,
        "kcnn": kcnn.__version__,
    }
    with atomic(place) as temporary:
        write_saved_model(model, dataset.class_names, description, temporary)
        agreement = require_agreement(
            temporary, model, test, probabilities, batch_size(model), progress
        )
        if destination is not None:
            require_new(destination, _ANOTHER_PLACE)  # another process may have taken it meanwhile
    # Not before: the last good export may be among them.
    remove_leftovers(found.exports)
    return ExportResult(
        run=found.title,
        weights=weights,
        path=place,
        size=sum(file.stat().st_size for file in place.rglob("*") if file.is_file()),
        images=agreement.images,
        largest_difference=agreement.largest_difference,
        different_classes=agreement.different_classes,
        accuracy=agreement.accuracy,
        usage=_usage(place),
    )


def _usage(place: Path) -> str:
    # In two steps, for the weights last only as long as the loaded model.
    return (
        f"model = tf.saved_model.load({str(place)!r}); model.serving_uint8(images)['probabilities']"
    )
