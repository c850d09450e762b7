from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from kcnn.data.dataset import MemoryImages
from kcnn.errors import TrainingError
from kcnn.progress import Progress, TaskAdvanced, TaskFinished, TaskStarted
from kcnn.training.scoring.predict import batch_size, predict_images


@pytest.mark.parametrize(
    ("side", "filters", "images"),
    [(32, 64, 500), (224, 64, 20), (512, 256, 1), (2048, 64, 1)],
)
def test_batch_size_of_large_layers(side: int, filters: int, images: int) -> None:
    image = keras.Input((side, side, 3))
    maps = keras.layers.Conv2D(filters, 3, padding="same")(image)
    model = keras.Model(image, keras.layers.Dense(2)(keras.layers.GlobalMaxPooling2D()(maps)))
    assert batch_size(model) == images


def unlabeled(pixels: np.ndarray) -> MemoryImages:
    return MemoryImages(pixels, np.zeros(len(pixels), np.int32))


def classifier() -> keras.Model:
    image = keras.Input((4, 4, 3), name="image")
    scaled = keras.layers.Rescaling(1 / 255)(image)
    output = keras.layers.Dense(3, activation="softmax")(keras.layers.Flatten()(scaled))
    return keras.Model(image, output)


def test_predictions_of_several_batches(recorder) -> None:
    images = np.random.default_rng(0).integers(0, 256, (1203, 4, 4, 3), np.uint8)
    model = classifier()
    predictions = predict_images(model, unlabeled(images), recorder)
    assert predictions.dtype == np.float32
    np.testing.assert_allclose(predictions, model.predict(images, verbose=0), atol=1e-6)
    started, *advances, finished = recorder.events
    assert started == TaskStarted("Scoring", 1203, "images")
    assert advances == [TaskAdvanced(500), TaskAdvanced(500), TaskAdvanced(203)]
    assert finished == TaskFinished()


def test_memory_runs_out_while_predicting(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_out(batch: np.ndarray) -> tf.Tensor:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating\nmuch more")

    monkeypatch.setattr("kcnn.training.scoring.predict.forward_pass", lambda model: run_out)
    with pytest.raises(TrainingError) as caught:
        predict_images(classifier(), unlabeled(np.zeros((2, 4, 4, 3), np.uint8)), Progress())
    assert caught.value.message == "memory ran out while the model predicted 2 images at once"
    assert "close other programs" in caught.value.hint


def test_refuses_predictions_that_are_not_finite() -> None:
    model = classifier()
    model.set_weights([weights * np.nan for weights in model.get_weights()])
    with pytest.raises(TrainingError, match="not finite"):
        predict_images(model, unlabeled(np.zeros((2, 4, 4, 3), np.uint8)), Progress())
