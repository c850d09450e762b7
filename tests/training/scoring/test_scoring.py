from __future__ import annotations

import signal
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from kcnn.errors import TrainingError
from kcnn.machine.signals import Stopped, stops_deferred
from kcnn.progress import Event, Progress, TaskAdvanced
from kcnn.training.scoring.scoring import answer_images, batch_size, in_batches, score

NAMES = ("cat", "dog", "a, b", "never")
# True classes 0 0 0 1 1 2, predicted 0 0 1 1 0 2.
LABELS = np.array([0, 0, 0, 1, 1, 2], np.int32)
PROBABILITIES = np.array(
    [
        [0.7, 0.1, 0.1, 0.1],
        [0.6, 0.2, 0.1, 0.1],
        [0.2, 0.5, 0.2, 0.1],
        [0.1, 0.9, 0.0, 0.0],
        [1 / 3 + 0.1, 0.3, 0.2, 0.1],
        [0.0, 0.0, 1.0, 0.0],
    ],
    np.float32,
)


def test_score_by_hand() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = score(PROBABILITIES, LABELS, NAMES)
    assert scores.accuracy == pytest.approx(4 / 6)
    assert scores.confusion.counts.tolist() == [
        [2, 1, 0, 0],
        [1, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 0],
    ]
    cat, dog, both, never = scores.per_class
    assert (cat.precision, cat.recall, cat.f1, cat.support) == pytest.approx(
        (2 / 3, 2 / 3, 2 / 3, 3)
    )
    assert (dog.precision, dog.recall, dog.f1, dog.support) == pytest.approx((0.5, 0.5, 0.5, 2))
    assert (both.precision, both.recall, both.f1, both.support) == (1, 1, 1, 1)
    assert (never.precision, never.recall, never.f1, never.support) == (None, None, None, 0)
    assert scores.predictions.predicted.tolist() == [0, 0, 1, 1, 0, 2]
    np.testing.assert_allclose(
        scores.predictions.probability, [0.7, 0.6, 0.5, 0.9, 1 / 3 + 0.1, 1.0]
    )


def test_classes_that_no_image_shows_are_told(notes) -> None:
    score(PROBABILITIES, LABELS, NAMES).note_missing_classes(notes)
    assert notes.lines == ["no test image shows never: recall is not known there"]
    score(np.eye(4, dtype=np.float32), np.arange(4), NAMES).note_missing_classes(notes)
    many = score(np.eye(13, dtype=np.float32)[:1], np.zeros(1, int), [f"c{n}" for n in range(13)])
    many.note_missing_classes(notes)
    assert len(notes.lines) == 2
    assert "shows c1, c2, c3, c4, c5, c6, c7, c8, c9, c10 and 2 more: " in notes.lines[-1]


@pytest.mark.parametrize(
    ("side", "filters", "images"),
    [(32, 64, 500), (224, 64, 20), (512, 256, 1), (2048, 64, 1)],
)
def test_large_maps_are_answered_a_few_at_a_time(side: int, filters: int, images: int) -> None:
    image = keras.Input((side, side, 3))
    maps = keras.layers.Conv2D(filters, 3, padding="same")(image)
    model = keras.Model(image, keras.layers.Dense(2)(keras.layers.GlobalMaxPooling2D()(maps)))
    assert batch_size(model) == images


def test_batches_hold_every_image_once() -> None:
    images = np.arange(7)
    assert [batch.tolist() for batch in in_batches(images, 3)] == [[0, 1, 2], [3, 4, 5], [6]]


def classifier() -> keras.Model:
    image = keras.Input((4, 4, 3), name="image")
    scaled = keras.layers.Rescaling(1 / 255)(image)
    output = keras.layers.Dense(3, activation="softmax")(keras.layers.Flatten()(scaled))
    return keras.Model(image, output)


class Count(Progress):
    def __init__(self) -> None:
        self.done = 0

    def receive(self, event: Event) -> None:
        if isinstance(event, TaskAdvanced):
            self.done += event.count


def test_probabilities_of_several_batches() -> None:
    images = np.random.default_rng(0).integers(0, 256, (1203, 4, 4, 3), np.uint8)
    model, count = classifier(), Count()
    answer = answer_images(model, images, count)
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer, model.predict(images, verbose=0), atol=1e-6)
    assert count.done == 1203


def test_memory_that_runs_out_over_the_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_out(batch: np.ndarray) -> tf.Tensor:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating\nmuch more")

    monkeypatch.setattr("kcnn.training.scoring.scoring.forward_pass", lambda model: run_out)
    with pytest.raises(TrainingError) as caught:
        answer_images(classifier(), np.zeros((2, 4, 4, 3), np.uint8), Progress())
    assert caught.value.message == "memory ran out while the model answered 2 images at a time"
    assert "close other programs" in caught.value.hint


def test_answers_that_are_not_finite() -> None:
    model = classifier()
    model.set_weights([weights * np.nan for weights in model.get_weights()])
    with pytest.raises(TrainingError, match="not finite"):
        answer_images(model, np.zeros((2, 4, 4, 3), np.uint8), Progress())


def test_scoring_stops_between_two_batches() -> None:
    answered = []
    with pytest.raises(Stopped), stops_deferred():
        for batch in in_batches(np.zeros((5, 2, 2, 1), np.uint8), 2):
            signal.raise_signal(signal.SIGINT)
            answered.append(len(batch))
    assert answered == [2]
