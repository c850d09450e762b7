from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from kcnn.data import convert as module
from kcnn.data.convert import convert_images
from kcnn.data.dataset import Images
from kcnn.errors import DataError


@pytest.fixture(params=[1, 3])
def part(request) -> Images:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (3, 6, 4, request.param)).astype(np.uint8)
    return Images(images, np.arange(3, dtype=np.int32))


def test_returns_the_same_images_if_nothing_changes(part) -> None:
    assert convert_images(part, None, None) is part
    assert convert_images(part, (6, 4), part.images.shape[3]) is part


@pytest.mark.parametrize("channels", [1, 3, None])
@pytest.mark.parametrize("image_size", [(12, 5), (3, 4), None])
def test_converts_size_and_channels_and_keeps_labels(part, image_size, channels) -> None:
    converted = convert_images(part, image_size, channels)
    size, depth = image_size or (6, 4), channels or part.images.shape[3]
    assert converted.images.shape == (3, *size, depth)
    assert converted.images.dtype == np.uint8
    assert converted.labels is part.labels


def test_refuses_more_than_the_free_memory(part, monkeypatch) -> None:
    monkeypatch.setattr(module, "free_memory", lambda: 10**9)
    message = r"images of 40960×40960×3 are \d+ GB, and 1 GB of memory are free"
    with pytest.raises(DataError, match=message):
        convert_images(part, (40960, 40960), 3)


def test_colors_equal_pillow() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 6, 4, 3)).astype(np.uint8)
    gray = convert_images(Images(pixels, np.zeros(2, np.int32)), None, 1)
    expected = np.asarray(Image.fromarray(pixels[1]).convert("L"))
    assert (gray.images[1, ..., 0] == expected).all()
    color = convert_images(gray, None, 3)
    assert (color.images == gray.images).all()
