"""kcnn evaluate: scores a run's saved model on the test set again."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kcnn.backend import start_tensorflow
from kcnn.data.load import load_dataset
from kcnn.progress import Progress
from kcnn.recipe import read_recipe
from kcnn.runs import find_run

if TYPE_CHECKING:
    from kcnn.training.scoring import ClassScore


@dataclass(frozen=True)
class Evaluation:
    """How well a run's model does on the test set.

    Args:
        run: The run's title, `cifar/run-001`.
        weights: `last` or `best`.
        images: Number of test images.
        accuracy: The share of them given their own class.
        per_class: Precision, recall, F1 and support of each class.
    """

    run: str
    weights: str
    images: int
    accuracy: float
    per_class: tuple[ClassScore, ...]

    def as_json(self) -> dict[str, Any]:
        """Gives it as plain JSON values."""
        return asdict(self)


def evaluate(
    run: str | None,
    output_dir: Path,
    weights: str = "last",
    data_dir: Path | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Scores a run's saved model on the test set; changes nothing in the run.

    Args:
        run: A run as `kcnn.runs.find_run` takes it; None means the newest.
        output_dir: Where runs lie.
        weights: `last` or `best`.
        data_dir: Where the images lie, if not where they are usually looked for.
        progress: Told of loading and of images done.

    Raises:
        RunError: There is no such run or model, or the model is damaged or does not fit the data.
        DataError: The images cannot be found or read.
        TrainingError: The model's answers are not finite.
    """
    progress = progress or Progress()
    found = find_run(run, output_dir)
    path = found.weights(weights)
    dataset = load_dataset(read_recipe(found.resolved).data, data_dir, progress)
    start_tensorflow(progress)
    from kcnn.model.probabilities import probability_model
    from kcnn.model.saved import load_model, require_classes, require_images
    from kcnn.training.scoring import answer_images, score

    model = probability_model(load_model(path))
    require_images(model, path, dataset.image_shape)
    require_classes(model, path, dataset.class_names)
    probabilities = answer_images(model, dataset.test.images, progress)
    scores = score(probabilities, dataset.test.labels, dataset.class_names)
    return Evaluation(found.title, weights, len(dataset.test), scores.accuracy, scores.per_class)
