"""Optimizers that update a weight by one operation have the results of Keras's."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kcnn.training.optimizers.fused import FusedAdam, FusedAdamW, FusedSGD

GRADIENTS = np.random.default_rng(0).normal(size=(5, 40, 30)).astype(np.float32)


@pytest.mark.parametrize("compiled", [False, True], ids=["graph", "XLA"])
@pytest.mark.parametrize(
    ("ours", "settings"),
    [
        (FusedAdam, {}),
        (FusedAdam, {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.1}),
        (FusedAdam, {"amsgrad": True}),
        (FusedAdam, {"weight_decay": 0.1, "use_ema": True, "clipnorm": 1.0}),
        (FusedAdamW, {"weight_decay": 0.1}),
        (FusedAdamW, {"learning_rate": 0.1}),  # AdamW decays by default
        (FusedAdamW, {"amsgrad": True}),
        (FusedSGD, {}),
        (FusedSGD, {"learning_rate": 0.1, "momentum": 0.9}),
        (FusedSGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ],
    ids=str,
)
def test_updates_equal_keras(
    ours: type[keras.optimizers.Optimizer], settings: dict[str, Any], compiled: bool
) -> None:
    states = [
        _train(optimizer(**settings), compiled) for optimizer in (ours, _class_of_keras(ours))
    ]
    for actual, desired in zip(*states, strict=True):
        np.testing.assert_allclose(actual, desired, rtol=1e-5, atol=1e-6)
    assert not np.allclose(states[0][0], 1)


def _class_of_keras(ours: type[keras.optimizers.Optimizer]) -> type[keras.optimizers.Optimizer]:
    return next(kind for kind in ours.__mro__ if kind.__module__.startswith("keras."))


def _train(optimizer: keras.optimizers.Optimizer, compiled: bool) -> list[np.ndarray]:
    """Return a weight after some updates, and the variables of the optimizer."""
    weight = keras.Variable(np.ones((40, 30), np.float32), name="weight")
    optimizer.build([weight])
    update = tf.function(
        lambda gradient: optimizer.apply([gradient], [weight]), jit_compile=compiled
    )
    for gradient in GRADIENTS:
        update(gradient)
    return [weight.numpy(), *(variable.numpy() for variable in optimizer.variables)]
