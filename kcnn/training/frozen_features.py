"""Compute what frozen layers make of each image once, and train the layers behind them on that.

An image's features are the same in every epoch if nothing before them is trained or random. So a
training of the layers behind them costs next to nothing after its first pass over the images.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kcnn.data.batches import read_batches
from kcnn.data.dataset import Images
from kcnn.machine.memory import fits_quarter_of_memory
from kcnn.model.graph import Node
from kcnn.model.plan import Plan
from kcnn.model.tensors import layer_output
from kcnn.progress import Progress

_BYTES_OF_FEATURE = 4  # float32


@dataclass(frozen=True, eq=False)
class Features:
    """Features of images in memory, which the pipeline reads as it reads images.

    Args:
        values: Shape (count, …), of the dtype in which the model computes them.
        labels: int32, (count,).
    """

    values: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one image's features."""
        return self.values.shape[1:]

    @property
    def dtype(self) -> str:
        """TensorFlow's name of the type of a value."""
        return str(self.values.dtype)

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Copy the features of some images."""
        features: np.ndarray = self.values[indices]
        return features


class ModelOfFeatures(keras.Model):
    """A model that takes features in place of images; its weights are another model's.

    They are listed in that model's order, so that checkpoints and the best weights of both are the
    same.

    Args:
        whole: The model that takes images.
        head: Its layers behind the features.
    """

    def __init__(self, whole: keras.Model, head: keras.Model) -> None:
        super().__init__(name=whole.name)
        self.whole = whole
        self._head = head

    def call(self, features: Any, training: bool | None = None) -> Any:
        """Return the outputs for features."""
        return self._head(features, training=training)


def last_frozen(plan: Plan) -> Node | None:
    """Return the layer whose output is the same for an image in every step of a training.

    Args:
        plan: The model's plan.

    Returns:
        The last such layer that everything behind it reads through; None if no Application is
        among the layers up to it, since others cost little.
    """
    if plan.recipe.data.augment or plan.recipe.train.watch_first is not None:
        return None
    found, has_application = None, False
    for index, node in enumerate(plan.nodes[:-1]):
        if not _is_constant(node):
            break
        has_application |= node.layer.is_application
        behind = {node.name for node in plan.nodes[index:]}
        if has_application and all(
            behind.issuperset(other.inputs) for other in plan.nodes[index + 1 :]
        ):
            found = node
    return found


def _is_constant(node: Node) -> bool:
    """Return whether a layer's output depends on nothing but its input, in training too."""
    layer = node.layer
    # An Application that is not trained uses its moving averages in training too.
    normalizes_batches = bool(layer.moving_averages) and not layer.is_application
    return not (node.trained_weights or layer.rests or normalizes_batches)


def model_of_features(model: keras.Model, node: Node) -> ModelOfFeatures:
    """Build the model that takes the output of a frozen layer.

    Args:
        model: The model that takes images.
        node: The layer, from `last_frozen`.
    """
    features = layer_output(model.get_layer(node.name))
    return ModelOfFeatures(model, keras.Model(features, model.output))


def fit_into_memory(plan: Plan, node: Node, count: int) -> bool:
    """Return whether the features of so many images take at most a quarter of the free memory."""
    return fits_quarter_of_memory(_BYTES_OF_FEATURE * math.prod(plan.shapes[node.name]) * count)


def compute_features(
    model: keras.Model, node: Node, images: Images, batch_size: int, progress: Progress
) -> Features:
    """Compute the output of a frozen layer for images.

    Args:
        model: The model that takes images.
        node: The layer.
        images: The images.
        batch_size: How many to compute at once.
        progress: Shows how many images are done.

    Raises:
        DataError: An image cannot be read.
        Stopped: A signal came; it is raised between two batches.
    """
    base = keras.Model(model.input, layer_output(model.get_layer(node.name)))
    signature = tf.TensorSpec((None, *images.shape), tf.uint8)
    forward = tf.function(
        lambda batch: base(batch, training=False), input_signature=[signature], autograph=False
    )
    values, done = np.empty(0), 0
    with progress.task("Computing the features of frozen layers", len(images), "images") as advance:
        for batch in read_batches(images, batch_size):
            features = forward(batch).numpy()
            if not done:
                values = np.empty((len(images), *features.shape[1:]), features.dtype)
            values[done : done + len(batch)] = features
            done += len(batch)
            advance(len(batch))
    return Features(values, images.labels)
