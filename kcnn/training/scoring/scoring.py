"""What a trained model makes of images, and how well that agrees with their labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from kcnn.errors import TrainingError
from kcnn.machine.memory import prediction_batch_size
from kcnn.machine.signals import stop_if_requested
from kcnn.progress import Progress
from kcnn.runs.scores import ClassScore, Confusion, Predictions

MOST_NAMED = 10  # classes in one line


@dataclass(frozen=True)
class Scores:
    """How well a model did on labelled images.

    Args:
        accuracy: Fraction of the images that were predicted as their own class.
        per_class: The score of each class.
        confusion: How often each class was predicted as each.
        predictions: The prediction for each image.
    """

    accuracy: float
    per_class: tuple[ClassScore, ...]
    confusion: Confusion
    predictions: Predictions

    def note_missing_classes(self, progress: Progress) -> None:
        """Note the classes that no image shows, whose recall is not known."""
        missing = [score.name for score in self.per_class if not score.support]
        if missing:
            named = ", ".join(missing[:MOST_NAMED])
            more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
            progress.note(f"no test image shows {named}{more}: recall is not known there")


def answer_images(
    model: keras.Model, images: np.ndarray, progress: Progress, title: str = "Scoring"
) -> np.ndarray:
    """Runs a model over images, a large batch at a time, without a float copy of them all.

    Args:
        model: The model; see `kcnn.model.probabilities` for one that gives no logits.
        images: uint8, (count, height, width, channels).
        progress: Told of images done.
        title: What to call this in the progress display.

    Returns:
        float32, (count, classes).

    Raises:
        TrainingError: The model answers with numbers that are not finite, or memory ran out.
    """
    answers = []
    with progress.task(title, len(images), "images") as advance:
        for answer in answer_batches(model, in_batches(images, batch_size(model))):
            answers.append(answer)
            advance(len(answer))
    return np.concatenate(answers)


def batch_size(model: keras.Model) -> int:
    """Gives how many images a model answers at a time, by the largest of its maps."""
    shapes = [model.input_shape, *(layer.output.shape for layer in model.layers)]
    return prediction_batch_size(max(math.prod(shape[1:]) for shape in shapes))


def in_batches(images: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Cut images into batches of a size; the last one may be smaller.

    Raises:
        Stopped: A signal came; it is raised between two batches.
    """
    for start in range(0, len(images), size):
        stop_if_requested()
        yield images[start : start + size]


def forward_pass(model: keras.Model) -> Callable[[np.ndarray], tf.Tensor]:
    """Compiles a model's answer to a batch of any length, as it is outside training.

    Args:
        model: The model; the answers follow its weights when they change.

    Returns:
        A function from uint8 images (count, height, width, channels) to float32 (count, classes).
    """
    # Keras's own predict copies all images first and shares them out among devices.
    signature = tf.TensorSpec(model.input_shape, tf.uint8)
    return tf.function(
        lambda batch: model(batch, training=False), input_signature=[signature], autograph=False
    )


def answer_batches(model: keras.Model, batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Runs a model over batches of any length, one after the other.

    Args:
        model: The model.
        batches: uint8 arrays of shape (count, height, width, channels).

    Yields:
        The answer to each batch, float32, (count, classes).

    Raises:
        TrainingError: The model answers with numbers that are not finite, or memory ran out.
    """
    yield from map(checked_forward_pass(model), batches)


def checked_forward_pass(model: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """Compiles a model's answer to a batch as `forward_pass` does, and checks each answer.

    Args:
        model: The model.

    Returns:
        A function from uint8 images (count, height, width, channels) to float32 (count, classes);
        it raises TrainingError where an answer is not finite, or memory runs out.
    """
    forward = forward_pass(model)

    def answer(batch: np.ndarray) -> np.ndarray:
        try:
            outputs: np.ndarray = forward(batch).numpy()
        except tf.errors.ResourceExhaustedError:
            raise TrainingError(
                f"memory ran out while the model answered {len(batch)} images at a time",
                "close other programs, or leave the GPUs out: CUDA_VISIBLE_DEVICES=-1",
            ) from None
        if not np.isfinite(outputs).all():
            raise TrainingError(
                "the model answers with numbers that are not finite: its training diverged",
                "train with a smaller learning_rate, or with the optimizer's clipnorm",
            )
        return outputs

    return answer


def score(probabilities: np.ndarray, labels: np.ndarray, class_names: Sequence[str]) -> Scores:
    """Compare probabilities with labels.

    Args:
        probabilities: (images, classes).
        labels: Indices into the class names, (images,).
        class_names: The name of each column of the probabilities.
    """
    classes = range(len(class_names))
    predicted = probabilities.argmax(axis=1)
    measures = precision_recall_fscore_support(
        labels, predicted, labels=classes, zero_division=np.nan
    )
    return Scores(
        accuracy=float(np.mean(predicted == labels)),
        per_class=tuple(
            ClassScore(name, _known(precision), _known(recall), _known(f1), int(support))
            for name, precision, recall, f1, support in zip(class_names, *measures, strict=True)
        ),
        confusion=Confusion(
            tuple(class_names), confusion_matrix(labels, predicted, labels=classes)
        ),
        predictions=Predictions(
            index=np.arange(len(labels)),
            label=np.asarray(labels),
            predicted=predicted,
            probability=probabilities.max(axis=1),
        ),
    )


def _known(fraction: float) -> float | None:
    return None if np.isnan(fraction) else float(fraction)
