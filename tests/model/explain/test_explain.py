"""Every written sum evaluated, on layers and graphs at random; shapes and counts against Keras."""

from __future__ import annotations

import importlib.util
import math
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from kcnn.model.build import build_model
from kcnn.model.explain.explain import Explanation, LayerExplanation, Sum, explain_model
from kcnn.model.plan import plan_model
from kcnn.recipe import Recipe, read_recipe
from kcnn.recipe.layers.shapes import Shape

spec = importlib.util.spec_from_file_location(
    "layers_at_random", Path(__file__).parents[1] / "layers_at_random.py"
)
at_random = importlib.util.module_from_spec(spec)
spec.loader.exec_module(at_random)

GRAPHS = at_random.CHAINS | at_random.branches()
SLIDING = re.compile(r"Conv2D|Depthwise|Separable|(Max|Average)Pooling2D")


def evaluate(text: str) -> Fraction:
    """Evaluate a written sum with fractions, so that a remainder makes a difference."""
    python = re.sub(r"\d+", r"F(\g<0>)", text)
    for symbol, meaning in (("⌊", "floor("), ("⌋", ")"), ("·", "*"), ("−", "-")):
        python = python.replace(symbol, meaning)
    return eval(python, {"F": Fraction, "floor": math.floor})


def expected(written: Sum, layer: LayerExplanation) -> int:
    """Return the value of a sum in the shapes and costs, or its own result if it is in neither."""
    shape = layer.output_shape
    if written.of == "high and wide":
        assert shape[0] == shape[1]
    found = {
        "high and wide": shape[0],
        "high": shape[0],
        "wide": shape[-2] if len(shape) > 1 else 0,
        "channels": shape[-1],
        "values": math.prod(shape),
        "parameters": layer.cost.parameters,
        "multiply-adds": layer.cost.multiply_adds,
    }
    return found.get(written.of, written.result)


def assert_true_sums(explanation: Explanation) -> None:
    for layer in explanation.layers:
        for written in layer.sums:
            context = (layer.name, written)
            assert evaluate(written.text) == written.result == expected(written, layer), context
        counted = {written.of for written in layer.sums}
        assert bool(layer.cost.parameters) == ("parameters" in counted)
        assert bool(layer.cost.multiply_adds) == ("multiply-adds" in counted)
        if SLIDING.match(layer.kind):
            assert "high and wide" in counted or {"high", "wide"} <= counted


def explain_at_random(layers: list[Any], shape: Shape) -> Explanation:
    return explain_model(at_random.recipe_of(layers), shape, None)


@pytest.mark.parametrize("examples", [100, pytest.param(2_000, marks=pytest.mark.slow)])
def test_every_sum_comes_to_the_number_beside_it(examples: int) -> None:
    @settings(max_examples=examples, **at_random.UNLIMITED)
    @given(shape=at_random.SHAPES, layers=GRAPHS)
    def reckon(shape: Shape, layers: list[Any]) -> None:
        assert_true_sums(explain_at_random(layers, shape))

    reckon()


@pytest.mark.parametrize("name", at_random.LAYERS)
def test_every_sum_of_each_layer(name: str) -> None:
    @settings(max_examples=50, **at_random.UNLIMITED)
    @given(shape=at_random.SHAPES, layer=at_random.LAYERS[name])
    def reckon(shape: Shape, layer: dict[str, Any]) -> None:
        assert_true_sums(explain_at_random([{name: layer}], shape))

    reckon()


@pytest.mark.parametrize("examples", [30, pytest.param(250, marks=pytest.mark.slow)])
def test_shapes_and_parameters_equal_those_of_keras(examples: int) -> None:
    """Layer by layer; a slow test in test_shapes.py compares more graphs."""

    @settings(max_examples=examples, **at_random.UNLIMITED)
    @given(shape=at_random.SHAPES, layers=GRAPHS)
    def compare(shape: Shape, layers: list[Any]) -> None:
        assert_keras_builds(explain_at_random(layers, shape), shape)

    compare()


def assert_keras_builds(explanation: Explanation, shape: Shape) -> None:
    if explanation.problem is not None:
        return
    model = build_model(plan_model(explanation.recipe, shape, None))
    for layer in explanation.layers:
        built = model.get_layer(layer.name)
        assert tuple(built.output.shape[1:]) == layer.output_shape
        weights = (weight for weight in built.weights if "seed" not in weight.path)
        assert sum(math.prod(weight.shape) for weight in weights) == layer.cost.parameters
    assert model.count_params() == explanation.cost.parameters


@pytest.mark.parametrize(
    ("layer", "shape", "sums"),
    [
        ("Conv2D: {filters: 30, kernel_size: 5}", (28, 28, 1),
         ["(28 − 5 + 2·0)/1 + 1 = 24", "(5·5·1 + 1)·30 = 780", "24·24·(5·5·1)·30 = 432,000"]),
        ("Conv2D: {filters: 16, kernel_size: 3, padding: 1}", (32, 32, 3),
         ["(32 − 3 + 2·1)/1 + 1 = 32", "(3·3·3 + 1)·16 = 448", "32·32·(3·3·3)·16 = 442,368"]),
        ("Conv2D: {filters: 1, kernel_size: 3, padding: same, strides: 2}", (32, 32, 1),
         ["(32 − 3 + 0 + 1)/2 + 1 = 16", "(3·3·1 + 1)·1 = 10", "16·16·(3·3·1)·1 = 2,304"]),
        ("Conv2D: {filters: 10, kernel_size: 5, strides: 2}", (28, 28, 1),
         ["⌊(28 − 5 + 2·0)/2⌋ + 1 = 12", "(5·5·1 + 1)·10 = 260", "12·12·(5·5·1)·10 = 36,000"]),
        ("Conv2D: {filters: 1, kernel_size: 3, dilation_rate: 2, use_bias: false}", (9, 9, 2),
         ["(9 − (2·(3 − 1) + 1) + 2·0)/1 + 1 = 5", "3·3·2·1 = 18", "5·5·(3·3·2)·1 = 450"]),
        ("Conv2D: {filters: 4, kernel_size: 1, groups: 2}", (2, 3, 6),
         ["(2 − 1 + 2·0)/1 + 1 = 2", "(3 − 1 + 2·0)/1 + 1 = 3", "(1·1·6/2 + 1)·4 = 16",
          "2·3·(1·1·6/2)·4 = 72"]),
        ("SeparableConv2D: {filters: 4, kernel_size: 3}", (3, 3, 6),
         ["(3 − 3 + 2·0)/1 + 1 = 1", "3·3·6 + (6 + 1)·4 = 82", "1·1·(3·3·6 + 6·4) = 78"]),
        ("Conv2DTranspose: {filters: 2, kernel_size: 5, strides: 2}", (4, 4, 1),
         ["(4 − 1)·2 + 5 = 11", "(5·5·1 + 1)·2 = 52", "4·4·(5·5·1)·2 = 800"]),
        ("Conv2DTranspose: {filters: 1, kernel_size: 3, strides: 2, padding: same}", (4, 4, 1),
         ["4·2 = 8", "(3·3·1 + 1)·1 = 10", "4·4·(3·3·1)·1 = 144"]),
        ("MaxPooling2D", (24, 24, 1), ["(24 − 2)/2 + 1 = 12"]),
        ("GlobalAveragePooling2D", (7, 7, 64), ["7·7 = 49"]),
        ("Flatten", (7, 7, 64), ["7·7·64 = 3,136"]),
        ("BatchNormalization", (2, 2, 8), ["4·8 = 32", "2·2·8 = 32"]),
        ("ReLU", (2, 2, 8), []),
    ],
)  # fmt: skip
def test_sums_as_textbooks_write_them(make_recipe, layer: str, shape: Shape, sums) -> None:
    (explained,) = explain_model(make_recipe(f"- {layer}"), shape, None).layers
    assert [str(written) for written in explained.sums] == sums


def test_dense_layers_and_memory(make_recipe) -> None:
    recipe = make_recipe("- Flatten\n- Dense: {units: 10}", "train.batch_size=100")
    explanation = explain_model(recipe, (28, 28, 1), 10)
    flatten, dense = explanation.layers
    assert [str(written) for written in dense.sums] == ["(784 + 1)·10 = 7,850", "784·10 = 7,840"]
    assert (flatten.activation_bytes, dense.activation_bytes) == (0, 40)  # a view, and a copy
    assert explanation.activation_bytes == 4 * (784 + 10)
    assert explanation.batch_bytes == 100 * 4 * (784 + 10)
    assert explanation.problem is None


def test_totals_equal_the_plan(make_recipe) -> None:
    for name, shape in (("resnet20", (32, 32, 3)), ("mnist", (28, 28, 1))):
        recipe = read_recipe(name)
        assert explain_model(recipe, shape, 10).cost == plan_model(recipe, shape, 10).cost


def test_numeric_padding_is_part_of_its_layer(make_recipe) -> None:
    recipe = make_recipe("""
- Repeat: {times: 2, body: [{Conv2D: {filters: 1, kernel_size: 3, padding: 2}}, ZeroPadding2D]}
""")
    layers = explain_model(recipe, (5, 5, 1), None).layers
    kinds = [(layer.kind, layer.inputs) for layer in layers]
    assert kinds == [
        ("Conv2D", ("image",)),
        ("ZeroPadding2D", ("conv2d",)),
        ("Conv2D", ("zero_padding2d_1",)),
        ("ZeroPadding2D", ("conv2d_1",)),
    ]


def problem_of(recipe: Recipe, classes: int | None = None) -> tuple[list[str], str]:
    explanation = explain_model(recipe, (28, 28, 1), classes)
    assert explanation.problem is not None
    return [layer.name for layer in explanation.layers], explanation.problem.message


def test_explains_the_layers_before_a_misfit(make_recipe) -> None:
    recipe = make_recipe(
        "- Conv2D: {filters: 1, kernel_size: 9}\n"
        "- MaxPooling2D: {pool_size: 9}\n"
        "- Conv2D: {filters: 1, kernel_size: 5, padding: 1, name: third}\n"
        "- Flatten"
    )
    names, message = problem_of(recipe)
    assert names == ["conv2d", "max_pooling2d"]
    assert "layer third: a 5×5 window does not fit a 4×4 map" in message


def test_reports_an_output_that_does_not_fit_the_classes(make_recipe) -> None:
    names, message = problem_of(make_recipe("- Flatten\n- Dense: {units: 9}"), 10)
    assert names == ["flatten", "dense"]
    assert "the output is 9, but mnist has 10 classes" in message
