"""kcnn predict: classify image files with a run's model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kcnn.data.find_images import find_images
from kcnn.data.fitted_images import FittedImages
from kcnn.data.image.read import unreadable
from kcnn.data.labels import THRESHOLD
from kcnn.data.predicted_classes import predicted_classes
from kcnn.errors import DataError, RunError
from kcnn.files.atomic import require_new, require_writable, write_csv
from kcnn.machine.start import start_tensorflow
from kcnn.progress import Progress
from kcnn.recipe.of_run import read_resolved
from kcnn.runs.find import find_model, find_run
from kcnn.runs.folder import RunFolder
from kcnn.runs.label_scores import read_thresholds
from kcnn.runs.summary import has_several_labels, read_summary

# Photographs take long to read, and progress is reported after each batch.
MAX_BATCH_SIZE = 64
_EXISTS_HINT = "choose another --csv file, or remove it"


@dataclass(frozen=True)
class Prediction:
    """The most probable classes of an image, or its labels where it may have several.

    Args:
        path: The image file.
        classes: The classes and their probabilities, by falling probability; of several labels,
            those above their thresholds, perhaps none.
    """

    path: Path
    classes: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Predictions:
    """The most probable classes of several images.

    Args:
        images: The predictions for the images that could be read, in the given order; the images
            of a folder are sorted by path.
        problem: The images that could not be read; None if all could.
        thresholds: Where images may have several labels, the probability above which each is
            predicted; else None.
    """

    images: tuple[Prediction, ...]
    problem: DataError | None = None
    thresholds: tuple[float, ...] | None = None

    def as_json(self) -> list[dict[str, Any]]:
        """Return what json.dumps takes."""
        return [
            {
                "image": str(prediction.path),
                "classes": [
                    {"class": name, "probability": probability}
                    for name, probability in prediction.classes
                ],
            }
            for prediction in self.images
        ]


def predict(
    images: Sequence[Path],
    run: str | None,
    output_dir: Path,
    weights: str = "last",
    top: int = 3,
    csv_file: Path | None = None,
    progress: Progress | None = None,
) -> Predictions:
    """Classify image files, converted to the size and colors of the model's input.

    Args:
        images: PNG, JPEG, BMP, GIF, WebP, TIFF or HEIC files, and folders of them.
        run: A run as `kcnn.runs.find.find_run` takes it; None for the newest.
        output_dir: The folder of all runs.
        weights: `last` or `best`.
        top: How many classes to return for each image; all if there are fewer. Of several labels,
            all above their thresholds are returned.
        csv_file: A new file for the predictions: `image,rank,class,probability`. An image without
            a label has rank 0 and no class.
        progress: Where images done, images that changed in shape or were enlarged, and skipped
            files of folders are reported.

    Returns:
        The predictions.

    Raises:
        DataError: There are no images, or none of them can be read.
        RunError: There is no such run or model, it is damaged, or csv_file exists already or
            cannot be written.
        TrainingError: The model's predictions are not finite.
    """
    progress = progress or Progress()
    if not images:
        raise DataError("no images to classify", "name them after the run: kcnn predict RUN IMAGE")
    if csv_file is not None:
        require_new(csv_file, _EXISTS_HINT)
        require_writable(csv_file.parent)
    paths = find_images(images, progress)
    found = find_run(run, output_dir)
    model_file = find_model(found, weights)
    class_names = read_summary(found).class_names()
    thresholds = _thresholds(found, weights, class_names)
    start_tensorflow(progress)
    from kcnn.model.probabilities import probability_model
    from kcnn.model.saved import load_model, require_classes
    from kcnn.training.scoring.predict import batch_size, predict_batches

    model = probability_model(load_model(found, weights), thresholds is not None)
    require_classes(model, model_file, class_names)
    predictions: list[Prediction] = []
    fitted = FittedImages(model.input_shape[1:], read_resolved(found).data.resize)
    batches = fitted.batches(paths, min(MAX_BATCH_SIZE, batch_size(model)))
    with progress.task("Classifying", len(paths), "images") as advance:
        for batch in predict_batches(model, batches):
            for probabilities in batch:
                path = fitted.accepted[len(predictions)]
                classes = predicted_classes(probabilities, class_names, top, thresholds)
                predictions.append(Prediction(path, classes))
            advance(len(batch))
    fitted.report(progress)
    if not predictions:
        raise unreadable(fitted.refused, len(paths))
    if csv_file is not None:
        require_new(csv_file, _EXISTS_HINT)  # another process may have written it
        write_csv(csv_file, ("image", "rank", "class", "probability"), _rows(predictions))
    problem = unreadable(fitted.refused, len(paths)) if fitted.refused else None
    return Predictions(tuple(predictions), problem, thresholds)


def split_run(arguments: Sequence[str], output_dir: Path) -> tuple[str | None, list[Path]]:
    """Split the arguments `[RUN] IMAGE ...` into the run and the images.

    Args:
        arguments: An optional run and images; at least one argument.
        output_dir: The folder of all runs.

    Returns:
        The first argument if it is a run (see `find_run`), else None; and the images.
    """
    paths = [Path(argument) for argument in arguments]
    try:
        run = find_run(arguments[0], output_dir)
    except RunError:
        return None, paths
    if paths[0].exists() and not run.path.is_relative_to(paths[0]):
        return None, paths  # an existing folder means its images
    return arguments[0], paths[1:]


def _thresholds(
    run: RunFolder, weights: str, class_names: Sequence[str]
) -> tuple[float, ...] | None:
    """Return the thresholds of a run with several labels: those of its last weights, else 0.5."""
    if not has_several_labels(run):
        return None
    if weights != "last":
        return (THRESHOLD,) * len(class_names)
    chosen = read_thresholds(run, class_names)
    return tuple(THRESHOLD if threshold is None else threshold for threshold in chosen)


def _rows(predictions: Sequence[Prediction]) -> Iterator[tuple[object, ...]]:
    for prediction in predictions:
        if not prediction.classes:
            yield prediction.path, 0, "", ""
        for rank, (name, probability) in enumerate(prediction.classes, start=1):
            yield prediction.path, rank, name, f"{probability:.6g}"
