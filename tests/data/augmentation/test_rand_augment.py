from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageEnhance, ImageOps

from kcnn.data.augmentation import rand_augment
from kcnn.data.augmentation.rand_augment import OPERATIONS
from kcnn.recipe.augmentations import RandAugment


@pytest.fixture
def photos() -> np.ndarray:
    rng = np.random.default_rng(5)
    waves = np.sin(np.add.outer(np.arange(20) / 3, np.arange(24) / 5)) * 60 + 120
    noise = rng.normal(0, 9, (6, 20, 24, 3)) + rng.uniform(-50, 50, (6, 1, 1, 3))
    return np.clip(waves[None, :, :, None] + noise, 0, 255).astype(np.uint8)


def run(name: str, photos: np.ndarray, amount: float) -> np.ndarray:
    operation = getattr(rand_augment, name)
    amounts = tf.fill([len(photos)], np.float32(amount))
    return operation(tf.constant(photos, tf.float32), amounts).numpy()


def by_pillow(change, photos: np.ndarray) -> np.ndarray:
    return np.stack([np.asarray(change(Image.fromarray(photo))) for photo in photos])


PILLOW_ROUNDING = 1.6  # to whole numbers, once in the blended image and once in the result

PILLOW = {
    "auto_contrast": (0.5, ImageOps.autocontrast),
    "equalize": (0.5, ImageOps.equalize),
    "brightness": (0.5, lambda image: ImageEnhance.Brightness(image).enhance(1.45)),
    "color": (-0.5, lambda image: ImageEnhance.Color(image).enhance(0.55)),
    "posterize": (0.5, lambda image: ImageOps.posterize(image, 6)),
    "solarize": (0.25, lambda image: ImageOps.solarize(image, 192)),
    "translate_x": (
        0.5,
        lambda image: image.transform(
            image.size,
            Image.Transform.AFFINE,
            (1, 0, -0.5 * 150 / 331 * image.width, 0, 1, 0),
            Image.Resampling.BILINEAR,
        ),
    ),
}


@pytest.mark.parametrize("name", PILLOW)
def test_operations_equal_pillow(photos, name):
    amount, change = PILLOW[name]
    ours, pillows = run(name, photos, amount), by_pillow(change, photos)
    if name == "translate_x":  # the two treat the pixel at the border differently
        ours, pillows = ours[:, :, 7:], pillows[:, :, 7:]
    np.testing.assert_allclose(ours, pillows, atol=PILLOW_ROUNDING)


def test_sharpness_equals_pillow_inside_the_border(photos):
    ours = run("sharpness", photos, 0.5)
    pillows = by_pillow(lambda image: ImageEnhance.Sharpness(image).enhance(1.45), photos)
    np.testing.assert_allclose(ours[:, 1:-1, 1:-1], pillows[:, 1:-1, 1:-1], atol=PILLOW_ROUNDING)


def test_sign_of_the_amount_makes_a_difference(photos):
    for name in ("rotate", "shear_x", "shear_y", "translate_x", "translate_y", "brightness"):
        assert np.abs(run(name, photos, 0.5) - run(name, photos, -0.5)).mean() > 1


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__)
@pytest.mark.parametrize("amount", [-1.0, 0.3, 1.0])
def test_operations_stay_in_the_value_range(images, operation, amount):
    changed = operation(tf.constant(images, tf.float32), tf.fill([len(images)], amount))
    assert changed.shape == images.shape
    assert changed.numpy().min() >= 0
    assert changed.numpy().max() <= 255.001


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__)
def test_operations_accept_an_empty_batch(operation):
    assert operation(tf.zeros([0, 5, 4, 3]), tf.zeros([0])).shape == (0, 5, 4, 3)


def test_image_of_a_single_value_is_unchanged():
    flat = np.full((1, 4, 4, 3), 77, np.uint8)
    for name in ("auto_contrast", "equalize"):
        np.testing.assert_array_equal(run(name, flat, 1.0), flat)


def test_applies_the_operations_that_each_image_drew(augment, images):
    result = augment(RandAugment(num_ops=2, factor=0.6), images)
    for index, draws in enumerate(result.draws):
        image = tf.constant(images[index : index + 1], tf.float32)
        for kind, sign in draws.reshape(2, 2):
            operation = OPERATIONS[int(kind * len(OPERATIONS))]
            image = operation(image, tf.constant([-0.6 if sign < 0.5 else 0.6]))
        np.testing.assert_allclose(result.images[index], image[0], atol=0.01)


def test_draws_all_operations_about_equally_often():
    draws = rand_augment.rand_augment(RandAugment(num_ops=1)).draw(14_000, tf.constant([1, 0]))
    counts = np.bincount((draws.numpy()[:, 0] * 14).astype(int), minlength=14)
    assert len(counts) == 14
    assert 880 < counts.min() <= counts.max() < 1120
