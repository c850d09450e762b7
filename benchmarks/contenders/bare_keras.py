"""Bare Keras: model.fit on float arrays that are ready, with Keras's own layers."""

from __future__ import annotations

import time
from typing import Any

import keras
import numpy as np

from contenders.task import Task, run
from kcnn.recipe.fields import Settings


class EpochSeconds(keras.callbacks.Callback):
    """Times each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Starts the clock."""
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Stops it."""
        self.seconds.append(time.perf_counter() - self._started)


def network(task: Task) -> keras.Model:
    """Writes the net down as a student would."""
    layers = [getattr(keras.layers, type(node.layer).__name__) for node in task.chain]
    arguments = [plain_arguments(node.layer) for node in task.chain]
    made = [layer(**given) for layer, given in zip(layers, arguments, strict=True)]
    # The last layer's sums stay float32, as Keras's guide to mixed precision has it.
    made[-1] = layers[-1](**arguments[-1], dtype="float32")
    return keras.Sequential([keras.Input(task.plan.image_shape), *made])


def plain_arguments(layer: Settings) -> dict[str, Any]:
    """Gives a layer's arguments; how weights begin makes no difference to speed."""
    written = layer.written()
    return {name: value for name, value in written.items() if not isinstance(value, Settings)}


def seconds_of_epochs(task: Task) -> list[float]:
    """Trains with model.fit."""
    keras.config.set_dtype_policy(task.precision)
    settings = task.plan.recipe.train
    model = network(task)
    optimizer = getattr(keras.optimizers, type(settings.optimizer).__name__)
    from_logits = {"from_logits": task.plan.output_activation == "linear"}
    loss = getattr(keras.losses, type(settings.loss).__name__)(**from_logits)
    model.compile(optimizer(**settings.optimizer.written()), loss, metrics=["accuracy"])
    labels = task.train.labels
    if settings.loss.targets == "one_hot":
        labels = keras.utils.to_categorical(labels, task.plan.classes)
    clock = EpochSeconds()
    model.fit(
        task.train.images.astype(np.float32) / 255, labels, task.batch_size, task.epochs,
        verbose=0, callbacks=[clock],
    )  # fmt: skip
    return clock.seconds


if __name__ == "__main__":
    run(seconds_of_epochs)
