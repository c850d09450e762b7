"""The tutorials' nets as a student writes them: plain Keras, float arrays, model.fit.

Run by epoch_time.py in a process of its own; prints the seconds of each epoch as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import keras
import numpy as np
from keras import layers

from kcnn.data.load import load_dataset
from kcnn.progress import Progress
from kcnn.recipe import read_recipe


def cifar() -> keras.Model:
    """The net of recipes/cifar.yaml."""
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


def mnist() -> keras.Model:
    """The net of recipes/mnist.yaml."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


class EpochSeconds(keras.callbacks.Callback):
    """Times each epoch, validation included, as kcnn's metrics.csv does."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Starts the clock."""
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Stops it."""
        self.seconds.append(time.perf_counter() - self._started)


def main(recipe_name: str, epochs: int) -> None:
    """Trains a net for some epochs and prints their seconds."""
    recipe = read_recipe(recipe_name)
    train = load_dataset(recipe.data, None, Progress()).train
    images = train.images.astype(np.float32) / 255
    held_out = int(recipe.data.validation)
    batch = recipe.train.batch_size
    count = (len(images) - held_out) // batch * batch
    validation = (images[-held_out:], train.labels[-held_out:]) if held_out else None
    model = {"cifar": cifar, "mnist": mnist}[recipe_name]()
    model.compile(
        keras.optimizers.Adam(0.001),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    clock = EpochSeconds()
    model.fit(
        images[:count], train.labels[:count], batch_size=batch, epochs=epochs, verbose=0,
        validation_data=validation, validation_batch_size=500, callbacks=[clock],
    )  # fmt: skip
    print(json.dumps(clock.seconds))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main(sys.argv[1], int(sys.argv[2]))
