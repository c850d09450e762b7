"""kcnn evaluate: score a run's saved model on the test set again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kcnn.commands.run_images import read_run_recipe, reading_again
from kcnn.data.load import load_dataset
from kcnn.machine.start import start_tensorflow
from kcnn.progress import Progress
from kcnn.runs.dataset import has_same_test_images, require_same_classes, require_same_labels
from kcnn.runs.find import find_model, find_run
from kcnn.runs.folder import RunFolder
from kcnn.runs.label_scores import LabelPredictions, read_thresholds
from kcnn.training.scoring.misclassified import (
    Misclassified,
    require_destination,
    require_files,
    write_misclassified,
)

if TYPE_CHECKING:
    import keras

    from kcnn.data.dataset import Images
    from kcnn.recipe.data_settings import FlipsAndShifts
    from kcnn.runs.scores import ClassScore


@dataclass(frozen=True)
class Evaluation:
    """The scores of a run's model on the test set.

    Args:
        run: The run's title, `cifar/run-001`.
        weights: `last` or `best`.
        images: Number of test images.
        accuracy: The fraction of them that were classified right; of images with several labels,
            the fraction of right decisions.
        overall: Further scores of all classes together, by their names in summary.json.
        per_class: Precision, recall, F1 and support of each class; of several labels, `LabelScore`.
        augmented: The `accuracy` with the recipe's test-time augmentation, and its `flip` and
            `shift`; None if the recipe has none.
        wrong: The images that were classified wrong, as they were copied; None if that was not
            asked for.
    """

    run: str
    weights: str
    images: int
    accuracy: float
    overall: Mapping[str, float]
    per_class: tuple[ClassScore, ...]
    augmented: dict[str, Any] | None
    wrong: Misclassified | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        values = asdict(self)
        overall = values.pop("overall")
        return {**values, **overall}


def evaluate(
    run: str | None,
    output_dir: Path,
    weights: str = "last",
    data_dir: Path | None = None,
    progress: Progress | None = None,
    wrong: Path | None = None,
    link: bool = False,
    settings: Sequence[str] = (),
) -> Evaluation:
    """Score a run's saved model on the test set. The run folder is not changed.

    If a user's images changed since the run, the changed images are scored, with a note.

    Args:
        run: A run as `kcnn.runs.find.find_run` takes it; None for the newest.
        output_dir: The folder of all runs.
        weights: `last` or `best`.
        data_dir: The folder in which datasets are looked for first.
        progress: Where loading, changed images and images done are reported.
        wrong: A new or empty folder for copies of the images that are classified wrong.
        link: Whether to make links instead of copies.
        settings: Where the images are now, as of `kcnn.commands.run_images.read_run_recipe`.

    Returns:
        The scores.

    Raises:
        RunError: There is no such run or model, or the model is damaged or does not fit the data;
            or the images cannot be written into `wrong`.
        DataError: The images cannot be found or read.
        TrainingError: The model's predictions are not finite.
    """
    progress = progress or Progress()
    found = find_run(run, output_dir)
    path = find_model(found, weights)
    data = read_run_recipe(found, settings, "evaluate").data
    if wrong is not None:
        require_destination(wrong, data.path)
    with reading_again():
        dataset = load_dataset(data, data_dir, progress, parts=["test"])
    if link:
        require_files(dataset.test)
    require_same_classes(found, dataset.class_names, progress)
    require_same_labels(found, dataset.has_several_labels)
    if data.path is not None and not has_same_test_images(found, dataset.test.digest()):
        progress.note(
            f"{found.title}: the test images are no longer those that it was scored on; it may "
            "have learned from some of them"
        )
    start_tensorflow(progress)
    from kcnn.model.probabilities import probability_model
    from kcnn.model.saved import load_model, require_classes, require_images
    from kcnn.training.scoring.predict import predict_images
    from kcnn.training.scoring.scores import score

    model = load_model(found, weights)
    require_images(model, path, dataset.image_shape)
    require_classes(model, path, dataset.class_names)
    classifier = probability_model(model, dataset.has_several_labels)
    probabilities = predict_images(classifier, dataset.test, progress)
    thresholds = None
    if dataset.has_several_labels:
        thresholds = _thresholds(found, weights, dataset.class_names)
    scores = score(probabilities, dataset.test.labels, dataset.class_names, thresholds)
    scores.note_missing_classes(progress)
    augmented = _augmented(model, dataset.test, data.test_time_augmentation, progress)
    written = None
    if wrong is not None:
        predictions, names = scores.predictions, list(dataset.class_names)
        if isinstance(predictions, LabelPredictions):
            predictions, names = predictions.as_sets(names)
        written = write_misclassified(dataset.test, predictions, names, wrong, link, progress)
    return Evaluation(
        run=found.title,
        weights=weights,
        images=len(dataset.test),
        accuracy=scores.accuracy,
        overall=scores.overall,
        per_class=scores.per_class,
        augmented=augmented,
        wrong=written,
    )


def _thresholds(
    run: RunFolder, weights: str, class_names: Sequence[str]
) -> list[float | None] | None:
    """Return the thresholds of the last weights; other weights and unfinished runs have none."""
    if weights != "last" or not run.per_class.is_file():
        return None
    return read_thresholds(run, class_names)


def _augmented(
    model: keras.Model, test: Images, changes: FlipsAndShifts | None, progress: Progress
) -> dict[str, Any] | None:
    if changes is None:
        return None
    from kcnn.data.labels import decide
    from kcnn.model.probabilities import activation_of
    from kcnn.training.loss_and_metrics import decision_threshold
    from kcnn.training.scoring.test_time_augmentation import predict_augmented

    # With the model as it is: averages of logits and of probabilities are different scores.
    outputs = predict_augmented(model, test, changes, progress)
    predicted = decide(outputs, test.labels, decision_threshold(activation_of(model)))
    accuracy = float((predicted == test.labels).mean())
    return {"accuracy": accuracy, **changes.model_dump()}
