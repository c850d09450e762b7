from __future__ import annotations

import pytest

from kcnn.errors import RecipeError
from kcnn.model.graph import unfold
from kcnn.model.plan import plan_model

LAYERS = """
- Conv2D: {filters: 4, kernel_size: 3}
- BatchNormalization: {scale: false}
- Flatten
- Dense: {units: 10}
"""


def found(make_recipe, patterns: str) -> dict[str, float]:
    recipe = make_recipe(LAYERS, f"train.learning_rate_multipliers={patterns}")
    return plan_model(recipe, (8, 8, 1), 10).learning_rate_multipliers


def test_patterns_mean_paths(make_recipe) -> None:
    assert found(make_recipe, "{'*/bias': 2, batch_*: 64, dense/kernel: 0}") == {
        "conv2d/bias": 2,
        "dense/bias": 2,
        "batch_normalization/beta": 64,
        "dense/kernel": 0,
    }
    assert found(make_recipe, "null") == {}


def test_layers_that_repeat_have_weights_of_their_own(make_recipe) -> None:
    body = "[{Conv2D: {filters: 1, kernel_size: 1, name: inner}}]"
    layers = f"- Repeat: {{times: 2, body: [{{Residual: {{body: {body}}}}}]}}"
    recipe = make_recipe(layers, "train.learning_rate_multipliers={'inner_*/kernel': 2}")
    assert {node.name: node.multipliers for node in unfold(recipe)} == {
        "inner_1": {"kernel": 2}, "add": {}, "inner_2": {"kernel": 2}, "add_1": {},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        ("{dense/kernal: 2}", "no weight that is trained; did you mean dense/kernel?"),
        ("{'*/gamma': 2}",
         "no weight that is trained; those are conv2d/kernel, conv2d/bias, "
         "batch_normalization/beta, …, and a pattern for several is as in */bias"),
        ("{batch_normalization/moving_mean: 2}",
         "no weight that is trained; did you mean batch_normalization/beta?"),
        ("{'*/bias': 2, 'dense/*': 3}", "dense/bias is meant by '*/bias' already"),
    ],
)  # fmt: skip
def test_patterns_that_mean_nothing_or_too_much(make_recipe, patterns: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        found(make_recipe, patterns)
    (problem,) = caught.value.problems
    assert problem.startswith(f"command line, train.learning_rate_multipliers={patterns}: train.")
    assert problem.endswith(message)


def test_weights_of_frozen_layers_are_not_meant(make_recipe) -> None:
    layers = "- Flatten\n- Dense: {units: 10, trainable: false}"
    pattern = "train.learning_rate_multipliers={dense/bias: 2}"
    with pytest.raises(RecipeError, match="did you mean dense_1/bias"):
        unfold(make_recipe(f"{layers}\n- Dense: {{units: 10}}", pattern))
    with pytest.raises(RecipeError, match="no weight that is trained: this model has none"):
        unfold(make_recipe(layers, pattern))
