from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kcnn.errors import RecipeError
from kcnn.recipe.strict_yaml import read_yaml
from kcnn.recipe.write import yaml_line
from kcnn.studies.grid import expand_grid, read_axes


def labels(*over: str) -> list[str]:
    return [point.label for point in expand_grid("digits", [], read_axes(over))]


def test_a_single_setting_has_no_name_in_the_label() -> None:
    over = "train.optimizer=[SGD, {SGD: {momentum: 0.9, nesterov: true}}, Adam]"
    (plain, nesterov, adam) = expand_grid("digits", [], read_axes([over]))
    assert [plain.label, nesterov.label, adam.label] == [
        "SGD", "SGD: {momentum: 0.9, nesterov: true}", "Adam",
    ]  # fmt: skip
    assert adam.title == "optimizer=Adam"
    assert nesterov.overrides == ("train.optimizer={SGD: {momentum: 0.9, nesterov: true}}",)
    assert nesterov.name == "optimizer-SGD-momentum-0.9-nesterov-true"


def test_the_last_axis_varies_fastest() -> None:
    assert labels("train.batch_size=[16, 32]", "train.optimizer=[SGD, Adam]") == [
        "batch_size=16, optimizer=SGD", "batch_size=16, optimizer=Adam",
        "batch_size=32, optimizer=SGD", "batch_size=32, optimizer=Adam",
    ]  # fmt: skip


def test_writes_settings_with_equal_last_names_in_full() -> None:
    over = [f"model.layers[{index}].Conv2D.filters=[4]" for index in (0, 2)]
    settings = ["model.layers=[Conv2D, ReLU, Conv2D, Flatten, {Dense: {units: 10}}]"]
    settings += [f"model.layers[{index}].Conv2D.kernel_size=3" for index in (0, 2)]
    (point,) = expand_grid("digits", settings, read_axes(over))
    assert point.label == "model.layers[0].Conv2D.filters=4, model.layers[2].Conv2D.filters=4"
    assert point.name == "model-layers-0-Conv2D-filters-4-model-layers-2-Conv2D-filters-4"


def test_reports_all_mistakes_at_once() -> None:
    over = ["train.optimizer=[SGD, SDG]", "train.batch_size=[0, 32]"]
    with pytest.raises(RecipeError) as caught:
        expand_grid("digits", [], read_axes(over))
    assert len(caught.value.problems) == 2
    assert any("did you mean SGD?" in problem for problem in caught.value.problems)
    assert any("expected a number above 0; got 0" in problem for problem in caught.value.problems)


def test_names_no_point_for_a_mistake_of_all_points() -> None:
    with pytest.raises(RecipeError) as caught:
        expand_grid("digits", ["data.image_size=[1, 1]"], read_axes(["train.epochs=[1, 2]"]))
    (problem,) = caught.value.problems
    assert "(with " not in problem


@pytest.mark.parametrize("lost", ["train.optimizer=SGD", "train.optimizer.Adam.epsilon=0.1"])
def test_refuses_an_override_that_the_grid_would_replace(lost: str) -> None:
    axes = read_axes(["train.optimizer=[SGD, Adam]"])
    with pytest.raises(RecipeError) as caught:
        expand_grid("digits", [lost, "train.epochs=3"], axes)
    assert caught.value.problems == (
        f"command line, {lost}: --over varies train.optimizer, and this would be lost; leave it "
        "out",
    )


def test_names_the_point_whose_model_does_not_fit() -> None:
    over = read_axes(["data.image_size=[[8, 8], [1, 1]]"])
    with pytest.raises(RecipeError, match=r"\(with image_size=\[1, 1\]\)$"):
        expand_grid("digits", ["model.layers[0].Conv2D.padding=valid"], over)


@pytest.mark.parametrize(
    "over",
    [
        "train.optimizer=[SGD, {SGD: {}}]",
        "train.epochs=[2, 2]",
        "name=[a, b]",
        "train.checkpoint_every_minutes=[1, 10]",
    ],
)
def test_refuses_the_same_training_twice(over: str) -> None:
    with pytest.raises(RecipeError, match="are the same training; leave one out"):
        expand_grid("digits", [], read_axes([over]))


@pytest.mark.parametrize(
    ("over", "problem"),
    [
        ("train.epochs", "expected a setting and a list of its values"),
        ("=[1]", "expected a setting and a list of its values"),
        ("train.epochs=3", "expected a list of values in brackets"),
        ("train.epochs=[]", "expected a list of values in brackets"),
        ("train.epochs=[1", "the [ is not closed; write ] at its end"),
        ("train.seed=[0, 1]", "--seeds 3 trains each with several"),
        ("train.shuffle=[yes, no]", "true"),
    ],
)
def test_refuses_invalid_axes(over: str, problem: str) -> None:
    with pytest.raises(RecipeError, match=r"^--over ") as caught:
        read_axes([over])
    assert problem in caught.value.message


def test_refuses_a_setting_named_twice() -> None:
    with pytest.raises(RecipeError, match="named twice"):
        read_axes(["train.epochs=[1]", "train.epochs=[2]"])


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15)
    | st.text("aé1e-. :{#'\"", max_size=6) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", min_size=1), inner),
    max_leaves=6,
)  # fmt: skip


@given(PLAIN)
def test_a_value_written_on_a_line_is_read_back_equal(value: object) -> None:
    text = yaml_line(value)
    assert "\n" not in text
    assert read_yaml(text.encode()).value == value
