from __future__ import annotations

import numpy as np

from kcnn.data.dataset import Dataset, MemoryImages
from kcnn.figures import suspects

IMAGES = np.arange(60, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 1), np.uint8)
TRAIN = MemoryImages(IMAGES, np.arange(60, dtype=np.int32) % 3)
DATASET = Dataset("pets", TRAIN, TRAIN, ("cat", "dog", "owl"), "made for a test")


def test_draws_label_suggestion_and_position_the_most_doubtful_first() -> None:
    figure = suspects.draw(DATASET, np.array([7, 2]), np.array([0, 1]), "pets/run-001")
    axes = figure.axes[0]
    assert [int(image.get_array()[0, 0]) for image in axes.images] == [7, 2]
    captions = [text.get_text() for text in axes.texts]
    assert captions == ["dog\n→ cat\ntrain 7", "owl\n→ dog\ntrain 2"]
    assert "2 of 2 (label → suggested)" in figure.get_suptitle()


def test_draws_the_first_forty_and_counts_all() -> None:
    index = np.arange(59, -1, -1)
    figure = suspects.draw(DATASET, index, (index + 1) % 3, "pets/run-001")
    shown = [int(image.get_array()[0, 0]) for image in figure.axes[0].images]
    assert shown == list(range(59, 19, -1))
    assert "40 of 60" in figure.get_suptitle()


def test_files_are_named() -> None:
    class NamedImages(MemoryImages):
        names = tuple(f"photos of cats/{number}.jpg" for number in range(60))

    train = NamedImages(IMAGES, TRAIN.labels)
    dataset = Dataset("pets", train, train, DATASET.class_names, "made for a test")
    figure = suspects.draw(dataset, np.array([7]), np.array([0]), "pets/run-001")
    assert figure.axes[0].texts[0].get_text().endswith("\n7.jpg")
    assert "(label → suggested, file)" in figure.get_suptitle()
