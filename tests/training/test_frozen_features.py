"""Features of frozen layers: where they end, and that training on them is the same."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kcnn.data.dataset import MemoryImages
from kcnn.machine import memory
from kcnn.model.plan import Plan, plan_model
from kcnn.progress import Progress
from kcnn.recipe import read_recipe
from kcnn.recipe.layers import Conv2D
from kcnn.training.frozen_features import (
    compute_features,
    fit_into_memory,
    last_frozen,
    model_of_features,
)

FROZEN = "train.learning_rate_multipliers={'conv2d/*': 0}"
PLAIN = ("data.augment=[]", FROZEN)


@pytest.fixture
def planned(tiny, monkeypatch: pytest.MonkeyPatch):
    """Plan the tiny recipe with a Conv2D that passes for an Application."""
    monkeypatch.setattr(Conv2D, "is_application", True)

    def plan(*overrides: str) -> Plan:
        return plan_model(read_recipe(tiny, overrides), (8, 8, 1), 10)

    return plan


def test_features_end_before_what_is_trained_or_differs_in_training(planned) -> None:
    node = last_frozen(planned(*PLAIN))
    assert node is not None
    assert node.name == "conv2d"  # batch normalization follows
    before = "model.layers=[{Conv2D: {filters: 2, kernel_size: 3}}, ReLU, Flatten,"
    layers = before + "%s {Dense: {units: 10}}]"
    for more, name in (("", "flatten"), ("{Dropout: {rate: 0.1}},", "flatten")):
        node = last_frozen(planned(*PLAIN, layers % more))
        assert node is not None
        assert node.name == name
    branch = (
        "model.layers=[{Conv2D: {filters: 1, kernel_size: 1, name: conv2d}}, ReLU, "
        "{Add: {inputs: [conv2d, re_lu]}}, {BatchNormalization: {name: b}}, "
        "{Add: {inputs: [b, conv2d]}}, Flatten, {Dense: {units: 10}}]"
    )
    node = last_frozen(planned(*PLAIN, branch.replace("ReLU", "{ReLU: {name: re_lu}}")))
    assert node is not None
    assert node.name == "conv2d"  # read again behind batch normalization


@pytest.mark.parametrize(
    "overrides",
    [(FROZEN,), ("data.augment=[]",), (*PLAIN, "train.watch_first=5")],
    ids=["augmentation", "trained", "watched images"],
)
def test_no_features_of_what_changes(planned, overrides: tuple[str, ...]) -> None:
    assert last_frozen(planned(*overrides)) is None


def test_no_features_without_an_application(planned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conv2D, "is_application", False)
    assert last_frozen(planned(*PLAIN)) is None


def test_features_must_fit_into_a_quarter_of_the_free_memory(
    planned, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(*PLAIN)
    node = last_frozen(plan)
    assert node is not None
    size = 4 * 6 * 6 * 4
    monkeypatch.setattr(memory, "free_memory", lambda: 4 * 10 * size)
    assert fit_into_memory(plan, node, 10)
    assert not fit_into_memory(plan, node, 11)


def test_a_model_of_features_predicts_the_same_and_lists_the_same_weights(planned) -> None:
    from kcnn.model.build import build_model

    plan = planned(*PLAIN)
    node = last_frozen(plan)
    assert node is not None
    model = build_model(plan)
    pixels = np.random.default_rng(0).integers(0, 256, (7, 8, 8, 1)).astype(np.uint8)
    labels = np.arange(7, dtype=np.int32)
    features = compute_features(model, node, MemoryImages(pixels, labels), 3, Progress())
    assert features.shape == (6, 6, 4)
    assert features.dtype == "float32"
    assert len(features) == 7
    short = model_of_features(model, node)
    short.compile(keras.optimizers.Adam())
    some = np.array([4, 0])
    np.testing.assert_allclose(
        short(features.read(some), training=False), model(pixels[some], training=False), rtol=1e-5
    )
    for kind in ("weights", "trainable_variables", "non_trainable_variables"):
        assert [id(v) for v in getattr(short, kind)] == [id(v) for v in getattr(model, kind)]
