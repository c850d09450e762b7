"""Compare shapes and parameter counts with Keras on random layers and graphs."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import pytest
from hypothesis import example, given, settings

from kcnn.errors import RecipeError
from kcnn.model.build import build_model
from kcnn.model.explain.explain import explain_model
from kcnn.model.graph import unfold
from kcnn.model.plan import Plan, plan_model
from kcnn.model.shapes import infer_shapes
from kcnn.recipe import Recipe
from kcnn.recipe.layers import LAYERS
from kcnn.recipe.layers.shapes import Shape, borders, pair
from kcnn.text.numbers import shape_text

spec = importlib.util.spec_from_file_location(
    "layers_at_random", Path(__file__).with_name("layers_at_random.py")
)
at_random = importlib.util.module_from_spec(spec)
spec.loader.exec_module(at_random)


def assert_agreement(recipe: Recipe, shape: Shape) -> None:
    """Plan a network, build it with Keras, and compare."""
    try:
        plan = plan_model(recipe, shape, None)
    except RecipeError as error:
        assert error.message.startswith("net.yaml:1: model.layers[")
        if not any(reason in error.message for reason in at_random.STRICTER_THAN_KERAS):
            assert keras_refuses(recipe, shape), error.message
        return
    model = build_model(plan)
    assert {node.name: shape_of(model, node.name) for node in plan.nodes} == {
        name: size for name, size in plan.shapes.items() if name != "image"
    }
    assert plan.cost.parameters == model.count_params()
    assert plan.cost.not_trained == count(model.non_trainable_weights)
    names = {node.path(name) for node in plan.nodes for name in node.layer.trainable_weights}
    assert names == {weight.path for weight in model.trainable_weights}
    assert planned_weights(plan) == {
        weight.path: weight.shape for weight in model.weights if "seed" not in weight.path
    }
    explanation = explain_model(recipe, shape, None)
    assert explanation.cost == plan.cost
    assert all(plan.shapes[layer.name] == layer.output_shape for layer in explanation.layers)


def planned_weights(plan: Plan) -> dict[str, Shape]:
    return {
        node.path(name): shape
        for node in plan.nodes
        for name, shape in node.layer.shapes_of_weights(plan.shapes[node.inputs[0]]).items()
    }


def shape_of(model: keras.Model, layer: str) -> Shape:
    return tuple(model.get_layer(layer).output.shape[1:])


def count(weights: Sequence[Any]) -> int:
    return sum(keras.ops.size(weight) for weight in weights if "seed" not in weight.path)


def keras_refuses(recipe: Recipe, shape: Shape) -> bool:
    """Return whether Keras refuses a recipe or builds a layer with an empty output."""
    plan = Plan(recipe, tuple(unfold(recipe)), {"image": shape}, None)
    try:
        model = build_model(plan)
    except RecipeError:
        return True
    return any(0 in shape_of(model, node.name) for node in plan.nodes)


def test_every_layer_of_recipes_is_drawn() -> None:
    drawn = {*at_random.LAYERS, *at_random.MERGING, "Residual", "Repeat", "Application"}
    assert drawn == LAYERS.keys()


@pytest.mark.parametrize("name", at_random.LAYERS)
def test_each_layer_agrees_with_keras(name: str) -> None:
    @settings(max_examples=25, **at_random.UNLIMITED)
    @given(shape=at_random.SHAPES, layer=at_random.LAYERS[name])
    def compare(shape: Shape, layer: dict[str, Any]) -> None:
        assert_agreement(at_random.recipe_of([{name: layer}]), shape)

    compare()


@settings(max_examples=50, **at_random.UNLIMITED)  # test_many_graphs_agree_with_keras draws more
@given(shape=at_random.SHAPES, layers=at_random.CHAINS)
@example(shape=(3, 3, 1), layers=[{"PReLU": {"shared_axes": 4}}])
@example(shape=(3, 3, 2), layers=[{"PReLU": {"shared_axes": [0]}}])
@example(shape=(3, 4, 5), layers=[{"LayerNormalization": {"axis": [3, 1]}}])
@example(shape=(3, 4, 5), layers=[{"LayerNormalization": {"axis": [1, -1]}}])
def test_chains_agree_with_keras(shape: Shape, layers: list[Any]) -> None:
    assert_agreement(at_random.recipe_of(layers), shape)


# Equal shapes, except for an axis that only the first has.
A_MAP_AND_ROWS = [
    {"ReLU": {"name": "map"}},
    {"Reshape": {"target_shape": [1, 12], "name": "rows", "inputs": "image"}},
    {"Concatenate": {"inputs": ["map", "rows"]}},
]


def test_refuses_to_concatenate_a_map_and_rows() -> None:
    with pytest.raises(RecipeError, match="Concatenate joins 1×12×1 and 1×12: all sizes but"):
        plan_model(at_random.recipe_of(A_MAP_AND_ROWS), (1, 12, 1), None)


@settings(max_examples=40, **at_random.UNLIMITED)  # test_many_graphs_agree_with_keras draws more
@given(shape=at_random.SHAPES, layers=at_random.branches())
@example(shape=(1, 12, 1), layers=A_MAP_AND_ROWS)
def test_branches_agree_with_keras(shape: Shape, layers: list[Any]) -> None:
    assert_agreement(at_random.recipe_of(layers), shape)


@pytest.mark.slow
@settings(max_examples=1_500, **at_random.UNLIMITED)
@given(shape=at_random.SHAPES, layers=at_random.CHAINS | at_random.branches())
def test_many_graphs_agree_with_keras(shape: Shape, layers: list[Any]) -> None:
    assert_agreement(at_random.recipe_of(layers), shape)


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis:UserWarning")  # of size 1
@pytest.mark.slow
@settings(max_examples=300, **at_random.UNLIMITED)
@given(shape=at_random.SHAPES, layers=at_random.CHAINS)
def test_planned_model_can_be_called(shape: Shape, layers: list[Any]) -> None:
    try:
        plan = plan_model(at_random.recipe_of(layers), shape, None)
    except RecipeError:
        return
    output = build_model(plan)(keras.ops.ones((2, *shape)), training=True)
    assert tuple(output.shape) == (2, *plan.shapes[plan.nodes[-1].name])


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        ("Conv2D: {filters: 1, kernel_size: 5}", (3, 3, 1),
         "layer conv2d: a 5×5 window does not fit a 3×3 map; use padding: same, a smaller window, "
         "or fewer strides and pools before it"),
        ("Conv2D: {filters: 1, kernel_size: 3, dilation_rate: 2}", (4, 9, 1),
         "layer conv2d: a 5×5 window does not fit a 4×9 map; use padding: same, a smaller window, "
         "or fewer strides and pools before it"),
        ("Conv2D: {filters: 4, kernel_size: 3, groups: 3}", (8, 8, 2),
         "layer conv2d: groups 3 must divide the 2 input channels and the 4 filters; "
         "write groups: 2"),
        ("MaxPooling2D: {pool_size: [1, 9]}", (8, 8, 1),
         "layer max_pooling2d: a 1×9 window does not fit a 8×8 map; use padding: same, a smaller "
         "window, or fewer strides and pools before it"),
        ("Cropping2D: {cropping: [[2, 2], [0, 0]]}", (4, 8, 1),
         "layer cropping2d: cropping [[2, 2], [0, 0]] leaves nothing of a 4×8 map; crop less"),
        ("Reshape: {target_shape: [5, -1]}", (4, 4, 1),
         "layer reshape: 4×4×1 holds 16 values, not as many as [5, -1]; write sizes "
         "whose product is 16"),
        ("GroupNormalization: {groups: 4}", (4, 4, 6),
         "layer group_normalization: groups 4 must divide the 6 channels; write groups: 2"),
        ("BatchNormalization: {axis: 4}", (4, 4, 6),
         "layer batch_normalization: axis 4: a 4×4×6 input has axes 1 to 3, or -1"),
        ("LayerNormalization: {axis: [1, -3]}", (4, 4, 6),
         "layer layer_normalization: axis [1, -3]: the same axis twice; write each once"),
        ("PReLU: {shared_axes: [1, -1]}", (4, 4, 6),
         "layer p_re_lu: shared_axes -1: a 4×4×6 input has axes 1 to 3"),
        ("Conv2DTranspose: {filters: 1, kernel_size: 3, output_padding: 1}", (4, 4, 1),
         "layer conv2d_transpose: output_padding 1 must be below the strides, 1; leave it "
         "out"),
        ("Conv2DTranspose: {filters: 1, kernel_size: 2, padding: same, output_padding: 0}",
         (4, 4, 1),
         "layer conv2d_transpose: output_padding 0 with an even kernel and padding same: leave it "
         "out"),
        ("DepthwiseConv2D: {kernel_size: 3, strides: [1, 2]}", (4, 4, 1),
         "layer depthwise_conv2d: strides [1, 2]: TensorFlow has equal strides only here; "
         "write 1"),
        ("Conv2D: {filters: 1, kernel_size: 1, strides: 2, dilation_rate: 2}", (4, 4, 1),
         "layer conv2d: strides and dilation_rate are not both above 1 in Keras; keep one"),
    ],
)  # fmt: skip
def test_refuses_layers_that_do_not_fit(
    make_recipe, layer: str, shape: Shape, message: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        plan_model(make_recipe(f"- {layer}"), shape, None)
    kind = layer.partition(":")[0]
    assert caught.value.problems == (f"net.yaml:4: model.layers[0].{kind}: {message}",)


def test_refuses_a_convolution_after_flatten(make_recipe) -> None:
    with pytest.raises(RecipeError) as caught:
        plan_model(
            make_recipe("- Flatten\n- Conv2D: {filters: 1, kernel_size: 1}"), (4, 4, 1), None
        )
    assert caught.value.problems == (
        "net.yaml:5: model.layers[1].Conv2D: layer conv2d: Conv2D needs a map "
        "(height×width×channels) and gets 16 values; put it before the layer that makes a row "
        "of the map (Flatten, a global pooling), or put Reshape before it",
    )


SAME = "write padding: same in the convolutions and pools before it"
SHORTCUT = "put a 1×1 Conv2D of the same strides and filters into the shortcut"


@pytest.mark.parametrize(
    ("channels", "body", "joined", "fix"),
    [
        (16, "filters: 16, kernel_size: 3", "13×13×16 and 15×15×16", SAME),
        (16, "filters: 8, kernel_size: 3, padding: same", "15×15×8 and 15×15×16", SHORTCUT),
        (
            2,
            "filters: 2, kernel_size: 3, strides: 2",
            "7×7×2 and 15×15×2",
            f"{SAME} and {SHORTCUT}",
        ),
        (1, "filters: 2, kernel_size: 3", "13×13×2 and 15×15×1", f"{SAME} and {SHORTCUT}"),
    ],
)
def test_refuses_to_add_different_shapes(
    make_recipe, channels: int, body: str, joined: str, fix: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        plan_model(
            make_recipe(f"- Residual: {{body: [{{Conv2D: {{{body}}}}}]}}"), (15, 15, channels), None
        )
    assert caught.value.problems == (
        f"net.yaml:4: model.layers[0].Residual: layer add: Add joins {joined}, which differ; "
        + fix,
    )


def test_fix_for_different_shapes_works(make_recipe) -> None:
    body = "[{Conv2D: {filters: 2, kernel_size: 3, strides: 2, padding: same}}]"
    shortcut = "[{Conv2D: {filters: 2, kernel_size: 1, strides: 2, padding: same}}]"
    layers = f"- Residual: {{body: {body}, shortcut: {shortcut}}}\n- Flatten\n- Dense: {{units: 3}}"
    assert plan_model(make_recipe(layers), (15, 15, 1), None).shapes["add"] == (8, 8, 2)


def test_multiply_broadcasts_a_weight_for_each_channel(make_recipe) -> None:
    squeeze = """
- ReLU: {name: map}
- GlobalAveragePooling2D: {keepdims: true}
- Dense: {units: 4, activation: sigmoid, name: weights}
- Multiply: {inputs: [map, weights]}
"""
    plan = plan_model(make_recipe(squeeze), (7, 5, 4), None)
    assert plan.shapes["multiply"] == (7, 5, 4)
    assert shape_of(build_model(plan), "multiply") == (7, 5, 4)


def test_pairs_borders_and_shapes() -> None:
    assert pair(3) == (3, 3)
    assert pair([3, 5]) == (3, 5)
    assert borders(1) == ((1, 1), (1, 1))
    assert borders([1, 2]) == ((1, 1), (2, 2))
    assert borders([[1, 2], [3, 4]]) == ((1, 2), (3, 4))
    assert shape_text((28, 28, 1)) == "28×28×1"


def test_shapes_by_name(make_recipe) -> None:
    recipe = make_recipe("- MaxPooling2D: {name: pool}\n- Flatten")
    shapes, problem = infer_shapes(recipe, unfold(recipe), (28, 28, 3))
    assert problem is None
    assert shapes == {"image": (28, 28, 3), "pool": (14, 14, 3), "flatten": (588,)}
