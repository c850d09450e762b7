"""A model's predictions for many images, computed in batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

import keras
import numpy as np
import tensorflow as tf

from kcnn.data.batches import read_batches
from kcnn.data.dataset import Images
from kcnn.errors import DivergedError, TrainingError
from kcnn.machine.memory import prediction_batch_size
from kcnn.progress import Progress


def predict_images(
    model: keras.Model, images: Images, progress: Progress, title: str = "Scoring"
) -> np.ndarray:
    """Return a model's predictions for images, without a float copy of all images.

    Args:
        model: The model; `kcnn.model.probabilities` turns one with logits into one with
            probabilities.
        images: The images.
        progress: Shows how many images are done.
        title: The title in the progress display.

    Returns:
        float32, shape (count, classes).

    Raises:
        TrainingError: A prediction is not finite, or memory ran out.
    """
    return predict_by(checked_forward_pass(model), images, batch_size(model), progress, title)


def predict_by(
    predict: Callable[[np.ndarray], np.ndarray],
    images: Images,
    size: int,
    progress: Progress,
    title: str,
) -> np.ndarray:
    """Return the predictions of a function for images, computed in batches.

    Args:
        predict: Returns the predictions for a batch.
        images: The images.
        size: How many images a batch has.
        progress: Shows how many images are done.
        title: The title in the progress display.
    """
    predictions = []
    with progress.task(title, len(images), "images") as advance:
        for batch in read_batches(images, size):
            predictions.append(predict(batch))
            advance(len(batch))
    return np.concatenate(predictions)


def predict_batches(model: keras.Model, batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield a model's predictions for batches of any length.

    Args:
        model: The model.
        batches: uint8 arrays of shape (count, height, width, channels).

    Yields:
        The predictions for each batch, float32 of shape (count, classes).

    Raises:
        TrainingError: A prediction is not finite, or memory ran out.
    """
    yield from map(checked_forward_pass(model), batches)


def batch_size(model: keras.Model) -> int:
    """Return how many images a model predicts at once, by the size of its largest layer."""
    shapes = [model.input_shape, *(layer.output.shape for layer in model.layers)]
    return prediction_batch_size(max(math.prod(shape[1:]) for shape in shapes))


def forward_pass(model: keras.Model) -> Callable[[np.ndarray], tf.Tensor]:
    """Compile a model's forward pass for batches of any length, as outside training.

    Args:
        model: The model; if its weights change later, the predictions do too.

    Returns:
        A function from uint8 images (count, height, width, channels) to float32 (count, classes).
    """
    # Keras's own `predict` first copies all images, and distributes them among devices.
    signature = tf.TensorSpec(model.input_shape, tf.uint8)
    return tf.function(
        lambda batch: model(batch, training=False), input_signature=[signature], autograph=False
    )


def checked_forward_pass(model: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """Compile a model's forward pass as `forward_pass` does; check the predictions.

    Args:
        model: The model.

    Returns:
        A function from uint8 images (count, height, width, channels) to float32 (count, classes).
        It raises TrainingError if a prediction is not finite, or memory runs out.
    """
    forward = forward_pass(model)

    def predict(batch: np.ndarray) -> np.ndarray:
        try:
            outputs: np.ndarray = forward(batch).numpy()
        except tf.errors.ResourceExhaustedError:
            raise TrainingError(
                f"memory ran out while the model predicted {len(batch)} images at once",
                "close other programs, or use no GPU: CUDA_VISIBLE_DEVICES=-1",
            ) from None
        if not np.isfinite(outputs).all():
            raise DivergedError(
                "the model's predictions are not finite numbers: its training diverged",
                "train with a smaller learning_rate, or with the optimizer's clipnorm",
            )
        return outputs

    return predict
