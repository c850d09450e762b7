"""The model of a run that is exported: in float32, with its predictions and its facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import kcnn
from kcnn.progress import Progress
from kcnn.recipe import Recipe
from kcnn.runs.dataset import (
    has_same_test_images,
    same_names,
    trained_classes,
    trained_on_several_labels,
)
from kcnn.runs.environment import FLOAT32
from kcnn.runs.find import find_model
from kcnn.runs.folder import RunFolder
from kcnn.runs.label_scores import read_thresholds
from kcnn.text.numbers import count_text

if TYPE_CHECKING:
    import keras
    import numpy as np

    from kcnn.data.dataset import Dataset, Images
    from kcnn.export.artefact import Reference

# 20, 100, 200 and 500 images gave the same accuracy within 1 percentage point (cifar, resnet20 and
# MobileNetV2, two draws each), but 500 doubled the time.
CALIBRATION_IMAGES = 200


@dataclass(frozen=True)
class TrainedOn:
    """What a run was trained on, and whether its test images are here.

    Args:
        class_names: The names of its classes.
        several_labels: Whether an image may have several labels.
        is_scored: Whether the test images and their labels are those that it was scored on.
    """

    class_names: Sequence[str]
    several_labels: bool
    is_scored: bool


def trained_on(found: RunFolder, recipe: Recipe, dataset: Dataset, progress: Progress) -> TrainedOn:
    """Read what a run was trained on, and note if its test images are no longer here.

    Raises:
        RunError: The run does not fit the data.
    """
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
    return TrainedOn(class_names, several, is_scored and several == dataset.has_several_labels)


def build_reference(
    found: RunFolder,
    weights: str,
    recipe: Recipe,
    dataset: Dataset,
    trained: TrainedOn,
    progress: Progress,
) -> tuple[keras.Model, Reference]:
    """Build a run's model in float32, and predict for the test images.

    Both sides of the comparison run on the CPU, because devices round differently. If the run was
    trained in 16 bits, note how many images get another class in float32.

    Args:
        found: The run.
        weights: `last` or `best`.
        recipe: Its settings.
        dataset: Its test images.
        trained: As of `trained_on`.
        progress: Where the prediction is reported.

    Returns:
        The model, which ends in probabilities; and what artefacts are compared with.

    Raises:
        RunError: The model is damaged or does not fit the images or the classes.
        TrainingError: The predictions are not finite.
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


def describe_model(
    found: RunFolder, weights: str, recipe: Recipe, model: keras.Model, trained: TrainedOn
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


def calibration_images(images: Images) -> Iterator[np.ndarray]:
    """Yield some training images one by one: of each class as many, and the same ones each time."""
    import numpy as np

    order = np.random.default_rng(0).permutation(len(images))
    for index in images.by_turns(CALIBRATION_IMAGES, order):
        yield images.read(np.array([index]))
