"""Every layer in float16, whose range is small."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import pytest

from kcnn.model.build import build_model
from kcnn.model.plan import plan_model
from kcnn.recipe.layers import LAYERS, Layer

spec = importlib.util.spec_from_file_location(
    "layers_at_random", Path(__file__).with_name("layers_at_random.py")
)
at_random = importlib.util.module_from_spec(spec)
spec.loader.exec_module(at_random)

SHAPE = (8, 8, 14)
HEAD = ["Flatten", {"Dense": {"units": 10}}]


@pytest.fixture(autouse=True)
def mixed_float16() -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy(before)


def needed_settings(layer: str) -> dict[str, Any]:
    fields = LAYERS[layer].model_fields
    names = [name for name, field in fields.items() if field.is_required() or name == "groups"]
    return {name: at_random.value_of(layer, name) for name in names}


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", at_random.LAYERS)
def test_outputs_of_black_images_are_finite(name: str, training: bool) -> None:
    recipe = at_random.recipe_of([{name: needed_settings(name)}, *HEAD])
    model = build_model(plan_model(recipe, SHAPE, None))
    output = model(keras.ops.zeros((2, *SHAPE)), training=training)
    assert keras.ops.all(keras.ops.isfinite(output))


def test_layer_that_needs_float32_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = at_random.recipe_of(["ReLU", "ELU", *HEAD])
    monkeypatch.setattr(LAYERS["ELU"], "needs_float32", True)
    model = build_model(plan_model(recipe, SHAPE, None))
    types = {layer.name: layer.compute_dtype for layer in model.layers}
    assert (types["re_lu"], types["elu"]) == ("float16", "float32")
    assert Layer.needs_float32 is False
