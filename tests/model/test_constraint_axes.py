from __future__ import annotations

import pytest

from kcnn.errors import RecipeError
from kcnn.model.plan import plan_model

END = "- Flatten\n- Dense: {units: 10}"


def constrained(kind: str, setting: str, axis: str, more: str = "") -> str:
    return f"- {kind}: {{{more}{setting}_constraint: {{MaxNorm: {{axis: {axis}}}}}}}"


CONV = "filters: 2, kernel_size: 3, "


@pytest.mark.parametrize(
    "layer",
    [
        constrained("Conv2D", "kernel", "[0, 1, 2]", CONV),
        constrained("Conv2D", "kernel", "-4", CONV),
        constrained("Conv2D", "bias", "0", CONV),
        constrained("SeparableConv2D", "pointwise", "3", CONV),
        constrained("DepthwiseConv2D", "depthwise", "[0, 1]", "kernel_size: 3, "),
        constrained("Dense", "kernel", "1", "units: 3, "),
        constrained("PReLU", "alpha", "2"),
        constrained("LayerNormalization", "gamma", "1", "axis: [1, 2], "),
        "- Conv2D: {filters: 2, kernel_size: 3, kernel_constraint: NonNeg}",
        "- Dense: {units: 3, kernel_constraint: {UnitNorm: {axis: null}}}",
    ],
)
def test_axes_that_the_weight_has(make_recipe, layer: str) -> None:
    assert plan_model(make_recipe(f"{layer}\n{END}"), (8, 8, 1), 10).classes == 10


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (constrained("Conv2D", "kernel", "4", CONV),
         "kernel_constraint: layer conv2d: MaxNorm along axis 4, and this kernel has axes 0 to 3; "
         "write axis: [0, 1, 2]"),
        (constrained("Conv2D", "bias", "[0, 1, 2]", CONV),
         "bias_constraint: layer conv2d: MaxNorm along axis [0, 1, 2], and this bias has axis 0 "
         "only; write axis: 0"),
        (constrained("Dense", "kernel", "[0, 1, 2]", "units: 3, "),
         "kernel_constraint: layer dense: MaxNorm along axis [0, 1, 2], and this kernel has axes 0 "
         "to 1; write axis: 0"),
        (constrained("Dense", "kernel", "[0, 0]", "units: 3, "),
         "kernel_constraint: layer dense: MaxNorm along axis [0, 0], and this kernel has axes 0 to "
         "1; write axis: 0"),
        (constrained("PReLU", "alpha", "-4"),
         "alpha_constraint: layer p_re_lu: MaxNorm along axis -4, and this alpha has axes 0 to 2; "
         "write axis: [0, 1]"),
        (constrained("BatchNormalization", "gamma", "1"),
         "gamma_constraint: layer batch_normalization: MaxNorm along axis 1, and this gamma has "
         "axis 0 only; write axis: 0"),
        (constrained("LayerNormalization", "beta", "2", "axis: [1, 2], "),
         "beta_constraint: layer layer_normalization: MaxNorm along axis 2, and this beta has axes "
         "0 to 1; write axis: 0"),
    ],
)  # fmt: skip
def test_axes_that_the_weight_does_not_have(make_recipe, layer: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        plan_model(make_recipe(f"{layer}\n{END}"), (8, 8, 1), 10)
    (problem,) = caught.value.problems
    assert problem.endswith(message)
    assert problem.startswith("net.yaml:4: model.layers[0].")
