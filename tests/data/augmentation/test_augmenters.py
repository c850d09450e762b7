"""Tests of every augmentation that a recipe can name."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kcnn.data.augmentation import AUGMENTERS, build_augmenter
from kcnn.recipe.augmentations import (
    AUGMENTATIONS,
    Cutout,
    RandomBrightness,
    RandomContrast,
    RandomCrop,
    RandomRotation,
    RandomTranslation,
    RandomZoom,
)

REQUIRED = {
    RandomCrop: {"padding": 2},
    RandomRotation: {"factor": 0.1},
    RandomTranslation: {"height_factor": 0.1, "width_factor": 0.2},
    RandomZoom: {"height_factor": 0.1},
    RandomBrightness: {"factor": 0.1},
    RandomContrast: {"factor": 0.1},
    Cutout: {"size": 4},
}
ALL = [kind(**REQUIRED.get(kind, {})) for kind in AUGMENTATIONS.values()]
EACH = pytest.mark.parametrize("settings", ALL, ids=lambda settings: type(settings).__name__)


def test_every_augmentation_of_a_recipe_has_an_augmenter():
    assert list(AUGMENTERS) == list(AUGMENTATIONS.values())


@EACH
def test_repeats_exactly_with_the_same_seed_only(augment, images, settings):
    first, again, other = (augment(settings, images, seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first.images, again.images)
    np.testing.assert_array_equal(first.targets, again.targets)
    assert not np.array_equal(first.images, other.images)


@EACH
def test_keeps_shape_and_value_range(augment, images, settings):
    result = augment(settings, images)
    assert result.images.shape == images.shape
    assert result.images.dtype in (np.uint8, np.float32)
    assert result.images.min() >= 0
    assert result.images.max() <= 255.001


@EACH
def test_changes_targets_only_if_it_mixes_labels(augment, images, targets, settings):
    result = augment(settings, images)
    assert np.array_equal(result.targets, targets) != settings.mixes_labels
    np.testing.assert_allclose(result.targets.sum(axis=1), 1, atol=1e-6)


@EACH
def test_works_in_a_graph_with_an_unknown_batch_size(images, targets, settings):
    augmenter = build_augmenter(settings)
    specs = [
        tf.TensorSpec([None, *images.shape[1:]], tf.uint8),
        tf.TensorSpec([None, targets.shape[1]], tf.float32),
        tf.TensorSpec([None, None], tf.float32),
    ]
    draws = augmenter.draw(len(images), tf.constant([2, 0]))
    changed, mixed = tf.function(augmenter.apply, input_signature=specs)(images, targets, draws)
    eager, eagerly_mixed = augmenter.apply(tf.constant(images), tf.constant(targets), draws)
    np.testing.assert_allclose(changed, eager, atol=0.05)
    np.testing.assert_allclose(mixed, eagerly_mixed, atol=1e-6)
