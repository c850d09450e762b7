"""Weights of the loss by class."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from kcnn.data.class_weights import UnknownClassError, class_weights, weights_text
from kcnn.errors import DataError

NAMES = ("cat", "dog", "cow")
LABELS = np.repeat(np.arange(3), (2, 10, 6)).astype(np.int32)


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    expected = compute_class_weight("balanced", classes=np.arange(3), y=LABELS)
    np.testing.assert_allclose(class_weights("balanced", LABELS, NAMES), expected, rtol=1e-6)


def test_a_class_without_images_does_not_count() -> None:
    labels = LABELS[LABELS != 1]
    expected = compute_class_weight("balanced", classes=np.array([0, 2]), y=labels)
    weights = class_weights("balanced", labels, NAMES)
    np.testing.assert_allclose(weights[[0, 2]], expected, rtol=1e-6)
    assert weights[1] == 1


def test_classes_that_are_not_named_weigh_1() -> None:
    assert class_weights({"cow": 3, "cat": 0.5}, LABELS, NAMES).tolist() == [0.5, 1, 3]


def test_an_unknown_class_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(UnknownClassError) as caught:
        class_weights({"cat": 1, "dgo": 2}, LABELS, NAMES)
    assert (caught.value.name, caught.value.reason) == ("dgo", "no such class; did you mean dog?")
    assert caught.value.hint == "the classes are cat, dog, cow"
    with pytest.raises(UnknownClassError) as caught:
        class_weights({"z": 1}, LABELS, "abcdefghijkl")
    assert caught.value.hint == "the classes are a, b, c, d, e, f, g, h, i, j and 2 more"


def test_a_training_without_any_weight_is_refused() -> None:
    with pytest.raises(DataError, match="all training images weigh 0"):
        class_weights({"cat": 0}, LABELS[:2], NAMES)


def test_text_names_few_classes_and_the_extremes_of_many() -> None:
    weights = class_weights({"cow": 3, "cat": 0.5}, LABELS, NAMES)
    assert weights_text(weights, NAMES) == "class weights: cow: 3, dog: 1, cat: 0.5"
    names = [f"class {number}" for number in range(12)]
    text = weights_text(np.arange(12, dtype=np.float32), names)
    assert text == "class weights: 11 (class 11) to 0 (class 0)"
