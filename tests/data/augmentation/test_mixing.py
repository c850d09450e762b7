from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kcnn.data.augmentation import build_augmenter
from kcnn.data.augmentation.mixing import mix_up
from kcnn.recipe.augmentations import CutMix, MixUp


def test_mix_up_blends_with_the_next_image(augment, images, targets):
    result = augment(MixUp(alpha=1.0), images)
    fraction = result.draws[:, 0]
    pixels, others = images.astype(float), np.roll(images, -1, axis=0).astype(float)
    weight = fraction[:, None, None, None]
    np.testing.assert_allclose(result.images, weight * pixels + (1 - weight) * others, atol=1e-3)
    weight = fraction[:, None]
    expected = weight * targets + (1 - weight) * np.roll(targets, -1, axis=0)
    np.testing.assert_allclose(result.targets, expected, atol=1e-6)
    assert result.images.dtype == result.targets.dtype == np.float32


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_fractions_have_the_mean_and_variance_of_the_beta_distribution(alpha):
    fraction = mix_up(MixUp(alpha=alpha)).draw(20_000, tf.constant([3, 0])).numpy()
    assert fraction.mean() == pytest.approx(0.5, abs=0.02)
    assert fraction.var() == pytest.approx(0.25 / (2 * alpha + 1), rel=0.05)


def test_tiny_alpha_draws_finite_fractions():
    fraction = mix_up(MixUp(alpha=1e-4)).draw(20_000, tf.constant([3, 0])).numpy()
    assert np.isfinite(fraction).all()
    assert fraction.min() == 0
    assert fraction.max() == 1


def test_cut_mix_pastes_a_box_and_mixes_labels_by_its_area(augment, images, targets):
    result = augment(CutMix(), images)
    _, height, width, _ = images.shape
    others, other_targets = np.roll(images, -1, axis=0), np.roll(targets, -1, axis=0)
    for index, (fraction, vertical, horizontal) in enumerate(result.draws):
        side = np.sqrt(1 - fraction)
        box_height, box_width = int(side * height), int(side * width)
        top = int(vertical * height) - box_height // 2
        left = int(horizontal * width) - box_width // 2
        inside = np.zeros((height, width), bool)
        inside[max(top, 0) : top + box_height, max(left, 0) : left + box_width] = True
        expected = np.where(inside[..., None], others[index], images[index])
        np.testing.assert_array_equal(result.images[index], expected)
        kept = 1 - inside.mean()
        np.testing.assert_allclose(
            result.targets[index],
            kept * targets[index] + (1 - kept) * other_targets[index],
            atol=1e-6,
        )
    assert result.images.dtype == np.uint8


@pytest.mark.parametrize("settings", [MixUp(), CutMix()])
def test_batch_of_one_image_is_unchanged(settings):
    image = np.full((1, 4, 4, 3), 200, np.uint8)
    target = np.eye(3, dtype=np.float32)[:1]
    augmenter = build_augmenter(settings)
    draws = augmenter.draw(1, tf.constant([3, 0]))
    changed, mixed = augmenter.apply(tf.constant(image), tf.constant(target), draws)
    np.testing.assert_allclose(changed, image, atol=1e-4)
    np.testing.assert_allclose(mixed, target, atol=1e-6)
