"""From a recipe's file and the command line to checked settings, or to every mistake at once."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kcnn.errors import RecipeError
from kcnn.recipe.library import find_recipe
from kcnn.recipe.mistakes import explain
from kcnn.recipe.overrides import apply_overrides
from kcnn.recipe.rules import find_conflicts
from kcnn.recipe.schema import Recipe
from kcnn.recipe.source import Source
from kcnn.recipe.strict_yaml import LARGEST_FILE, YamlMistake, read_yaml

HINT = "kcnn recipes show digits prints a recipe that works"


def read_recipe(recipe: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Reads a recipe strictly.

    Args:
        recipe: A file, or the name of a recipe that kcnn brings.
        overrides: Settings from the command line, each `setting=value`.

    Returns:
        The settings in force; `recipe.origin` knows the file and its lines.

    Raises:
        RecipeError: The file is missing or unreadable, or has mistakes; all are reported together.
    """
    file = find_recipe(recipe)
    source = _read_source(file, overrides)
    try:
        checked = Recipe.model_validate(source.settings)
    except ValidationError as error:
        raise RecipeError(explain(error, Recipe, source), HINT) from None
    checked._origin = source
    problems = [source.problem(place, message) for place, message in find_conflicts(checked)]
    if problems:
        raise RecipeError(problems)
    return checked


def _read_source(file: Path, overrides: Sequence[str]) -> Source:
    content = _read_file(file)
    try:
        document = read_yaml(content)
    except YamlMistake as mistake:
        raise RecipeError([f"{file}:{mistake.line}: {mistake.message}"], HINT) from None
    if document.mistakes:
        raise RecipeError([f"{file}:{one.line}: {one.message}" for one in document.mistakes], HINT)
    if not isinstance(document.value, dict):
        found = "an empty file" if document.value is None else f"a {_kind(document.value)}"
        raise RecipeError(
            [f"{file}:1: expected settings (data:, model:, train:); found {found}"], HINT
        )
    settings = {"name": re.sub(r"[^A-Za-z0-9._-]+", "-", file.stem).strip("-._"), **document.value}
    settings, written = apply_overrides(copy.deepcopy(settings), overrides)
    if not {("data",), ("data", "path")} & written.keys():
        _resolve_path(settings, file.parent)
    return Source(file, content, settings, document.lines, written)


def _read_file(file: Path) -> bytes:
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)  # of a device there may be no end
    except IsADirectoryError:
        raise RecipeError(
            [f"{file}: is a folder, not a recipe"], f"name a file in it: {HINT}"
        ) from None
    except OSError as error:
        raise RecipeError([f"{file}: cannot be read: {error.strerror}"]) from None
    if len(content) > LARGEST_FILE:
        size = max(size, len(content))  # a device has none
        problem = f"{file}: {size:,} bytes; a recipe has at most {LARGEST_FILE:,}. Is it one?"
        raise RecipeError([problem], HINT)
    return content


def _kind(value: Any) -> str:
    return {list: "list", str: "text", bool: "true or false"}.get(type(value), "number")


def _resolve_path(settings: dict[str, Any], folder: Path) -> None:
    """Reads a relative `data.path` from where the recipe lies, not from where the user stands."""
    data = settings.get("data")
    if isinstance(data, dict) and isinstance(data.get("path"), str) and data["path"]:
        with suppress(RuntimeError):  # nobody's home; the check of the setting says so
            data["path"] = str(folder / Path(data["path"]).expanduser())
