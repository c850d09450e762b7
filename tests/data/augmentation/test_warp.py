from __future__ import annotations

import keras
import numpy as np
import pytest

from kcnn.recipe.augmentations import RandomRotation, RandomTranslation, RandomZoom

MODES = [
    {"fill_mode": fill_mode, "interpolation": interpolation}
    for fill_mode in ("constant", "reflect", "wrap", "nearest")
    for interpolation in ("bilinear", "nearest")
]


def by_keras(layer: keras.layers.Layer, images: np.ndarray) -> np.ndarray:
    return np.asarray(layer(images.astype(np.float32), training=True))


@pytest.mark.parametrize("modes", MODES, ids=str)
@pytest.mark.parametrize("factor", [-0.06, 0.11])
def test_rotation_equals_keras(augment, images, factor, modes):
    expected = by_keras(keras.layers.RandomRotation([factor, factor], **modes), images)
    result = augment(RandomRotation(factor=[factor, factor], **modes), images)
    np.testing.assert_allclose(result.images, expected, atol=0.05)


@pytest.mark.parametrize("modes", MODES, ids=str)
def test_translation_equals_keras(augment, images, modes):
    down, right = [0.21, 0.21], [-0.34, -0.34]
    expected = by_keras(keras.layers.RandomTranslation(down, right, **modes), images)
    result = augment(RandomTranslation(height_factor=down, width_factor=right, **modes), images)
    np.testing.assert_allclose(result.images, expected, atol=0.05)


@pytest.mark.parametrize("modes", MODES, ids=str)
@pytest.mark.parametrize("width_factor", [None, [0.3, 0.3]])
def test_zoom_equals_keras(augment, images, width_factor, modes):
    expected = by_keras(keras.layers.RandomZoom([-0.4, -0.4], width_factor, **modes), images)
    settings = RandomZoom(height_factor=[-0.4, -0.4], width_factor=width_factor, **modes)
    np.testing.assert_allclose(augment(settings, images).images, expected, atol=0.05)


def test_quarter_turn_is_counter_clockwise(augment):
    images = np.random.default_rng(1).integers(0, 256, (40, 5, 5, 1), np.uint8)
    result = augment(RandomRotation(factor=[0.25, 0.25]), images)
    np.testing.assert_allclose(result.images, np.rot90(images, axes=(1, 2)), atol=1e-3)


def test_translation_by_whole_pixels_moves_down_and_right_and_leaves_black(augment, images):
    _, height, width, _ = images.shape
    settings = RandomTranslation(
        height_factor=[2 / height, 2 / height],
        width_factor=[1 / width, 1 / width],
        fill_mode="constant",
    )
    expected = np.zeros_like(images)
    expected[:, 2:, 1:] = images[:, :-2, :-1]
    np.testing.assert_allclose(augment(settings, images).images, expected, atol=1e-3)


@pytest.mark.parametrize(
    "settings",
    [
        RandomRotation(factor=0.0),
        RandomTranslation(height_factor=0.0, width_factor=0.0),
        RandomZoom(height_factor=0.0),
    ],
)
def test_factor_of_zero_changes_nothing(augment, images, settings):
    result = augment(settings, images)
    np.testing.assert_array_equal(result.images, images)
    assert result.images.dtype == np.float32


def test_nearest_interpolation_keeps_whole_values(augment, images):
    result = augment(RandomRotation(factor=0.3, interpolation="nearest"), images)
    assert result.images.dtype == np.uint8


def test_one_zoom_factor_keeps_proportions_and_two_do_not(augment):
    ramp = np.add.outer(np.arange(9.0), np.arange(9.0)).astype(np.float32)
    images = np.broadcast_to(ramp[:, :, None], (40, 9, 9, 1))
    same = augment(RandomZoom(height_factor=[-0.5, -0.1]), images).images
    np.testing.assert_allclose(same, np.swapaxes(same, 1, 2), atol=1e-4)
    settings = RandomZoom(height_factor=[-0.5, -0.1], width_factor=[-0.5, -0.1])
    different = augment(settings, images).images
    assert np.abs(different - np.swapaxes(different, 1, 2)).max() > 0.1
