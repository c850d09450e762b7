"""Bare Keras: model.fit on float arrays in memory, with Keras's own layers."""

from __future__ import annotations

import time

import keras
import numpy as np

from contenders.task import Task, run
from kcnn.model.build import build_model
from kcnn.model.fast import keras_class
from kcnn.model.graph import SCALING


class EpochSeconds(keras.callbacks.Callback):
    """Time each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start the clock."""
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Stop the clock."""
        self.seconds.append(time.perf_counter() - self._started)


def build_keras_model(task: Task) -> keras.Model:
    """Build the model from Keras's own layers, for images that are scaled already."""
    return keras.models.clone_model(build_model(task.plan), clone_function=keras_layer)


def keras_layer(layer: keras.Layer) -> keras.Layer:
    """Return Keras's layer with the same arguments; no layer for the scaling of pixels."""
    if layer.name == SCALING:
        return keras.layers.Identity(name=SCALING)
    return keras_class(layer).from_config(layer.get_config())


def seconds_of_epochs(task: Task) -> list[float]:
    """Train with model.fit; return the seconds of each epoch."""
    keras.config.set_dtype_policy(task.precision)
    settings = task.plan.recipe.train
    model = build_keras_model(task)
    optimizer = getattr(keras.optimizers, type(settings.optimizer).__name__)
    from_logits = {"from_logits": task.plan.output_activation == "linear"}
    loss = getattr(keras.losses, type(settings.loss).__name__)(**from_logits)
    model.compile(optimizer(**settings.optimizer.written()), loss, metrics=["accuracy"])
    labels = task.train.labels
    if settings.loss.targets == "one_hot":
        labels = keras.utils.to_categorical(labels, task.plan.classes)
    clock = EpochSeconds()
    model.fit(
        task.train.read_all().astype(np.float32) / 255, labels, task.batch_size, task.epochs,
        verbose=0, callbacks=[clock],
    )  # fmt: skip
    return clock.seconds


if __name__ == "__main__":
    run(seconds_of_epochs)
