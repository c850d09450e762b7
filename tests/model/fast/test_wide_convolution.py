"""A convolution whose kernel's gradient is computed by products has the results of Keras's."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

from kcnn.machine import processor
from kcnn.model.build import build_model
from kcnn.model.dtype_policy import dtype_policy
from kcnn.model.fast import wide_convolution
from kcnn.model.fast.wide_convolution import WideConvolution
from kcnn.model.plan import plan_model
from kcnn.recipe import read_recipe

MAPS = np.random.default_rng(0).normal(size=(6, 4, 5, 3)).astype(np.float32)
WIDE = [
    "data.dataset=cifar10",
    "model.layers=[MaxPooling2D: {pool_size: 4}, Conv2D: {filters: 256, kernel_size: 3},"
    " Conv2D: {filters: 256, kernel_size: 3, padding: same}, Flatten, Dense: {units: 10}]",
]


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    "settings",
    [{"kernel_size": 3}, {"kernel_size": (2, 4), "use_bias": False, "activation": "tanh"}],
    ids=str,
)
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [("float32", 1e-4), ("mixed_bfloat16", 0.03)], ids=["32", "16"]
)
def test_values_and_gradients_equal_keras(
    results_of: Callable, settings: dict[str, object], padding: str, dtype: str, tolerance: float
) -> None:
    ours = WideConvolution(7, padding=padding, dtype=dtype, **settings)
    expected = keras.layers.Conv2D(7, padding=padding, dtype=dtype, **settings)
    maps = tf.constant(MAPS)
    results = [results_of(ours, maps)]
    results.append(results_of(expected, maps, ours.get_weights()))
    for actual, desired in zip(*results, strict=True):
        scale = np.abs(desired).max()
        np.testing.assert_allclose(actual / scale, desired / scale, atol=tolerance)


@pytest.mark.parametrize(
    ("policy", "instructions", "expected"),
    [
        ("mixed_bfloat16", processor.AVX512_BFLOAT16, True),
        ("float32", processor.AVX512_BFLOAT16, False),
        ("mixed_bfloat16", "AMX", False),
        ("mixed_bfloat16", None, False),
    ],
)
def test_only_where_products_are_faster(
    policy: str, instructions: str | None, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wide_convolution, "fast_bfloat16", lambda: instructions)
    plan = plan_model(read_recipe("cifar", WIDE), (32, 32, 3), 10)
    with dtype_policy(policy):
        model = build_model(plan, compiled=True)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    wide = [isinstance(layer, WideConvolution) for layer in convolutions]
    assert wide == [False, expected]  # the first reads three channels
    with dtype_policy(policy):
        assert not any(isinstance(layer, WideConvolution) for layer in build_model(plan).layers)
