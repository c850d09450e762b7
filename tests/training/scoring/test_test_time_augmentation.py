from __future__ import annotations

import tracemalloc

import keras
import numpy as np
import pytest

from kcnn.data.dataset import MemoryImages
from kcnn.errors import TrainingError
from kcnn.progress import Progress, TaskAdvanced, TaskFinished, TaskStarted
from kcnn.recipe.data_settings import FlipsAndShifts
from kcnn.training.scoring.predict import predict_images
from kcnn.training.scoring.test_time_augmentation import predict_augmented

FLIP, SHIFT = FlipsAndShifts(flip="horizontal"), FlipsAndShifts(shift=1)
BOTH = FlipsAndShifts(flip="horizontal", shift=1)


def pixels_shown(*pixels: tuple[int, int], size: int = 3, activation=None) -> keras.Model:
    """Make a model that returns some pixels, so that averages can be computed by hand."""
    image = keras.Input((size, size, 1), name="image")
    dense = keras.layers.Dense(len(pixels), use_bias=False, activation=activation)
    model = keras.Model(image, dense(keras.layers.Flatten()(image)))
    kernel = np.zeros((size * size, len(pixels)), np.float32)
    for column, (row, right) in enumerate(pixels):
        kernel[size * row + right, column] = 1
    dense.set_weights([kernel])
    return model


def one_bright_pixel(row: int, right: int, size: int = 3) -> np.ndarray:
    image = np.zeros((1, size, size, 1), np.uint8)
    image[0, row, right] = 100
    return image


def unlabeled(pixels: np.ndarray) -> MemoryImages:
    return MemoryImages(pixels, np.zeros(len(pixels), np.int32))


def averaged(model: keras.Model, images: np.ndarray, changes: FlipsAndShifts) -> list[list[float]]:
    outputs = predict_augmented(model, unlabeled(images), changes, Progress())
    assert outputs.dtype == np.float32
    return outputs.tolist()


@pytest.mark.parametrize(
    ("changes", "bright", "expected"),
    [
        # The unshifted image has weight 1/2, and so have both of its flips together.
        (SHIFT, (1, 1), 50),
        (FLIP, (1, 1), 100),
        (BOTH, (1, 1), 50),
        # Up-left brings the last pixel to the center, down-right the first; no other comes there.
        (SHIFT, (2, 2), 25),
        (SHIFT, (0, 0), 25),
        (SHIFT, (0, 2), 0),
        (SHIFT, (1, 2), 0),
        # A flip leaves the center column alone: it comes after the shift.
        (BOTH, (2, 2), 25),
        (BOTH, (0, 2), 0),
    ],
)
def test_views_at_the_center(changes, bright, expected: float) -> None:
    assert averaged(pixels_shown((1, 1)), one_bright_pixel(*bright), changes) == [[expected]]


@pytest.mark.parametrize(
    ("changes", "bright", "expected"),
    [
        (FLIP, (0, 0), [50, 50]),
        (FLIP, (0, 2), [50, 50]),
        (SHIFT, (0, 0), [50, 0]),
        # What a shift leaves empty mirrors the pixels beside the edge, so the center is there.
        (SHIFT, (1, 1), [50, 50]),
        (BOTH, (1, 1), [50, 50]),
        (BOTH, (0, 0), [25, 25]),
    ],
)
def test_views_at_the_corners(changes, bright, expected: list[float]) -> None:
    model = pixels_shown((0, 0), (0, 2))
    assert averaged(model, one_bright_pixel(*bright), changes) == [expected]


def test_longer_shifts() -> None:
    model, far = pixels_shown((2, 2), size=5), FlipsAndShifts(shift=2)
    assert averaged(model, one_bright_pixel(4, 4, size=5), far) == [[25]]
    assert averaged(model, one_bright_pixel(3, 3, size=5), far) == [[0]]


def test_the_outputs_of_the_model_are_averaged() -> None:
    model = pixels_shown((0, 0), (0, 2), activation="softmax")
    image = one_bright_pixel(0, 0) // 50
    as_it_is = np.exp(2) / (np.exp(2) + 1)
    mean_of_probabilities = 0.5 * as_it_is + 0.5 * (1 - as_it_is)
    assert averaged(model, image, FLIP)[0] == pytest.approx([mean_of_probabilities] * 2)
    shifted = 0.5 * as_it_is + 0.5 * 0.5  # both corners are dark in the two others
    assert averaged(model, image, SHIFT)[0] == pytest.approx([shifted, 1 - shifted])


def test_several_batches_of_images(recorder) -> None:
    images = np.random.default_rng(0).integers(0, 256, (1203, 3, 3, 1), np.uint8)
    model = pixels_shown((0, 0), (1, 1))
    whole = predict_augmented(model, unlabeled(images), BOTH, recorder)
    started, *advances, finished = recorder.events
    assert started == TaskStarted("Scoring with test-time augmentation", 1203, "images")
    assert advances == [TaskAdvanced(500), TaskAdvanced(500), TaskAdvanced(203)]
    assert finished == TaskFinished()
    for index in (0, 499, 500, 1202):
        alone = predict_augmented(model, unlabeled(images[index : index + 1]), BOTH, Progress())
        np.testing.assert_allclose(whole[index], alone[0], atol=1e-4)
    mirrored = predict_images(model, unlabeled(images[:, :, ::-1]), Progress())
    flips = (predict_images(model, unlabeled(images), Progress()) + mirrored) / 2
    np.testing.assert_allclose(
        predict_augmented(model, unlabeled(images), FLIP, Progress()), flips, atol=1e-4
    )


def test_holds_a_batch_in_memory_and_not_the_dataset() -> None:
    images = np.zeros((10_000, 16, 16, 1), np.uint8)
    model = pixels_shown((0, 0), size=16)
    predict_augmented(model, unlabeled(images[:1]), BOTH, Progress())
    tracemalloc.start()
    predict_augmented(model, unlabeled(images), BOTH, Progress())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < images.nbytes / 2


def test_refuses_predictions_that_are_not_finite() -> None:
    model = pixels_shown((0, 0))
    model.set_weights([weights * np.nan for weights in model.get_weights()])
    with pytest.raises(TrainingError, match="not finite"):
        predict_augmented(model, unlabeled(one_bright_pixel(0, 0)), FLIP, Progress())
