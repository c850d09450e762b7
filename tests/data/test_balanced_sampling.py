"""Epochs that show each class equally often, and weights of images by class."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from kcnn.data.dataset import MemoryImages
from kcnn.data.pipeline import training_batches
from kcnn.recipe.augmentations import CutMix, MixUp, RandomCrop

SIZES = (3, 30, 12)  # of the classes 0, 2 and 3; no image shows class 1
LABELS = np.repeat(np.array([0, 2, 3], np.int32), SIZES)
COUNT = len(LABELS)
WEIGHTS = np.array([2, 7, 0.25, 1], np.float32)


@pytest.fixture
def train() -> MemoryImages:
    """Make images that show their index."""
    pixels = np.broadcast_to(
        np.arange(COUNT, dtype=np.uint8)[:, None, None, None], (COUNT, 4, 4, 1)
    )
    return MemoryImages(pixels.copy(), LABELS)


def epochs_of(train: MemoryImages, **settings) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the indices and the labels of each epoch."""
    settings = {"epochs": 4, "seed": 1, "batch_size": 8, "balanced": True, **settings}
    made = [(images.numpy()[:, 0, 0, 0], labels.numpy())
            for images, labels in training_batches(train, **settings)]  # fmt: skip
    steps = -(-COUNT // settings["batch_size"])
    epochs = [made[start : start + steps] for start in range(0, len(made), steps)]
    return [tuple(np.concatenate(parts) for parts in zip(*epoch, strict=True)) for epoch in epochs]


def test_each_class_comes_equally_often_and_each_image_of_it_too(train: MemoryImages) -> None:
    epochs = epochs_of(train)
    for indices, labels in epochs:
        assert len(indices) == COUNT
        np.testing.assert_array_equal(labels, LABELS[indices])
        assert Counter(labels.tolist()) == {0: 15, 2: 15, 3: 15}
        # Chance mixes the classes: they do not come in turns, of which each has all three.
        assert {len(set(turn)) for turn in labels.reshape(-1, 3).tolist()} != {3}
        times = np.bincount(indices, minlength=COUNT)
        assert set(times[:3]) == {5}
        assert set(times[3:33]) == {0, 1}
        assert set(times[33:]) == {1, 2}
    assert not np.array_equal(epochs[0][0], epochs[1][0])
    # Other images of the frequent class in each epoch, so that none is lost.
    assert len(np.unique(np.concatenate([indices for indices, _ in epochs]))) > 40


def test_chance_decides_which_class_comes_once_more(train: MemoryImages) -> None:
    first = MemoryImages(train.pixels[:44], train.labels[:44])
    counts = []
    for epoch in range(12):
        batches = training_batches(
            first, batch_size=44, epochs=epoch + 1, first_epoch=epoch, seed=1, balanced=True
        )
        counts += [np.bincount(labels.numpy())[[0, 2, 3]].tolist() for _, labels in batches]
    assert all(sorted(row) == [14, 15, 15] for row in counts)
    assert {row.index(14) for row in counts} == {0, 1, 2}


def test_order_comes_from_seed_and_epoch_alone(train: MemoryImages) -> None:
    whole = epochs_of(train)
    later = epochs_of(train, first_epoch=2)
    np.testing.assert_array_equal(whole[2][0], later[0][0])
    other_batches = epochs_of(train, batch_size=15)
    np.testing.assert_array_equal(whole[3][0], other_batches[3][0])
    assert not np.array_equal(whole[0][0], epochs_of(train, seed=2)[0][0])


def test_an_image_that_comes_again_is_augmented_anew(train: MemoryImages) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (COUNT, 6, 6, 1), np.uint8)
    settings = {"augmentations": [RandomCrop(padding=3)], "batch_size": COUNT, "epochs": 1}
    made = training_batches(MemoryImages(pixels, LABELS), seed=1, balanced=True, **settings)
    images, labels = next(iter(made))
    rare = images.numpy()[labels.numpy() == 0]
    assert len(rare) == 15
    assert len(np.unique(rare.reshape(15, -1), axis=0)) > 9


@pytest.mark.parametrize("classes", [None, 4])
def test_weights_are_those_of_the_classes(train: MemoryImages, classes: int | None) -> None:
    made = training_batches(
        train, batch_size=8, epochs=1, seed=1, classes=classes, class_weights=WEIGHTS
    )
    for images, _, weights in made:
        labels = LABELS[images.numpy()[:, 0, 0, 0]]
        np.testing.assert_array_equal(weights.numpy(), WEIGHTS[labels])


@pytest.mark.parametrize("mixing", [MixUp(alpha=1.0), CutMix()])
def test_a_mixed_image_weighs_as_its_label_is_mixed(train: MemoryImages, mixing) -> None:
    made = training_batches(
        train, batch_size=8, epochs=1, seed=1, classes=4, class_weights=WEIGHTS,
        augmentations=[mixing],
    )  # fmt: skip
    mixed = 0
    for _, targets, weights in made:
        np.testing.assert_allclose(weights.numpy(), targets.numpy() @ WEIGHTS, rtol=1e-6)
        mixed += int((targets.numpy().max(axis=1) < 1).sum())
    assert mixed > 5
