from __future__ import annotations

import keras
import numpy as np
import pytest

from kcnn.recipe.augmentations import RandomBrightness, RandomContrast


def test_brightness_adds_a_fraction_of_255_and_clips(augment, images):
    result = augment(RandomBrightness(factor=0.5), images)
    added = 255 * (result.draws - 0.5)[:, :, None, None]
    np.testing.assert_allclose(result.images, np.clip(images + added, 0, 255), atol=1e-3)
    assert result.images.min() == 0
    assert result.images.max() == 255


@pytest.mark.parametrize("factor", [-0.4, 0.3])
def test_brightness_equals_keras(augment, images, factor):
    layer = keras.layers.RandomBrightness([factor, factor])
    result = augment(RandomBrightness(factor=[factor, factor]), images)
    np.testing.assert_allclose(
        result.images, layer(images.astype(np.float32), training=True), atol=1e-3
    )


@pytest.mark.parametrize("factor", [-0.6, 0.9])
def test_contrast_stretches_around_the_mean_of_each_channel(augment, images, factor):
    result = augment(RandomContrast(factor=[factor, factor]), images)
    mean = images.mean(axis=(1, 2), keepdims=True)
    expected = np.clip((images - mean) * (1 + factor) + mean, 0, 255)
    np.testing.assert_allclose(result.images, expected, atol=1e-3)


@pytest.mark.parametrize("settings", [RandomBrightness(factor=0.0), RandomContrast(factor=0.0)])
def test_factor_of_zero_changes_nothing(augment, images, settings):
    np.testing.assert_array_equal(augment(settings, images).images, images)


def test_images_of_a_batch_have_different_draws(augment, images):
    draws = augment(RandomContrast(factor=0.5), images).draws
    assert len(np.unique(draws)) == len(images)
