from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kcnn.data.augmentation import augmenter_of
from kcnn.data.augmentation.mixing import mix_up
from kcnn.recipe.augmentations import CutMix, MixUp


def test_mix_up_blends_with_the_next_image(augment, pictures, targets):
    result = augment(MixUp(alpha=1.0), pictures)
    share = result.draws[:, 0]
    pixels, others = pictures.astype(float), np.roll(pictures, -1, axis=0).astype(float)
    weight = share[:, None, None, None]
    np.testing.assert_allclose(result.images, weight * pixels + (1 - weight) * others, atol=1e-3)
    weight = share[:, None]
    expected = weight * targets + (1 - weight) * np.roll(targets, -1, axis=0)
    np.testing.assert_allclose(result.targets, expected, atol=1e-6)
    assert result.images.dtype == result.targets.dtype == np.float32


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_shares_have_the_beta_distributions_mean_and_variance(alpha):
    share = mix_up(MixUp(alpha=alpha)).draw(20_000, tf.constant([3, 0])).numpy()
    assert share.mean() == pytest.approx(0.5, abs=0.02)
    assert share.var() == pytest.approx(0.25 / (2 * alpha + 1), rel=0.05)


def test_a_tiny_alpha_still_gives_shares():
    share = mix_up(MixUp(alpha=1e-4)).draw(20_000, tf.constant([3, 0])).numpy()
    assert np.isfinite(share).all()
    assert share.min() == 0
    assert share.max() == 1


def test_cut_mix_pastes_a_box_and_shares_the_label_by_its_area(augment, pictures, targets):
    result = augment(CutMix(), pictures)
    _, height, width, _ = pictures.shape
    others, other_targets = np.roll(pictures, -1, axis=0), np.roll(targets, -1, axis=0)
    for number, (share, vertical, horizontal) in enumerate(result.draws):
        side = np.sqrt(1 - share)
        box_height, box_width = int(side * height), int(side * width)
        top = int(vertical * height) - box_height // 2
        left = int(horizontal * width) - box_width // 2
        inside = np.zeros((height, width), bool)
        inside[max(top, 0) : top + box_height, max(left, 0) : left + box_width] = True
        expected = np.where(inside[..., None], others[number], pictures[number])
        np.testing.assert_array_equal(result.images[number], expected)
        kept = 1 - inside.mean()
        np.testing.assert_allclose(
            result.targets[number],
            kept * targets[number] + (1 - kept) * other_targets[number],
            atol=1e-6,
        )
    assert result.images.dtype == np.uint8


@pytest.mark.parametrize("settings", [MixUp(), CutMix()])
def test_one_image_alone_stays_as_it_is(settings):
    image = np.full((1, 4, 4, 3), 200, np.uint8)
    target = np.eye(3, dtype=np.float32)[:1]
    augmenter = augmenter_of(settings)
    draws = augmenter.draw(1, tf.constant([3, 0]))
    changed, mixed = augmenter.apply(tf.constant(image), tf.constant(target), draws)
    np.testing.assert_allclose(changed, image, atol=1e-4)
    np.testing.assert_allclose(mixed, target, atol=1e-6)
