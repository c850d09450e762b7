"""Names of weights against those of the variables that Keras makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import pytest

from kcnn.model.build import build_model
from kcnn.model.graph import unfold
from kcnn.model.known_images import require_plan
from kcnn.model.plan import Plan, plan_network
from kcnn.recipe import read_recipe
from kcnn.recipe.layers import LAYERS, Layer
from kcnn.recipe.library import shipped_recipes

EVERY_KIND = """
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
def test_every_kind_of_layer_with_weights(make_recipe, compiled: bool) -> None:
    plan = plan_network(make_recipe(EVERY_KIND), (8, 8, 3), 10)
    model = build_model(plan, compiled=compiled)
    assert named(plan, trainable_weights) == paths(model.trainable_variables)
    assert named(plan, weight_names) == paths(model.variables)


def test_every_kind_is_every_kind(make_recipe) -> None:
    kinds = {type(node.layer) for node in unfold(make_recipe(EVERY_KIND))}
    weighted = {kind for kind in LAYERS.values() if kind.weight_names != Layer.weight_names}
    assert weighted <= kinds  # test_shapes.py draws the others


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_recipe(name: str) -> None:
    plan = require_plan(read_recipe(name))
    assert named(plan, trainable_weights) == paths(build_model(plan).trainable_variables)
