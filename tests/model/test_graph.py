from __future__ import annotations

import time

import keras
import pytest

from kcnn.errors import RecipeError
from kcnn.model.graph import unfold
from kcnn.recipe.layers import ZeroPadding2D


def edges(recipe) -> list[tuple[str, tuple[str, ...]]]:
    return [(node.name, node.inputs) for node in unfold(recipe)]


def test_layers_are_named_as_keras_names_them(make_recipe) -> None:
    recipe = make_recipe(
        "- Conv2D: {filters: 1, kernel_size: 1}\n- ReLU\n- PReLU\n- ReLU\n"
        "- Conv2D: {filters: 1, kernel_size: 1}\n- GlobalAveragePooling2D"
    )
    keras.backend.clear_session()
    keras_layers = [
        keras.layers.Conv2D(1, 1), keras.layers.ReLU(), keras.layers.PReLU(), keras.layers.ReLU(),
        keras.layers.Conv2D(1, 1), keras.layers.GlobalAveragePooling2D(),
    ]  # fmt: skip
    assert [name for name, _ in edges(recipe)] == [layer.name for layer in keras_layers]


def test_layers_form_a_chain(make_recipe) -> None:
    recipe = make_recipe("- Flatten\n- ReLU\n- Dense: {units: 3, name: last}")
    assert edges(recipe) == [
        ("flatten", ("image",)),
        ("re_lu", ("flatten",)),
        ("last", ("re_lu",)),
    ]
    assert unfold(recipe)[2].loc == ("model", "layers", 2, "Dense")


def test_numbering_skips_names_that_are_taken(make_recipe) -> None:
    recipe = make_recipe("- ReLU: {name: re_lu_1}\n- ReLU\n- ReLU")
    assert [name for name, _ in edges(recipe)] == ["re_lu_1", "re_lu", "re_lu_2"]


def test_inputs_connect_branches(make_recipe) -> None:
    recipe = make_recipe(
        "- ReLU: {name: a}\n- ReLU: {name: b, inputs: image}\n- Add: {inputs: [a, b, image]}"
    )
    assert edges(recipe) == [
        ("a", ("image",)),
        ("b", ("image",)),
        ("add", ("a", "b", "image")),
    ]


def test_residual_adds_body_and_shortcut(make_recipe) -> None:
    recipe = make_recipe(
        "- ReLU: {name: stem}\n"
        "- Residual: {name: sum, body: [ReLU, {ReLU: {name: deep}}], shortcut: [ELU]}\n"
        "- Residual: {body: [ReLU]}\n"
    )
    assert edges(recipe) == [
        ("stem", ("image",)),
        ("re_lu", ("stem",)),
        ("deep", ("re_lu",)),
        ("elu", ("stem",)),
        ("sum", ("deep", "elu")),
        ("re_lu_1", ("sum",)),
        ("add", ("re_lu_1", "sum")),
    ]


def test_residual_with_inputs(make_recipe) -> None:
    recipe = make_recipe(
        "- ReLU: {name: a}\n- ReLU: {name: b}\n- Residual: {name: sum, inputs: a, body: [ELU]}\n"
        "- Average: {inputs: [sum, b]}"
    )
    assert edges(recipe)[2:] == [
        ("elu", ("a",)),
        ("sum", ("elu", "a")),
        ("average", ("sum", "b")),
    ]


def test_repeat_numbers_the_names_of_its_body(make_recipe) -> None:
    recipe = make_recipe(
        "- Repeat:\n"
        "    times: 2\n"
        "    name: stack\n"
        "    body:\n"
        "      - ReLU: {name: first}\n"
        "      - ELU: {name: elu}\n"
        "      - Add: {name: sum, inputs: [first, image]}\n"
        "      - Average: {name: mean, inputs: [elu, sum]}\n"
        "- Add: {inputs: [stack, sum, first_1]}"
    )
    assert edges(recipe) == [
        ("first_1", ("image",)),
        ("elu_1", ("first_1",)),
        ("sum_1", ("first_1", "image")),
        ("mean_1", ("elu_1", "sum_1")),
        ("first_2", ("mean_1",)),
        ("elu_2", ("first_2",)),
        ("sum_2", ("first_2", "image")),
        ("mean_2", ("elu_2", "sum_2")),
        ("add", ("mean_2", "sum_2", "first_1")),
    ]


def test_repeat_within_repeat(make_recipe) -> None:
    recipe = make_recipe(
        "- Repeat: {times: 2, body: [{Repeat: {times: 2, body: [{ReLU: {name: r}}]}}, "
        "{Add: {name: s, inputs: [r, image]}}]}"
    )
    assert edges(recipe) == [
        ("r_1_1", ("image",)),
        ("r_1_2", ("r_1_1",)),
        ("s_1", ("r_1_2", "image")),
        ("r_2_1", ("s_1",)),
        ("r_2_2", ("r_2_1",)),
        ("s_2", ("r_2_2", "image")),
    ]


@pytest.mark.parametrize(
    ("padding", "border"),
    [("1", 1), ("0", 0), ("[1, 2]", [1, 2]), ("[[1, 0], [0, 2]]", [[1, 0], [0, 2]])],
)
@pytest.mark.parametrize("kind", ["Conv2D", "SeparableConv2D", "DepthwiseConv2D"])
def test_numeric_padding_becomes_a_layer(make_recipe, kind: str, padding: str, border) -> None:
    filters = "" if kind == "DepthwiseConv2D" else "filters: 1, "
    recipe = make_recipe(f"- {kind}: {{{filters}kernel_size: 3, padding: {padding}, name: c}}")
    zeros, convolution = unfold(recipe)
    assert isinstance(zeros.layer, ZeroPadding2D)
    assert zeros.layer.padding == border
    assert (zeros.name, zeros.inputs) == ("zero_padding2d", ("image",))
    assert (convolution.name, convolution.inputs) == ("c", ("zero_padding2d",))
    assert convolution.layer.padding == "valid"
    assert convolution.loc == zeros.loc


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("- ReLU: {inputs: later}\n- ReLU: {name: later}", [
            "4: model.layers[0].ReLU.inputs: no earlier layer is named later (inputs name layers "
            "above, by the name they were given)"]),
        ("- ReLU: {name: itself, inputs: itself}", [
            "4: model.layers[0].ReLU.inputs: no earlier layer is named itself (inputs name layers "
            "above, by the name they were given)"]),
        ("- ReLU: {name: first}\n- ReLU: {inputs: frist}", [
            "5: model.layers[1].ReLU.inputs: no earlier layer is named frist; did you mean first? "
            "(inputs name layers above, by the name they were given)"]),
        ("- ReLU: {name: a}\n- ELU: {name: a}", ["5: model.layers[1].ELU: the name a is taken; "
                                                  "choose another"]),
        ("- ReLU: {name: scaling}", ["4: model.layers[0].ReLU: the name scaling is taken; choose "
                                     "another"]),
        ("- ReLU: {name: a}\n- Repeat: {name: a, times: 1, body: [ReLU]}", [
            "5: model.layers[1].Repeat: the name a is taken; choose another"]),
        ("- Repeat: {times: 2, body: [{ReLU: {name: a}}]}\n- ReLU: {name: a_2}", [
            "5: model.layers[1].ReLU: the name a_2 is taken; choose another"]),
        ("- Add", ["4: model.layers[0].Add: Add joins at least two layers; name them in inputs: "
                   "[a, b]"]),
        ("- Add: {inputs: image}", ["4: model.layers[0].Add: Add joins at least two layers; name "
                                    "them in inputs: [a, b]"]),
        ("- ReLU: {name: a}\n- ReLU: {inputs: [a, image]}", [
            "5: model.layers[1].ReLU: ReLU reads one layer, not 2; join them with Add first"]),
        ("- ReLU: {name: a}\n- Residual: {inputs: [a, image], body: [ReLU]}", [
            "5: model.layers[1].Residual: Residual reads one layer, not 2; join them with Add "
            "first"]),
        ("- ReLU: {name: a}\n- Repeat: {inputs: [a, image], times: 1, body: [ReLU]}", [
            "5: model.layers[1].Repeat: Repeat reads one layer, not 2; join them with Add first"]),
        ("- ReLU: {name: a}\n- ELU: {inputs: image}", [
            "4: model.layers[0].ReLU: nothing reads layer a; name it in inputs"]),
        ("- Residual: {body: [{ReLU: {inputs: inner}}], shortcut: [{ELU: {name: inner}}]}", [
            "4: model.layers[0].Residual.body[0].ReLU.inputs: no earlier layer is named inner "
            "(inputs name layers above, by the name they were given)"]),
        ("- ReLU: {inputs: x}\n- ReLU: {inputs: y}", [
            "4: model.layers[0].ReLU.inputs: no earlier layer is named x (inputs name layers "
            "above, by the name they were given)",
            "5: model.layers[1].ReLU.inputs: no earlier layer is named y (inputs name layers "
            "above, by the name they were given)"]),
    ],
)  # fmt: skip
def test_refuses_invalid_graphs(graph_problems, layers: str, expected: list[str]) -> None:
    assert graph_problems(layers) == [f"net.yaml:{line}" for line in expected]


@pytest.mark.parametrize("times", [(10, 500), (1000, 1000)])
def test_refuses_too_many_layers_quickly(make_recipe, times: tuple[int, int]) -> None:
    outer, inner = times
    recipe = make_recipe(
        f"- ReLU\n- Repeat: {{times: {outer}, "
        f"body: [{{Repeat: {{times: {inner}, body: [ReLU]}}}}]}}"
    )
    started = time.perf_counter()
    with pytest.raises(RecipeError) as caught:
        unfold(recipe)
    assert caught.value.problems == (
        "net.yaml:5: model.layers[1].Repeat.body[0].Repeat.body[0].ReLU: more than 5,000 layers; "
        "repeat less often",
    )
    assert time.perf_counter() - started < 2


def test_unfolds_many_layers_quickly(make_recipe) -> None:
    recipe = make_recipe(
        "- Repeat: {times: 1000, body: [ReLU, ReLU, ReLU, ReLU, {ReLU: {name: a}}]}"
    )
    started = time.perf_counter()
    assert unfold(recipe)[-1].name == "a_1000"
    assert time.perf_counter() - started < 2
