"""Fixtures of the tests of recipes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kcnn.errors import RecipeError
from kcnn.recipe import read_recipe

BASE = """\
data:
  dataset: mnist
model:
  layers:
    - Flatten
    - Dense: {units: 10}
train:
  epochs: 2
  optimizer: Adam
"""


@pytest.fixture
def recipe_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Return a function that writes a recipe into the current folder and returns its name."""
    monkeypatch.chdir(tmp_path)

    def write(text: str = BASE) -> str:
        Path("net.yaml").write_text(text, encoding="utf-8")
        return "net.yaml"

    return write


@pytest.fixture
def problems(recipe_file: Callable[[str], str]) -> Callable[..., list[str]]:
    """Return a function that reads a wrong recipe and returns its problems."""

    def read(text: str = BASE, *overrides: str) -> list[str]:
        with pytest.raises(RecipeError) as caught:
            read_recipe(recipe_file(text), overrides)
        return list(caught.value.problems)

    return read


@pytest.fixture
def base() -> str:
    """Return a small recipe without mistakes."""
    return BASE
