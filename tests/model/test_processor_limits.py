from __future__ import annotations

import keras
import pytest
import tensorflow as tf

from kcnn.errors import RecipeError
from kcnn.model.build import build_model
from kcnn.model.plan import Plan, plan_network
from kcnn.model.processor_limits import require_kernels
from kcnn.training.precision import precision

DILATED = "- Conv2DTranspose: {filters: 2, kernel_size: 3, dilation_rate: [1, 2]}\n"
END = "- Flatten\n- Dense: {units: 10}"


@pytest.fixture
def dilated(make_recipe) -> Plan:
    return plan_network(make_recipe(DILATED + END), (8, 8, 1), 10)


def test_float32_computes_everything(dilated: Plan) -> None:
    require_kernels(dilated, "float32")
    assert build_model(dilated)(keras.ops.zeros((1, 8, 8, 1))).shape == (1, 10)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16", "float64"])
def test_other_formats_do_not(dilated: Plan, dtype: str) -> None:
    with pytest.raises(RecipeError) as caught:
        require_kernels(dilated, dtype)
    assert caught.value.problems == (
        "net.yaml:4: model.layers[0].Conv2DTranspose.dilation_rate: layer conv2d_transpose: "
        f"TensorFlow computes it on processors in float32 only, and this is {dtype}; write "
        "dilation_rate: 1 or train.precision: float32",
    )
    with precision(dtype), pytest.raises(tf.errors.InvalidArgumentError, match="dilation rates"):
        build_model(dilated)(keras.ops.zeros((1, 8, 8, 1)))


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "float64"])
def test_without_dilation_they_do(make_recipe, dtype: str) -> None:
    layers = "- Conv2DTranspose: {filters: 2, kernel_size: 3, strides: 2}\n" + END
    plan = plan_network(make_recipe(layers), (8, 8, 1), 10)
    require_kernels(plan, dtype)
    with precision(dtype):
        assert build_model(plan)(keras.ops.zeros((1, 8, 8, 1))).shape == (1, 10)
