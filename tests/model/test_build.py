from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest

from kcnn.data.description import describe_settings
from kcnn.errors import RecipeError
from kcnn.model.build import build_model
from kcnn.model.fast.whole_map_convolution import WholeMapConvolution
from kcnn.model.graph import unfold
from kcnn.model.plan import Plan, plan_model
from kcnn.recipe import read_recipe
from kcnn.recipe.library import shipped_recipes

NET = """
- Conv2D: {filters: 2, kernel_size: 3}
- BatchNormalization
- Flatten
- Dense: {units: 10}
- Softmax
"""


@pytest.fixture
def mixed_bfloat16() -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    yield
    keras.config.set_dtype_policy(before)


def scaled(model: keras.Model, images: np.ndarray) -> np.ndarray:
    scaling = keras.Model(model.input, model.get_layer("scaling").output)
    return keras.ops.convert_to_numpy(scaling(images))


@pytest.mark.parametrize("name", shipped_recipes())
def test_builds_every_shipped_recipe(name: str) -> None:
    recipe = read_recipe(name)
    shape = describe_settings(recipe.data).image_shape
    assert shape is not None
    classes = plan_model(recipe, shape, None).shapes[unfold(recipe)[-1].name][0]
    mean, variance = STATISTICS
    statistics = (mean[: shape[2]], variance[: shape[2]])
    plan = plan_model(recipe, shape, classes)
    model = build_model(plan, statistics)
    assert model.name == name
    assert model.input_shape == (None, *shape)
    assert model.output_shape == (None, classes)


STATISTICS = ((10.0, 20.0, 30.0), (4.0, 9.0, 16.0))
IMAGES = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3)).astype(np.float32)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize(
    ("scaling", "expected"),
    [
        ("unit", IMAGES / 255),
        ("standard", (IMAGES - [10, 20, 30]) / [2, 3, 4]),
        ("none", IMAGES),
    ],
)
def test_first_layer_scales_pixels(
    make_recipe, request, policy: str, scaling: str, expected: np.ndarray
) -> None:
    if policy != "float32":
        request.getfixturevalue("mixed_bfloat16")
    plan = plan_model(make_recipe(NET, f"data.scaling={scaling}"), (8, 8, 3), 10)
    model = build_model(plan, STATISTICS if scaling == "standard" else None)
    np.testing.assert_allclose(scaled(model, IMAGES), expected, rtol=1e-6)


def test_logits_stay_float32_under_mixed_precision(make_recipe, mixed_bfloat16) -> None:
    model = build_model(plan_model(make_recipe(NET), (8, 8, 3), 10))
    computed = {layer.name: layer.compute_dtype for layer in model.layers[1:]}
    assert computed == {
        "scaling": "float32",
        "conv2d": "bfloat16",
        "batch_normalization": "bfloat16",
        "flatten": "bfloat16",
        "dense": "float32",
        "softmax": "float32",
    }
    assert model.output.dtype == "float32"
    assert all(weight.dtype == "float32" for weight in model.weights)


TWO_BRANCHES = """
- Flatten
- Dense: {units: 4, name: trunk}
- Dense: {units: 10, name: first}
- Dropout: {rate: 0.1, name: last_of_first}
- Dense: {units: 10, name: second, inputs: trunk}
- Average: {inputs: [last_of_first, second]}
"""


def test_branches_of_logits_stay_float32_under_mixed_precision(make_recipe, mixed_bfloat16) -> None:
    model = build_model(plan_model(make_recipe(TWO_BRANCHES), (8, 8, 3), 10))
    exact = {layer.name for layer in model.layers if layer.compute_dtype == "float32"}
    assert exact == {"scaling", "first", "last_of_first", "second", "average"}


@pytest.mark.parametrize(
    ("written", "synchronized", "expected"),
    [("", False, False), ("", True, True), ("false", True, False), ("true", False, True)],
)
def test_synchronizes_batch_normalization_unless_the_recipe_sets_it(
    make_recipe, written, synchronized, expected
) -> None:
    setting = f": {{synchronized: {written}}}" if written else ""
    layers = NET.replace("BatchNormalization", f"BatchNormalization{setting}")
    plan = plan_model(make_recipe(layers), (8, 8, 3), 10)
    model = build_model(plan, synchronized=synchronized)
    assert model.get_layer("batch_normalization").synchronized is expected


def test_passes_the_settings_of_the_recipe_to_keras(make_recipe) -> None:
    layers = """
- Conv2D:
    filters: 2
    kernel_size: [3, 1]
    kernel_initializer: {Constant: {value: 0.5}}
    kernel_regularizer: {L1L2: {l1: 0.1, l2: 0.2}}
    bias_constraint: {MaxNorm: {max_value: 3}}
    trainable: false
- Flatten
- Dense: {units: 10, kernel_initializer: zeros}
"""
    model = build_model(plan_model(make_recipe(layers), (8, 8, 3), 10))
    convolution = model.get_layer("conv2d")
    assert convolution.kernel_size == (3, 1)
    assert (keras.ops.convert_to_numpy(convolution.kernel) == 0.5).all()
    assert convolution.kernel_regularizer.get_config() == {"l1": 0.1, "l2": 0.2}
    assert convolution.bias_constraint.max_value == 3
    assert convolution.trainable is False
    assert not keras.ops.convert_to_numpy(model.get_layer("dense").kernel).any()


def test_connects_branches_as_the_recipe_says(make_recipe) -> None:
    layers = """
- Conv2D: {filters: 1, kernel_size: 1, kernel_initializer: {Constant: {value: 2}}, name: twice}
- Conv2D: {filters: 1, kernel_size: 1, kernel_initializer: {Constant: {value: 3}}, inputs: image}
- Residual:
    name: sum
    body: [{Conv2D: {filters: 1, kernel_size: 1, kernel_initializer: ones}}]
- Concatenate: {inputs: [sum, twice]}
"""
    plan = plan_model(make_recipe(layers, "data.scaling=none"), (1, 1, 1), None)
    output = build_model(plan)(np.ones((1, 1, 1, 1), np.float32))
    assert keras.ops.convert_to_numpy(output).ravel().tolist() == [6.0, 2.0]


def test_refuses_a_model_that_differs_from_the_plan(make_recipe) -> None:
    layers = (
        "- Conv2D: {filters: 4, kernel_size: 3, padding: same}\n- Flatten\n- Dense: {units: 10}"
    )
    plan = plan_model(make_recipe(layers), (8, 6, 3), 10)
    keras.config.set_image_data_format("channels_first")
    try:
        with pytest.raises(RecipeError, match=r"net.yaml:4: model.layers\[0\].Conv2D: ") as caught:
            build_model(plan)
    finally:
        keras.config.set_image_data_format("channels_last")
    (problem,) = caught.value.problems
    assert problem.endswith(
        "builds an output of 4×6×3 with 292 parameters, and kcnn planned an output of 8×6×4 with "
        "112 parameters"
    )
    assert "report" in str(caught.value.hint)


def test_names_a_layer_that_keras_refuses(make_recipe) -> None:
    recipe = make_recipe("- ReLU\n- Conv2D: {filters: 4, kernel_size: 3, name: wide}")
    unchecked = Plan(recipe, tuple(unfold(recipe)), {"image": (2, 2, 1)}, None)
    with pytest.raises(RecipeError) as caught:
        build_model(unchecked)
    (problem,) = caught.value.problems
    assert problem.startswith("net.yaml:5: model.layers[1].Conv2D: layer wide: Keras says: ")
    assert "\n" not in problem
    assert not problem.endswith("Keras says: ")


def test_a_bug_of_kcnn_is_no_refusal_of_keras(make_recipe, monkeypatch) -> None:
    plan = plan_model(make_recipe(NET), (8, 8, 3), 10)
    monkeypatch.setattr("kcnn.model.build.kinds.Application", 3)  # isinstance refuses a number
    with pytest.raises(TypeError, match="isinstance"):
        build_model(plan)


def test_built_model_can_be_saved_and_loaded(make_recipe, tmp_path: Path) -> None:
    layers = NET.replace("- Flatten", "- LocalResponseNormalization: {depth_radius: 3}\n- Flatten")
    model = build_model(plan_model(make_recipe(layers), (8, 8, 3), 10))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_layer("local_response_normalization").depth_radius == 3
    np.testing.assert_array_equal(loaded(IMAGES), model(IMAGES))


def kinds_of(recipe, compiled: bool = False) -> dict[str, type[keras.Layer]]:
    model = build_model(plan_model(recipe, (8, 6, 3), 10), compiled=compiled)
    return {layer.name: type(layer) for layer in model.layers}


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ("filters: 4, kernel_size: [8, 6]", WholeMapConvolution),
        ("filters: 4, kernel_size: [8, 6], padding: same", keras.layers.Conv2D),
        ("filters: 3, kernel_size: [8, 6], groups: 3", keras.layers.Conv2D),
        ("filters: 4, kernel_size: [6, 6]", keras.layers.Conv2D),
    ],
)
def test_kernel_as_large_as_its_input_becomes_a_matrix_product(
    make_recipe, settings: str, kind: type
) -> None:
    layers = f"- Conv2D: {{name: whole, {settings}}}\n- Flatten\n- Dense: {{units: 10}}"
    assert kinds_of(make_recipe(layers))["whole"] is kind


def test_compiles_activations_only_if_compiled(make_recipe) -> None:
    recipe = make_recipe(NET.replace("- Flatten", "- Activation: {activation: gelu}\n- Flatten"))
    plan = plan_model(recipe, (8, 8, 3), 10)
    plain, compiled = build_model(plan), build_model(plan, compiled=True)
    assert plain.get_layer("activation").activation is keras.activations.gelu
    assert compiled.get_layer("activation").activation is not keras.activations.gelu
    compiled.set_weights(plain.get_weights())
    np.testing.assert_allclose(compiled(IMAGES), plain(IMAGES), rtol=1e-5, atol=1e-5)
