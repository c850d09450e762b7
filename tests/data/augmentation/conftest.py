"""Small images, and their augmentation outside of the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import tensorflow as tf

from kcnn.data.augmentation import build_augmenter
from kcnn.recipe.augmentations import Augmentation

Shape = tuple[int, int, int]
CLASSES = 5


@dataclass(frozen=True)
class Augmented:
    """Augmented images and targets, and the draws for them."""

    images: np.ndarray
    targets: np.ndarray
    draws: np.ndarray


Augment = Callable[..., Augmented]


@pytest.fixture(params=[(6, 9, 3), (9, 6, 1)], ids=["rgb", "gray"])
def images(request: pytest.FixtureRequest) -> np.ndarray:
    """Forty images that are not square."""
    return np.random.default_rng(7).integers(0, 256, (40, *request.param), np.uint8)


@pytest.fixture
def targets() -> np.ndarray:
    """One-hot targets of forty images."""
    return np.eye(CLASSES, dtype=np.float32)[np.arange(40) % CLASSES]


@pytest.fixture
def augment(targets: np.ndarray) -> Augment:
    """Augment a batch of images."""

    def apply(settings: Augmentation, images: np.ndarray, seed: int = 0) -> Augmented:
        augmenter = build_augmenter(settings)
        draws = augmenter.draw(len(images), tf.constant([seed, 0], tf.int64))
        changed, mixed = augmenter.apply(tf.constant(images), tf.constant(targets), draws)
        return Augmented(changed.numpy(), mixed.numpy(), draws.numpy())

    return apply
