from __future__ import annotations

import os
import subprocess
import sys

import keras
import pytest
import tensorflow as tf

from kcnn.errors import RecipeError
from kcnn.model import processor_limits
from kcnn.model.build import build_model
from kcnn.model.dtype_policy import dtype_policy
from kcnn.model.plan import Plan, plan_model
from kcnn.model.processor_limits import has_dilated_transposed_convolution, require_kernels

DILATED = "- Conv2DTranspose: {filters: 2, kernel_size: 3, dilation_rate: [1, 2]}\n"
END = "- Flatten\n- Dense: {units: 10}"
FORMATS = ("float32", "mixed_bfloat16", "mixed_float16", "float64")
MESSAGE = (
    "net.yaml:4: model.layers[0].Conv2DTranspose.dilation_rate: layer conv2d_transpose: "
    "TensorFlow has no kernel for it on this processor in {}; write dilation_rate: 1{}"
)


@pytest.fixture
def dilated(make_recipe) -> Plan:
    return plan_model(make_recipe(DILATED + END), (8, 8, 1), 10)


def computes(plan: Plan, dtype: str) -> bool:
    """Return whether TensorFlow computes the model and its gradients here, on the processor."""
    with dtype_policy(dtype), tf.device("CPU:0"):
        model = build_model(plan)

        @tf.function
        def gradients(images: tf.Tensor) -> list[tf.Tensor]:
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(model(images, training=True))
            return tape.gradient(loss, model.trainable_variables)

        try:
            gradients(tf.zeros((1, 8, 8, 1)))
        except tf.errors.InvalidArgumentError as error:
            assert "dilation rates" in error.message
            return False
    return True


def refuses(plan: Plan, dtype: str) -> bool:
    try:
        require_kernels(plan, dtype)
    except RecipeError as error:
        assert len(error.problems) == 1
        assert error.problems[0].startswith(MESSAGE.format(dtype.removeprefix("mixed_"), ""))
        return True
    return False


@pytest.mark.parametrize("dtype", FORMATS)
def test_refuses_what_tensorflow_does_not_compute_here(dilated: Plan, dtype: str) -> None:
    assert refuses(dilated, dtype) != computes(dilated, dtype)


@pytest.mark.parametrize("dtype", FORMATS)
def test_without_dilation_every_format_is_computed(make_recipe, dtype: str, monkeypatch) -> None:
    layers = "- Conv2DTranspose: {filters: 2, kernel_size: 3, strides: 2}\n" + END
    plan = plan_model(make_recipe(layers), (8, 8, 1), 10)
    monkeypatch.setattr(
        processor_limits, "has_dilated_transposed_convolution", lambda _: pytest.fail("asked")
    )
    require_kernels(plan, dtype)
    if dtype != "mixed_float16":
        with dtype_policy(dtype):
            assert build_model(plan)(keras.ops.zeros((1, 8, 8, 1))).shape == (1, 10)


@pytest.mark.parametrize(
    ("dtype", "computed", "fix"),
    [
        ("mixed_bfloat16", {"float32"}, " or train.precision: float32"),
        ("mixed_float16", {"float32", "bfloat16"}, " or train.precision: float32"),
        ("mixed_bfloat16", set(), ""),
        ("float32", set(), ""),
        ("float64", {"float32"}, ""),
    ],
)
def test_fix_suggests_float32_only_if_it_works(
    dilated: Plan, dtype: str, computed: set[str], fix: str, monkeypatch
) -> None:
    monkeypatch.setattr(
        processor_limits, "has_dilated_transposed_convolution", computed.__contains__
    )
    with pytest.raises(RecipeError) as caught:
        require_kernels(dilated, dtype)
    assert caught.value.problems == (MESSAGE.format(dtype.removeprefix("mixed_"), fix),)


@pytest.mark.slow
def test_without_onednn_float32_has_no_kernel_either() -> None:
    code = (
        "from kcnn.model.processor_limits import has_dilated_transposed_convolution as has\n"
        "print(has('float32'), has('float64'))"
    )
    environment = os.environ | {"TF_ENABLE_ONEDNN_OPTS": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False False\n"


def test_runs_the_convolution_once(dilated: Plan) -> None:
    has_dilated_transposed_convolution.cache_clear()
    for _ in range(2):
        refuses(dilated, "mixed_float16")
    assert has_dilated_transposed_convolution.cache_info().misses <= 2
    assert has_dilated_transposed_convolution.cache_info().hits >= 1
