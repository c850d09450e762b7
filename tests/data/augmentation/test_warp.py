from __future__ import annotations

import keras
import numpy as np
import pytest

from kcnn.recipe.augmentations import RandomRotation, RandomTranslation, RandomZoom

LOOKS = [
    {"fill_mode": fill_mode, "interpolation": interpolation}
    for fill_mode in ("constant", "reflect", "wrap", "nearest")
    for interpolation in ("bilinear", "nearest")
]


def by_keras(layer: keras.layers.Layer, pictures: np.ndarray) -> np.ndarray:
    return np.asarray(layer(pictures.astype(np.float32), training=True))


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("factor", [-0.06, 0.11])
def test_rotation_is_kerass(augment, pictures, factor, look):
    expected = by_keras(keras.layers.RandomRotation([factor, factor], **look), pictures)
    result = augment(RandomRotation(factor=[factor, factor], **look), pictures)
    np.testing.assert_allclose(result.images, expected, atol=0.05)


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_translation_is_kerass(augment, pictures, look):
    down, right = [0.21, 0.21], [-0.34, -0.34]
    expected = by_keras(keras.layers.RandomTranslation(down, right, **look), pictures)
    result = augment(RandomTranslation(height_factor=down, width_factor=right, **look), pictures)
    np.testing.assert_allclose(result.images, expected, atol=0.05)


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("width_factor", [None, [0.3, 0.3]])
def test_zoom_is_kerass(augment, pictures, width_factor, look):
    expected = by_keras(keras.layers.RandomZoom([-0.4, -0.4], width_factor, **look), pictures)
    settings = RandomZoom(height_factor=[-0.4, -0.4], width_factor=width_factor, **look)
    np.testing.assert_allclose(augment(settings, pictures).images, expected, atol=0.05)


def test_a_quarter_turn_is_counter_clockwise(augment):
    pictures = np.random.default_rng(1).integers(0, 256, (40, 5, 5, 1), np.uint8)
    result = augment(RandomRotation(factor=[0.25, 0.25]), pictures)
    np.testing.assert_allclose(result.images, np.rot90(pictures, axes=(1, 2)), atol=1e-3)


def test_whole_pixels_move_down_and_right_and_leave_black(augment, pictures):
    _, height, width, _ = pictures.shape
    settings = RandomTranslation(
        height_factor=[2 / height, 2 / height],
        width_factor=[1 / width, 1 / width],
        fill_mode="constant",
    )
    expected = np.zeros_like(pictures)
    expected[:, 2:, 1:] = pictures[:, :-2, :-1]
    np.testing.assert_allclose(augment(settings, pictures).images, expected, atol=1e-3)


@pytest.mark.parametrize(
    "settings",
    [
        RandomRotation(factor=0.0),
        RandomTranslation(height_factor=0.0, width_factor=0.0),
        RandomZoom(height_factor=0.0),
    ],
)
def test_a_factor_of_zero_changes_nothing(augment, pictures, settings):
    result = augment(settings, pictures)
    np.testing.assert_array_equal(result.images, pictures)
    assert result.images.dtype == np.float32


def test_nearest_interpolation_keeps_whole_values(augment, pictures):
    result = augment(RandomRotation(factor=0.3, interpolation="nearest"), pictures)
    assert result.images.dtype == np.uint8


def test_one_zoom_factor_keeps_proportions_and_two_do_not(augment):
    ramp = np.add.outer(np.arange(9.0), np.arange(9.0)).astype(np.float32)
    pictures = np.broadcast_to(ramp[:, :, None], (40, 9, 9, 1))
    alike = augment(RandomZoom(height_factor=[-0.5, -0.1]), pictures).images
    np.testing.assert_allclose(alike, np.swapaxes(alike, 1, 2), atol=1e-4)
    settings = RandomZoom(height_factor=[-0.5, -0.1], width_factor=[-0.5, -0.1])
    apart = augment(settings, pictures).images
    assert np.abs(apart - np.swapaxes(apart, 1, 2)).max() > 0.1
