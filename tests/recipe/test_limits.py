"""Values that Keras refuses only during the training, or accepts and misunderstands."""

from __future__ import annotations

import pytest

from kcnn.errors import RecipeError
from kcnn.recipe import read_recipe

ONE_HOT = "train.loss=CategoricalCrossentropy"
TAIL = "Flatten, {Dense: {units: 10}}"


def transposed(padding: str) -> str:
    layer = f"{{Conv2DTranspose: {{filters: 2, kernel_size: 3, output_padding: {padding}}}}}"
    return f"model.layers=[{layer}, {TAIL}]"


def dense(setting: str) -> str:
    return f"model.layers=[Flatten, {{Dense: {{units: 10, {setting}}}}}]"


@pytest.mark.parametrize(
    "setting",
    [
        transposed("0"),
        transposed("[1, 0]"),
        f"model.layers=[{{GaussianNoise: {{stddev: 1}}}}, {TAIL}]",
        "train.metrics=[{AUC: {num_thresholds: 2}}]",
        "train.optimizer={Muon: {exclude_layers: [^dense, 'conv2d_[12]$']}}",
        dense("kernel_initializer: {RandomUniform: {minval: -1}}"),
        dense("kernel_initializer: {RandomUniform: {minval: 0.1, maxval: 0.1}}"),
        dense("kernel_constraint: {MinMaxNorm: {min_value: 1, max_value: 2}}"),
    ],
)
def test_accepts_values_at_the_limit(setting: str) -> None:
    assert read_recipe("digits", [ONE_HOT, setting]).name == "digits"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (transposed("[[1, 0], [0, 1]]"),
         "model.layers[0].Conv2DTranspose.output_padding: expected a whole number from 0, or "
         "[height, width]; got [[1, 0], [0, 1]]"),
        (f"model.layers=[{{GaussianNoise: {{stddev: 10}}}}, {TAIL}]",
         "model.layers[0].GaussianNoise.stddev: expected a number of at most 1; got 10"),
        ("train.metrics=[{AUC: {num_thresholds: 1}}]",
         "train.metrics[0].AUC.num_thresholds: expected a number of at least 2; got 1"),
        ("train.optimizer={Muon: {exclude_layers: ['(']}}",
         "train.optimizer.Muon.exclude_layers[0]: expected a regular expression, as in conv or "
         "^dense; got '('"),
        ("train.optimizer={Muon: {exclude_layers: [3]}}",
         "train.optimizer.Muon.exclude_layers[0]: expected a regular expression, as in conv or "
         "^dense; got 3"),
        (dense("kernel_initializer: {RandomUniform: {minval: 5, maxval: 1}}"),
         "model.layers[1].Dense.kernel_initializer.RandomUniform: minval 5 is above maxval, 1; "
         "write a higher maxval"),
        (dense("kernel_initializer: {RandomUniform: {minval: 5}}"),
         "model.layers[1].Dense.kernel_initializer.RandomUniform: minval 5 is above maxval, 0.05; "
         "write a higher maxval"),
        (dense("kernel_constraint: {MinMaxNorm: {min_value: 5}}"),
         "model.layers[1].Dense.kernel_constraint.MinMaxNorm: min_value 5 is above max_value, 1; "
         "write a higher max_value"),
    ],
)  # fmt: skip
def test_refuses_values_beyond_the_limit(setting: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        read_recipe("digits", [ONE_HOT, setting])
    assert caught.value.problems == (f"command line, {setting}: {message}",)
