"""A compiled step in bfloat16 rounds what convolutions multiply, and nothing else."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from kcnn.model.build import build_model
from kcnn.model.dtype_policy import dtype_policy
from kcnn.model.fast.whole_step import in_whole_step, whole_step_of
from kcnn.model.plan import plan_model
from kcnn.recipe import read_recipe

IMAGES = np.random.default_rng(0).integers(0, 256, size=(6, 28, 28, 1), dtype=np.uint8)


def make_model(policy: str) -> keras.Model:
    with dtype_policy(policy):
        return build_model(plan_model(read_recipe("leaky_bn_fast"), (28, 28, 1), 10), compiled=True)


def rounded(values: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.cast(values, tf.bfloat16), tf.float32)


@pytest.mark.parametrize("compiled", [False, True])
def test_only_what_convolutions_multiply_is_rounded(compiled: bool) -> None:
    model, exact = make_model("mixed_bfloat16"), make_model("float32")
    exact.set_weights(model.get_weights())
    policies = [layer.dtype_policy.name for layer in model.layers]

    @tf.function(jit_compile=compiled)
    def outputs_of_step(images: tf.Tensor) -> tf.Tensor:
        with whole_step_of(model):
            return model(images, training=True)

    maps: tf.Tensor = tf.constant(IMAGES)
    for layer in exact.layers[1:]:
        if isinstance(layer, keras.layers.Conv2D):
            products = tf.nn.conv2d(
                rounded(maps), rounded(layer.kernel.value), layer.strides, layer.padding.upper()
            )
            maps = products + layer.bias.value
        else:
            maps = layer(maps, training=True)
    outputs = outputs_of_step(tf.constant(IMAGES))
    np.testing.assert_allclose(outputs, maps, rtol=1e-3, atol=1e-4)
    assert np.abs(outputs - exact(IMAGES, training=True)).max() > 1e-3
    assert [layer.dtype_policy.name for layer in model.layers] == policies
    assert "mixed_bfloat16" in policies
    assert not in_whole_step()


def test_the_policies_return_after_an_error() -> None:
    model = make_model("mixed_bfloat16")
    before = [layer.dtype_policy.name for layer in model.layers]
    with pytest.raises(ZeroDivisionError), whole_step_of(model):
        assert all(layer.compute_dtype == "float32" for layer in model.layers)
        raise ZeroDivisionError
    assert [layer.dtype_policy.name for layer in model.layers] == before
    assert not in_whole_step()
