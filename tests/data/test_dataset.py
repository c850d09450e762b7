from __future__ import annotations

from pathlib import Path

import numpy as np

from kcnn.data import dataset
from kcnn.data.dataset import Dataset, Images, MemoryImages


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


def test_hash_of_a_selection_is_that_of_the_same_images_alone(monkeypatch) -> None:
    monkeypatch.setattr(dataset, "_DIGEST_BATCH", 4)
    pixels, labels = np.arange(20, dtype=np.uint8).reshape(-1, 1, 1, 1), np.arange(20) % 3
    images = MemoryImages(pixels, labels.astype(np.int32))
    chosen = np.random.default_rng(0).permutation(20)[:11]
    alone = MemoryImages(pixels[chosen], images.labels[chosen])
    assert images.select(chosen).digest() == alone.digest()
    again = np.array([7, 2, 2])
    assert images.select(chosen).select(again).digest() == alone.select(again).digest()
    relabeled = MemoryImages(pixels, 2 - images.labels)
    assert relabeled.select(chosen).digest() != alone.digest()


def test_hash_of_a_dataset_is_of_all_its_parts() -> None:
    parts = [images_of(np.full(2, label, np.int32)) for label in range(3)]
    digests = {
        Dataset("own", train, test, ("a", "b", "c"), "own.npz", validation).digest()
        for train, test, validation in [
            (parts[0], parts[1], None),
            (parts[0], parts[2], None),
            (parts[2], parts[1], None),
            (parts[0], parts[1], parts[2]),
        ]
    }
    assert len(digests) == 4


def test_a_selection_knows_its_files_and_groups(tmp_path: Path) -> None:
    images = images_of(np.arange(5, dtype=np.int32))
    for name, value in (("names", "abcde"), ("groups", "vwxyz"), ("root", tmp_path)):
        object.__setattr__(images, name, value)
    chosen = images.select(np.array([4, 1, 3])).select(np.array([2, 0]))
    assert (chosen.names, chosen.groups, chosen.root) == (["d", "e"], ["y", "z"], tmp_path)
    assert chosen.is_in_memory
    assert len(chosen.first(1)) == 1
    assert len(chosen.first(9)) == 2
