"""From a recipe's file and the command line to checked settings, or to every mistake at once."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kcnn.errors import RecipeError
from kcnn.recipe.library import find_recipe
from kcnn.recipe.messages.mistakes import explain
from kcnn.recipe.messages.yaml_slips import find_python
from kcnn.recipe.overrides import apply_overrides
from kcnn.recipe.rules import find_conflicts
from kcnn.recipe.schema import Recipe
from kcnn.recipe.source import Location, Source
from kcnn.recipe.strict_yaml import LARGEST_FILE, Document, YamlMistake, read_yaml
from kcnn.runs.folder import LONGEST_NAME

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
    content = _read_file(file)
    document = _read_document(file, content)
    source = _source(file, content, document, overrides)
    try:
        checked = Recipe.model_validate(source.settings)
    except ValidationError as error:
        found = explain(error, Recipe, source)
        raise RecipeError(_in_order(source, document.mistakes, found), HINT) from None
    checked._origin = source
    problems = _in_order(source, document.mistakes, find_conflicts(checked))
    if problems:
        raise RecipeError(problems, HINT if document.mistakes else None)
    return checked


def _in_order(
    source: Source, slips: Sequence[YamlMistake], found: Sequence[tuple[Location, str]]
) -> list[str]:
    """Joins what the reader refused and what else was found, in the order of the lines.

    Of a value that the reader refused, nothing else is said.
    """
    refused = {slip.loc for slip in slips}
    lines = [(slip.line, _told(source.file, slip)) for slip in slips]
    lines += [
        (source.line(loc), source.problem(loc, message))
        for loc, message in found
        if not any(tuple(loc[:end]) in refused for end in range(1, len(loc) + 1))
    ]
    return [text for _, text in sorted(lines, key=itemgetter(0))]


def _told(file: Path, slip: YamlMistake) -> str:
    return f"{file}:{slip.line}: {slip.message}"


def _read_document(file: Path, content: bytes) -> Document:
    try:
        document = read_yaml(content)
    except YamlMistake as mistake:
        raise RecipeError([_told(file, mistake)], HINT) from None
    if isinstance(document.value, dict):
        return document
    if document.mistakes:
        raise RecipeError([_told(file, slip) for slip in document.mistakes], HINT)
    if python := find_python(content.decode("utf-8-sig")):
        raise RecipeError([f"{file}:{python[0]}: {python[1]}"], HINT)
    found = "an empty file" if document.value is None else f"a {_kind(document.value)}"
    raise RecipeError([f"{file}:1: expected settings (data:, model:, train:); found {found}"], HINT)


def _source(file: Path, content: bytes, document: Document, overrides: Sequence[str]) -> Source:
    settings = {"name": _name(file), **document.value}
    try:
        settings, written = apply_overrides(copy.deepcopy(settings), overrides)
    except RecipeError as error:
        slips = [_told(file, slip) for slip in document.mistakes]
        raise RecipeError([*slips, *error.problems], error.hint) from None
    if not {("data",), ("data", "path")} & written.keys():
        _resolve_path(settings, file.parent)
    return Source(file, content, settings, document.lines, written)


def _name(file: Path) -> str:
    """Makes a name for runs from a file's, by what of it may stand in one."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", file.stem).strip("-._")[:LONGEST_NAME] or "recipe"


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
