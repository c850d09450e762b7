from __future__ import annotations

import numpy as np
import pytest

from kcnn.recipe.augmentations import Cutout


@pytest.mark.parametrize("size", [1, 3, 4, 30])
def test_blackens_a_square_around_the_drawn_pixel(augment, images, size):
    result = augment(Cutout(size=size), images)
    _, height, width, _ = images.shape
    expected = images.copy()
    for image, (vertical, horizontal) in zip(expected, result.draws, strict=True):
        top = int(vertical * height) - size // 2
        left = int(horizontal * width) - size // 2
        image[max(top, 0) : max(top + size, 0), max(left, 0) : max(left + size, 0)] = 0
    assert result.images.dtype == np.uint8
    np.testing.assert_array_equal(result.images, expected)


def test_keeps_float_pixels(augment, images):
    images = images + np.float32(0.25)
    changed = augment(Cutout(size=3), images).images
    kept = changed > 0
    assert 0 < kept.mean() < 1
    np.testing.assert_array_equal(changed[kept], images[kept])
