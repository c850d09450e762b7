"""Costs against hand-computed values; against Keras's counts in test_shapes.py."""

from __future__ import annotations

import pytest

from kcnn.model.costs import Cost
from kcnn.model.plan import plan_model
from kcnn.recipe import read_recipe

LENET = """
- Conv2D: {filters: 6, kernel_size: 5, activation: tanh}
- AveragePooling2D: {pool_size: 2}
- Conv2D: {filters: 16, kernel_size: 5, activation: tanh}
- AveragePooling2D: {pool_size: 2}
- Conv2D: {filters: 120, kernel_size: 5, activation: tanh}
- Flatten
- Dense: {units: 84, activation: tanh}
- Dense: {units: 10, activation: softmax}
"""
SIMPLE_CONV_NET = """
- Conv2D: {filters: 30, kernel_size: 5, activation: relu}
- MaxPooling2D
- Flatten
- Dense: {units: 100, activation: relu}
- Dense: {units: 10}
"""


@pytest.mark.parametrize(
    ("name", "shape", "parameters", "multiply_adds"),
    [
        # 28·28·9·32 + 14·14·9·32·64 + 3136·10
        ("mnist", (28, 28, 1), 50_186, 225_792 + 3_612_672 + 31_360),
        # 32·32·27·16 + 16·16·9·16·32 + 2048·10
        ("cifar", (32, 32, 3), 25_578, 442_368 + 1_179_648 + 20_480),
    ],
)
def test_shipped_nets_of_the_tutorials(name, shape, parameters, multiply_adds) -> None:
    cost = plan_model(read_recipe(name), shape, 10).cost
    assert cost == Cost(parameters, 0, multiply_adds)


def test_resnet20() -> None:
    cost = plan_model(read_recipe("resnet20"), (32, 32, 3), 10).cost
    assert 270_000 < cost.parameters < 280_000
    assert cost.not_trained == 2 * (7 * 16 + 7 * 32 + 7 * 64)


def test_lenet_5(make_recipe) -> None:
    cost = plan_model(make_recipe(LENET), (32, 32, 1), 10).cost
    # 28·28·25·6 + 10·10·150·16 + 400·120 + 120·84 + 84·10
    assert cost == Cost(61_706, 0, 117_600 + 240_000 + 48_000 + 10_080 + 840)


def test_simple_conv_net(make_recipe) -> None:
    cost = plan_model(make_recipe(SIMPLE_CONV_NET), (28, 28, 1), 10).cost
    # 24·24·25·30 + 4320·100 + 100·10
    assert cost == Cost(433_890, 0, 432_000 + 432_000 + 1_000)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [  # on a 4×4×6 map
        ("Conv2D: {filters: 4, kernel_size: 3, padding: same}", Cost(220, 0, 216 * 16)),
        ("Conv2D: {filters: 4, kernel_size: 3, padding: 1, strides: 2}", Cost(220, 0, 216 * 4)),
        ("Conv2D: {filters: 4, kernel_size: [1, 3], groups: 2, use_bias: false}",
         Cost(36, 0, 36 * 8)),
        ("Conv2D: {filters: 4, kernel_size: 1, trainable: false}", Cost(28, 28, 24 * 16)),
        ("DepthwiseConv2D: {kernel_size: 3, depth_multiplier: 2}", Cost(120, 0, 108 * 4)),
        ("SeparableConv2D: {filters: 4, kernel_size: 3}", Cost(82, 0, (54 + 24) * 4)),
        ("Conv2DTranspose: {filters: 4, kernel_size: 3, strides: 2}", Cost(220, 0, 216 * 16)),
        ("Dense: {units: 5}", Cost(35, 0, 30 * 16)),
        ("BatchNormalization", Cost(24, 12, 96)),
        ("BatchNormalization: {scale: false}", Cost(18, 12, 96)),
        ("BatchNormalization: {trainable: false}", Cost(24, 24, 96)),
        ("LayerNormalization: {axis: [1, 2, 3]}", Cost(192, 0, 96)),
        ("GroupNormalization: {groups: 2}", Cost(12, 0, 96)),
        ("PReLU", Cost(96, 0, 96)),
        ("PReLU: {shared_axes: [1, 2]}", Cost(6, 0, 96)),
        ("MaxPooling2D", Cost()),
        ("Dropout: {rate: 0.5}", Cost()),
    ],
)  # fmt: skip
def test_one_layer(make_recipe, layer: str, expected: Cost) -> None:
    assert plan_model(make_recipe(f"- {layer}"), (4, 4, 6), None).cost == expected


@pytest.mark.parametrize(
    ("layer", "pattern", "expected"),
    [
        ("Conv2D: {filters: 4, kernel_size: 3}", "*/kernel", Cost(220, 216, 216 * 4)),
        ("Conv2D: {filters: 4, kernel_size: 3}", "*", Cost(220, 220, 216 * 4)),
        ("DepthwiseConv2D: {kernel_size: 3}", "*/bias", Cost(60, 6, 54 * 4)),
        ("SeparableConv2D: {filters: 4, kernel_size: 3}", "*/depthwise*",
         Cost(82, 54, (54 + 24) * 4)),
        ("Conv2DTranspose: {filters: 4, kernel_size: 3}", "*/bias", Cost(220, 4, 216 * 16)),
        ("Dense: {units: 5}", "*/kernel", Cost(35, 30, 30 * 16)),
        ("BatchNormalization", "*/beta", Cost(24, 18, 96)),
        ("PReLU", "*/alpha", Cost(96, 96, 96)),
    ],
)  # fmt: skip
def test_weights_with_a_multiplier_of_0_are_not_trained(
    make_recipe, layer, pattern, expected
) -> None:
    recipe = make_recipe(f"- {layer}", f"train.learning_rate_multipliers={{'{pattern}': 0}}")
    assert plan_model(recipe, (4, 4, 6), None).cost == expected


def test_weights_with_other_multipliers_are_trained(make_recipe) -> None:
    recipe = make_recipe("- Dense: {units: 5}", "train.learning_rate_multipliers={'*': 0.1}")
    assert plan_model(recipe, (4, 4, 6), None).cost.not_trained == 0


def test_cifar94_does_not_train_its_whitening_kernel() -> None:
    cost = plan_model(read_recipe("cifar94"), (32, 32, 3), 10).cost
    whitening, moving = 2 * 2 * 3 * 24, 2 * (2 * 64 + 4 * 256)
    assert cost.not_trained == whitening + moving == 2_592
