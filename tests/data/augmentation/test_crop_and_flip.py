from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kcnn.data.augmentation import augmenter_of
from kcnn.data.augmentation.crop_and_flip import flip
from kcnn.recipe.augmentations import AlternatingFlip, RandomCrop, RandomFlip


@pytest.mark.parametrize("fill_mode", ["constant", "reflect"])
def test_crops_cut_the_padded_image(augment, pictures, fill_mode):
    result = augment(RandomCrop(padding=3, fill_mode=fill_mode), pictures)
    _, height, width, _ = pictures.shape
    margins = ((0, 0), (3, 3), (3, 3), (0, 0))
    padded = np.pad(pictures, margins, mode=fill_mode)
    places = np.floor(result.draws * 7).astype(int)
    expected = [
        image[top : top + height, left : left + width]
        for image, (top, left) in zip(padded, places, strict=True)
    ]
    assert result.images.dtype == np.uint8
    np.testing.assert_array_equal(result.images, expected)
    assert set(places.ravel()) == set(range(7))


def test_reflection_may_reach_beyond_the_opposite_edge(augment):
    column = np.arange(4, dtype=np.uint8).reshape(1, 4, 1, 1)
    pictures = np.repeat(column, 40, axis=0)
    result = augment(RandomCrop(padding=9, fill_mode="reflect"), pictures)
    padded = np.pad(pictures, ((0, 0), (9, 9), (0, 0), (0, 0)), mode="reflect")
    places = np.floor(result.draws[:, 0] * 19).astype(int)
    expected = [image[top : top + 4] for image, top in zip(padded, places, strict=True)]
    np.testing.assert_array_equal(result.images, expected)


@pytest.mark.parametrize(
    ("mode", "axes"),
    [("vertical", [0]), ("horizontal", [1]), ("horizontal_and_vertical", [0, 1])],
)
def test_flips_mirror_where_the_draw_says_so(augment, pictures, mode, axes):
    result = augment(RandomFlip(mode=mode), pictures)
    for image, changed, draws in zip(pictures, result.images, result.draws, strict=True):
        chosen = [axis for axis, draw in zip(axes, draws, strict=True) if draw < 0.5]
        np.testing.assert_array_equal(changed, np.flip(image, chosen))


def test_about_half_the_images_are_flipped(augment):
    pictures = np.broadcast_to(np.arange(2, dtype=np.uint8)[:, np.newaxis], (4000, 1, 2, 1))
    flipped = augment(RandomFlip(), pictures).images[:, 0, 0, 0].mean()
    assert 0.47 < flipped < 0.53


def test_alternating_flips_mirror_left_and_right_where_the_coin_says_so(augment, pictures):
    result = augment(AlternatingFlip(), pictures)
    assert set(result.draws.ravel()) == {0, 1}
    for image, changed, (coin,) in zip(pictures, result.images, result.draws, strict=True):
        np.testing.assert_array_equal(changed, image[:, ::-1] if coin else image)


def test_half_the_images_begin_mirrored_and_every_other_epoch_turns_all(augment):
    augmenter = augmenter_of(AlternatingFlip())
    coins = augmenter.draw(4000, tf.constant([3, 0]))
    epochs = [augmenter.of_epoch(coins, tf.constant(epoch)).numpy() for epoch in range(4)]
    assert 0.47 < epochs[0].mean() < 0.53
    np.testing.assert_array_equal(epochs[0], coins)
    np.testing.assert_array_equal(epochs[1], 1 - epochs[0])
    np.testing.assert_array_equal(epochs[2:], epochs[:2])


def test_flip_of_none_changes_nothing(pictures):
    chosen = np.zeros(len(pictures), bool)
    np.testing.assert_array_equal(flip(pictures, chosen, axis=2), pictures)
