"""Paths of weights, compared with Keras; test_shapes.py compares each layer's."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import pytest

from kcnn.model.build import build_model
from kcnn.model.checked_recipe import plan_without_images
from kcnn.model.plan import Plan, plan_model
from kcnn.recipe import read_recipe
from kcnn.recipe.layers import Layer
from kcnn.recipe.library import shipped_recipes

WEIGHTED = """
- Conv2D: {filters: 4, kernel_size: 3, padding: 1, name: first}
- PReLU
- Repeat:
    times: 2
    body:
      - Residual:
          body:
            - Conv2D: {filters: 4, kernel_size: 3, padding: same, use_bias: false, name: inner}
            - BatchNormalization
          shortcut:
            - BatchNormalization: {scale: false}
- BatchNormalization: {trainable: false}
- DepthwiseConv2D: {kernel_size: 3}
- DepthwiseConv2D: {kernel_size: 1, use_bias: false}
- LayerNormalization: {center: false}
- SeparableConv2D: {filters: 4, kernel_size: 3}
- SeparableConv2D: {filters: 4, kernel_size: 1, use_bias: false}
- LayerNormalization
- Conv2DTranspose: {filters: 4, kernel_size: 3}
- GroupNormalization: {groups: 2}
- LocalResponseNormalization
- Conv2DTranspose: {filters: 4, kernel_size: 3, use_bias: false, name: last_map}
- Conv2D: {filters: 4, kernel_size: 8}
- PReLU: {trainable: false}
- Flatten
- Dense: {units: 4, use_bias: false}
- Dense: {units: 4, trainable: false}
- Dense: {units: 10}
"""


def paths(variables: Sequence[keras.Variable]) -> list[str]:
    return sorted(variable.path for variable in variables)


def trainable_weights(layer: Layer) -> Sequence[str]:
    return layer.trainable_weights


def weight_names(layer: Layer) -> Sequence[str]:
    return layer.weight_names


def named(plan: Plan, names: Callable[[Layer], Sequence[str]]) -> list[str]:
    return sorted(node.path(name) for node in plan.nodes for name in names(node.layer))


@pytest.mark.parametrize("compiled", [False, True])
def test_names_in_branches_and_repetitions(make_recipe, compiled: bool) -> None:
    plan = plan_model(make_recipe(WEIGHTED), (8, 8, 3), 10)
    model = build_model(plan, compiled=compiled)
    assert named(plan, trainable_weights) == paths(model.trainable_variables)
    assert named(plan, weight_names) == paths(model.variables)


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_recipe(name: str) -> None:
    plan = plan_without_images(read_recipe(name))
    assert named(plan, trainable_weights) == paths(build_model(plan).trainable_variables)
