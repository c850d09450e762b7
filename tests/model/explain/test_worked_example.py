"""Convolutions computed by hand, compared with Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kcnn.errors import RecipeError, RunError
from kcnn.model.build import build_model
from kcnn.model.explain.find import find_convolution, require_location
from kcnn.model.explain.worked_example import require_same_model, work_out
from kcnn.model.plan import plan_model

SHAPE = (9, 8, 3)
IMAGE = np.random.default_rng(0).integers(0, 256, SHAPE, np.uint8)


@pytest.fixture
def built(make_recipe):
    def build(layers: str):
        plan = plan_model(make_recipe(layers), SHAPE, None)
        keras.utils.set_random_seed(0)
        model = build_model(plan)
        for weight in model.trainable_weights:  # biases, too
            weight.assign(keras.random.normal(weight.shape))
        return plan, model

    return build


@pytest.mark.parametrize(
    "layer",
    [
        "filters: 4, kernel_size: 3",
        "filters: 4, kernel_size: 3, padding: same, activation: relu",
        "filters: 4, kernel_size: [4, 2], padding: same, strides: [2, 3], activation: tanh",
        "filters: 4, kernel_size: 3, padding: [[1, 2], [0, 3]], activation: softmax",
        "filters: 4, kernel_size: 3, dilation_rate: 2, padding: same, use_bias: false",
        "filters: 6, kernel_size: 3, groups: 3, padding: 2, strides: 2, activation: gelu",
    ],
)
def test_every_location_and_filter(built, layer: str) -> None:
    plan, model = built(f"- Conv2D: {{{layer}}}")
    output = model(IMAGE[np.newaxis].astype(np.float32)).numpy()[0]
    node = find_convolution(plan, "conv2d")
    height, width, filters = plan.shapes["conv2d"]
    corners_and_middle = {(0, 0), (height - 1, width - 1), (height // 2, width // 2)}
    for location in corners_and_middle:
        for number in range(filters):
            example = work_out(plan, model, node, IMAGE, location, number)
            assert example.value == pytest.approx(output[(*location, number)], rel=1e-4, abs=1e-5)
            assert example.keras_value == pytest.approx(
                output[(*location, number)], rel=1e-4, abs=1e-5
            )


def test_convolution_after_other_layers(built) -> None:
    plan, model = built("""
- Conv2D: {filters: 5, kernel_size: 3, activation: relu}
- MaxPooling2D
- Conv2D: {filters: 2, kernel_size: 2, padding: 1, name: second}
""")
    node = find_convolution(plan, "second")
    example = work_out(plan, model, node, IMAGE, (0, 1), 1)
    assert (example.reads, example.input_shape) == ("max_pooling2d", (3, 3, 5))
    assert (example.rows, example.columns) == ((-1, 0), (0, 1))
    assert not example.patch[0].any()  # beyond the edge
    assert example.value == pytest.approx(example.sum + example.bias, abs=1e-6)
    assert example.value == pytest.approx(example.keras_value, rel=1e-4, abs=1e-5)
    assert example.channel_sums.sum() == pytest.approx(example.sum, abs=1e-5)


def test_layers_and_locations_that_are_not_there(built) -> None:
    plan, _ = built("- Conv2D: {filters: 2, kernel_size: 3, name: first}\n- Flatten")
    with pytest.raises(RecipeError, match="no layer is named frist; did you mean first"):
        find_convolution(plan, "frist")
    with pytest.raises(RecipeError, match="layer flatten is a Flatten, expected a Conv2D"):
        find_convolution(plan, "flatten")
    assert require_location(plan, "first", None, 0) == (3, 3)
    with pytest.raises(RecipeError, match="--at 7,0: first returns a 7×6 map"):
        require_location(plan, "first", (7, 0), 0)
    with pytest.raises(RecipeError, match="--filter 2: first has 2 filters"):
        require_location(plan, "first", None, 2)


def test_another_network(built) -> None:
    plan, model = built("- Conv2D: {filters: 2, kernel_size: 3}")
    require_same_model(plan, model, "net/run-001")
    other, _ = built("- Conv2D: {filters: 3, kernel_size: 3}")
    with pytest.raises(RunError, match=r"another model: conv2d is 7×6×3 in net\.yaml"):
        require_same_model(other, model, "net/run-001")
