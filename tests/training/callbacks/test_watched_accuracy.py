from __future__ import annotations

import keras
import numpy as np
import pytest

from kcnn.data.dataset import Dataset
from kcnn.training.callbacks.watched_accuracy import WatchedAccuracy


class Later(keras.callbacks.Callback):
    """Keep the metrics that a later callback finds."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, float]] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.found.append(dict(logs or {}))


@pytest.fixture
def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    layers = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dropout(0.5)]
    model = keras.Sequential([*layers, keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    return model


def test_measures_what_evaluate_measures_after_each_epoch(
    model: keras.Model, digits: Dataset
) -> None:
    watched = {"few": digits.test.first(7), "many": digits.train}  # more than a batch
    later = Later()
    expected = []

    class Evaluated(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            outputs = model.predict(digits.train.read_all(), verbose=0).argmax(axis=1)
            expected.append(np.mean(outputs == digits.train.labels))

    callback = WatchedAccuracy(watched)
    assert callback.columns == ["few", "many"]
    images = digits.train.read_all()
    callbacks = [callback, later, Evaluated()]
    model.fit(images, digits.train.labels, epochs=3, verbose=0, callbacks=callbacks)
    assert [row["many"] for row in later.found] == pytest.approx(expected)
    assert len(set(expected)) == 3
    assert all(row["few"] * 7 == pytest.approx(round(row["few"] * 7)) for row in later.found)


def test_watches_all_images_if_there_are_fewer(digits: Dataset) -> None:
    assert len(digits.test.first(10_000)) == len(digits.test)
