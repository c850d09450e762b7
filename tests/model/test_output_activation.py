from __future__ import annotations

import pytest

from kcnn.model.build import build_model
from kcnn.model.plan import plan_model
from kcnn.model.probabilities import probability_model

SOFTMAX = "- Flatten\n- Dense: {units: 10, activation: softmax, name: first}"
HEADS = SOFTMAX + "\n- Dense: {units: 10, inputs: %s, name: second%s}\n"
MAP = "- Conv2D: {filters: 10, kernel_size: 4, activation: softmax%s}\n"
MAP_OF_SUMS = "- Conv2D: {filters: 10, kernel_size: 3}\n"


@pytest.mark.parametrize(
    ("layers", "activation"),
    [
        (SOFTMAX + "\n- Reshape: {target_shape: [1, 10]}\n- Flatten", "softmax"),
        (SOFTMAX + "\n- Dropout: {rate: 0.1}", "softmax"),
        (MAP % "" + "- Flatten", "softmax"),
        (MAP % ", padding: same" + "- GlobalAveragePooling2D", "softmax"),
        (MAP % ", padding: same" + "- GlobalMaxPooling2D", "linear"),
        # Five of each row sum to 1, and not the ten of both.
        ("- Reshape: {target_shape: [2, 8]}\n- Dense: {units: 5, activation: softmax}\n- Flatten",
         "linear"),
        (HEADS % ("first", ", activation: softmax") + "- Average: {inputs: [first, second]}",
         "softmax"),
        (HEADS % ("first", "") + "- Average: {inputs: [first, second]}", "linear"),
        (HEADS % ("first", ", activation: softmax") + "- Add: {inputs: [first, second]}", "linear"),
        ("- Flatten\n- Dense: {units: 10, activation: sigmoid}\n- Dropout: {rate: 0.1}",
         "sigmoid"),
        ("- Flatten\n- Dense: {units: 10}\n- Softmax: {axis: 1}", "softmax"),
        (MAP_OF_SUMS + "- Softmax\n- GlobalAveragePooling2D", "softmax"),
        (MAP_OF_SUMS + "- Softmax: {axis: [1, 2]}\n- GlobalAveragePooling2D", "linear"),
        ("- Flatten", "linear"),
    ],
)  # fmt: skip
def test_recipe_and_model_agree_on_what_the_output_is(make_recipe, layers, activation) -> None:
    plan = plan_model(make_recipe(layers), (4, 4, 1), None)
    model = build_model(plan)
    assert plan.output_activation == activation
    assert (probability_model(model) is model) == (activation != "linear")
