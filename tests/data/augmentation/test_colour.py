from __future__ import annotations

import keras
import numpy as np
import pytest

from kcnn.recipe.augmentations import RandomBrightness, RandomContrast


def test_brightness_adds_a_share_of_255_and_clips(augment, pictures):
    result = augment(RandomBrightness(factor=0.5), pictures)
    added = 255 * (result.draws - 0.5)[:, :, None, None]
    np.testing.assert_allclose(result.images, np.clip(pictures + added, 0, 255), atol=1e-3)
    assert result.images.min() == 0
    assert result.images.max() == 255


@pytest.mark.parametrize("factor", [-0.4, 0.3])
def test_brightness_is_kerass(augment, pictures, factor):
    layer = keras.layers.RandomBrightness([factor, factor])
    result = augment(RandomBrightness(factor=[factor, factor]), pictures)
    np.testing.assert_allclose(
        result.images, layer(pictures.astype(np.float32), training=True), atol=1e-3
    )


@pytest.mark.parametrize("factor", [-0.6, 0.9])
def test_contrast_stretches_around_each_channels_mean(augment, pictures, factor):
    result = augment(RandomContrast(factor=[factor, factor]), pictures)
    mean = pictures.mean(axis=(1, 2), keepdims=True)
    expected = np.clip((pictures - mean) * (1 + factor) + mean, 0, 255)
    np.testing.assert_allclose(result.images, expected, atol=1e-3)


@pytest.mark.parametrize("settings", [RandomBrightness(factor=0.0), RandomContrast(factor=0.0)])
def test_a_factor_of_zero_changes_nothing(augment, pictures, settings):
    np.testing.assert_array_equal(augment(settings, pictures).images, pictures)


def test_images_of_a_batch_get_shares_of_their_own(augment, pictures):
    shares = augment(RandomContrast(factor=0.5), pictures).draws
    assert len(np.unique(shares)) == len(pictures)
