from __future__ import annotations

import numpy as np

from kcnn.data.dataset import Images, MemoryImages


def images_of(labels: np.ndarray) -> Images:
    return MemoryImages(np.zeros((len(labels), 1, 1, 1), np.uint8), labels)


class TestByTurns:
    def test_takes_each_class_once_before_any_twice(self) -> None:
        images = images_of(np.array([0, 0, 1, 0, 2, 1]))
        assert images.by_turns(4).tolist() == [0, 2, 4, 1]
        assert images.by_turns(9).tolist() == [0, 2, 4, 1, 5, 3]

    def test_takes_images_in_the_given_order(self) -> None:
        images = images_of(np.array([0, 0, 1, 0, 2, 1]))
        assert images.by_turns(4, np.arange(6)[::-1]).tolist() == [5, 4, 3, 2]

    def test_continues_when_a_class_has_no_more_images(self) -> None:
        images = images_of(np.array([0] * 50 + [1]))
        assert sorted(images.labels[images.by_turns(10)]) == [0] * 9 + [1]


def test_hash_depends_on_pixels_labels_and_shapes() -> None:
    pixels, labels = np.arange(32, dtype=np.uint8), np.array([0, 1], np.int32)
    wide, high = pixels.reshape(2, 2, 8, 1), pixels.reshape(2, 8, 2, 1)
    all_different = [
        MemoryImages(wide, labels),
        MemoryImages(high, labels),
        MemoryImages(wide, labels[::-1]),
        MemoryImages(wide[::-1], labels),
    ]
    assert len({images.digest() for images in all_different}) == 4
    assert MemoryImages(wide.copy(), labels).digest() == MemoryImages(wide, labels).digest()
