from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from kcnn.data.convert import convert_images
from kcnn.data.dataset import Images, MemoryImages


@pytest.fixture(params=[1, 3])
def part(request) -> Images:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (3, 6, 4, request.param)).astype(np.uint8)
    return MemoryImages(images, np.arange(3, dtype=np.int32))


def test_returns_the_same_images_if_nothing_changes(part) -> None:
    assert convert_images(part, None, None) is part
    assert convert_images(part, (6, 4), part.shape[2]) is part


@pytest.mark.parametrize("channels", [1, 3, None])
@pytest.mark.parametrize("image_size", [(12, 5), (3, 4), None])
def test_converts_size_and_channels_and_keeps_labels(part, image_size, channels) -> None:
    converted = convert_images(part, image_size, channels)
    size, depth = image_size or (6, 4), channels or part.shape[2]
    assert converted.shape == (*size, depth)
    assert converted.read_all().shape == (3, *size, depth)
    assert converted.read_all().dtype == np.uint8
    assert converted.labels is part.labels


def test_colors_equal_pillow() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 6, 4, 3)).astype(np.uint8)
    gray = convert_images(MemoryImages(pixels, np.zeros(2, np.int32)), None, 1)
    expected = np.asarray(Image.fromarray(pixels[1]).convert("L"))
    assert (gray.read_all()[1, ..., 0] == expected).all()
    color = convert_images(gray, None, 3)
    assert (color.read_all() == gray.read_all()).all()


def test_converts_what_is_read(part) -> None:
    converted = convert_images(part, (5, 7), None)
    np.testing.assert_array_equal(converted.read(np.array([2, 0])), converted.read_all()[[2, 0]])


def test_hash_is_of_the_images_and_the_new_shape(part) -> None:
    digests = [convert_images(part, size, None).digest() for size in ((5, 7), (5, 7), (7, 5))]
    assert digests[0] == digests[1] != digests[2]
    other = MemoryImages(part.pixels ^ 1, part.labels)
    assert convert_images(other, (5, 7), None).digest() != digests[0]
    assert digests[0].startswith("converted:")
