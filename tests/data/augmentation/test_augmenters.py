"""What holds for every augmentation a recipe may name."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kcnn.data.augmentation import AUGMENTERS, augmenter_of
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

NEEDED = {
    RandomCrop: {"padding": 2},
    RandomRotation: {"factor": 0.1},
    RandomTranslation: {"height_factor": 0.1, "width_factor": 0.2},
    RandomZoom: {"height_factor": 0.1},
    RandomBrightness: {"factor": 0.1},
    RandomContrast: {"factor": 0.1},
    Cutout: {"size": 4},
}
EVERY = [kind(**NEEDED.get(kind, {})) for kind in AUGMENTATIONS.values()]
BY_NAME = pytest.mark.parametrize("settings", EVERY, ids=lambda one: type(one).__name__)


def test_a_recipe_can_name_nothing_that_is_not_here():
    assert list(AUGMENTERS) == list(AUGMENTATIONS.values())


@BY_NAME
def test_repeats_exactly_and_heeds_the_seed(augment, pictures, settings):
    first, again, other = (augment(settings, pictures, seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first.images, again.images)
    np.testing.assert_array_equal(first.targets, again.targets)
    assert not np.array_equal(first.images, other.images)


@BY_NAME
def test_keeps_shape_and_value_range(augment, pictures, settings):
    result = augment(settings, pictures)
    assert result.images.shape == pictures.shape
    assert result.images.dtype in (np.uint8, np.float32)
    assert result.images.min() >= 0
    assert result.images.max() <= 255.001


@BY_NAME
def test_leaves_labels_alone_unless_it_says_that_it_mixes_them(
    augment, pictures, targets, settings
):
    result = augment(settings, pictures)
    assert np.array_equal(result.targets, targets) != settings.mixes_labels
    np.testing.assert_allclose(result.targets.sum(axis=1), 1, atol=1e-6)


@BY_NAME
def test_works_in_a_graph_whose_batch_size_is_unknown(pictures, targets, settings):
    augmenter = augmenter_of(settings)
    specs = [
        tf.TensorSpec([None, *pictures.shape[1:]], tf.uint8),
        tf.TensorSpec([None, targets.shape[1]], tf.float32),
        tf.TensorSpec([None, None], tf.float32),
    ]
    draws = augmenter.draw(len(pictures), tf.constant([2, 0]))
    changed, mixed = tf.function(augmenter.apply, input_signature=specs)(pictures, targets, draws)
    eager, eagerly_mixed = augmenter.apply(tf.constant(pictures), tf.constant(targets), draws)
    np.testing.assert_allclose(changed, eager, atol=0.05)
    np.testing.assert_allclose(mixed, eagerly_mixed, atol=1e-6)
