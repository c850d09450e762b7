"""Fixtures for the tests of models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kcnn.errors import RecipeError
from kcnn.model.graph import unfold
from kcnn.recipe import Recipe, read_recipe

MakeRecipe = Callable[..., Recipe]


@pytest.fixture
def make_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeRecipe:
    """Make a recipe, `net.yaml`, whose layers begin in line 4, with overrides."""
    monkeypatch.chdir(tmp_path)

    def make(layers: str, *overrides: str) -> Recipe:
        head = "data: {dataset: mnist}\nmodel:\n  layers:\n"
        tail = "train: {epochs: 1, optimizer: Adam}\n"
        body = "".join(f"  {line}\n" for line in layers.strip("\n").splitlines())
        Path("net.yaml").write_text(head + body + tail, encoding="utf-8")
        return read_recipe("net.yaml", overrides)

    return make


@pytest.fixture
def graph_problems(make_recipe: MakeRecipe) -> Callable[[str], list[str]]:
    """Unfold layers that must be refused, and return the problems."""

    def refuse(layers: str) -> list[str]:
        with pytest.raises(RecipeError) as caught:
            unfold(make_recipe(layers))
        return list(caught.value.problems)

    return refuse
