from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kcnn.data.augmentation import build_augmenter
from kcnn.data.augmentation.crop_and_flip import flip
from kcnn.recipe.augmentations import AlternatingFlip, RandomCrop, RandomFlip


@pytest.mark.parametrize("fill_mode", ["constant", "reflect"])
def test_crop_equals_a_slice_of_the_padded_image(augment, images, fill_mode):
    result = augment(RandomCrop(padding=3, fill_mode=fill_mode), images)
    _, height, width, _ = images.shape
    margins = ((0, 0), (3, 3), (3, 3), (0, 0))
    padded = np.pad(images, margins, mode=fill_mode)
    positions = np.floor(result.draws * 7).astype(int)
    expected = [
        image[top : top + height, left : left + width]
        for image, (top, left) in zip(padded, positions, strict=True)
    ]
    assert result.images.dtype == np.uint8
    np.testing.assert_array_equal(result.images, expected)
    assert set(positions.ravel()) == set(range(7))


def test_reflection_can_reach_beyond_the_opposite_edge(augment):
    column = np.arange(4, dtype=np.uint8).reshape(1, 4, 1, 1)
    images = np.repeat(column, 40, axis=0)
    result = augment(RandomCrop(padding=9, fill_mode="reflect"), images)
    padded = np.pad(images, ((0, 0), (9, 9), (0, 0), (0, 0)), mode="reflect")
    positions = np.floor(result.draws[:, 0] * 19).astype(int)
    expected = [image[top : top + 4] for image, top in zip(padded, positions, strict=True)]
    np.testing.assert_array_equal(result.images, expected)


@pytest.mark.parametrize(
    ("mode", "axes"),
    [("vertical", [0]), ("horizontal", [1]), ("horizontal_and_vertical", [0, 1])],
)
def test_flips_images_with_draws_below_one_half(augment, images, mode, axes):
    result = augment(RandomFlip(mode=mode), images)
    for image, changed, draws in zip(images, result.images, result.draws, strict=True):
        chosen = [axis for axis, draw in zip(axes, draws, strict=True) if draw < 0.5]
        np.testing.assert_array_equal(changed, np.flip(image, chosen))


def test_flips_about_half_of_the_images(augment):
    images = np.broadcast_to(np.arange(2, dtype=np.uint8)[:, np.newaxis], (4000, 1, 2, 1))
    flipped = augment(RandomFlip(), images).images[:, 0, 0, 0].mean()
    assert 0.47 < flipped < 0.53


def test_alternating_flip_flips_images_with_a_bit_of_1(augment, images):
    result = augment(AlternatingFlip(), images)
    assert set(result.draws.ravel()) == {0, 1}
    for image, changed, (bit,) in zip(images, result.images, result.draws, strict=True):
        np.testing.assert_array_equal(changed, image[:, ::-1] if bit else image)


def test_alternating_flip_flips_half_of_the_images_first_and_then_alternates(augment):
    augmenter = build_augmenter(AlternatingFlip())
    bits = augmenter.draw(4000, tf.constant([3, 0]))
    epochs = [augmenter.of_epoch(bits, tf.constant(epoch)).numpy() for epoch in range(4)]
    assert 0.47 < epochs[0].mean() < 0.53
    np.testing.assert_array_equal(epochs[0], bits)
    np.testing.assert_array_equal(epochs[1], 1 - epochs[0])
    np.testing.assert_array_equal(epochs[2:], epochs[:2])


def test_flip_of_no_images_changes_nothing(images):
    chosen = np.zeros(len(images), bool)
    np.testing.assert_array_equal(flip(images, chosen, axis=2), images)
