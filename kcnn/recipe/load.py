"""From a recipe's file or name to checked settings, or to one error with every mistake in words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kcnn.errors import RecipeError
from kcnn.recipe.codes import MistakesError
from kcnn.recipe.library import HINT, find_recipe
from kcnn.recipe.overrides import parse_value
from kcnn.recipe.parse import parse_recipe
from kcnn.recipe.schema import Recipe
from kcnn.recipe.strict_yaml import MAX_FILE_BYTES, YamlMistakeError
from kcnn.text.shell import shell_word

# What kcnn.data.dataset_kind reads; recipes know no data.
_IMAGES = (".npz", ".csv", ".tsv", ".parquet", ".pq")


def read_recipe(recipe: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe strictly.

    Args:
        recipe: A file, or the name of a recipe that comes with kcnn.
        overrides: Settings from the command line, each `setting=value`.

    Returns:
        The settings in force; `recipe.origin` has the file and its lines.

    Raises:
        RecipeError: The file is missing or unreadable, or has mistakes; all are reported together.
    """
    file = find_recipe(recipe)
    return recipe_from_bytes(file, _read_file(file), overrides)


def recipe_from_bytes(file: Path, content: bytes, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe that is in memory.

    Args:
        file: The file that it is in, or would be in: paths are relative to its folder.
        content: UTF-8 text.
        overrides: Settings from the command line, each `setting=value`.

    Raises:
        RecipeError: It has mistakes; all are reported together.
    """
    try:
        return parse_recipe(file, content, overrides)
    except MistakesError as error:
        from kcnn.recipe.mistakes.report import recipe_error  # right recipes need no words

        raise recipe_error(error) from None


def read_value(text: str) -> Any:
    """Read a value that was given on the command line, as in a recipe.

    Raises:
        ValueError: It is not YAML; the message says what is wrong.
    """
    try:
        return parse_value(text)
    except YamlMistakeError as error:
        from kcnn.recipe.mistakes.report import describe

        raise ValueError(describe(error.mistake)) from None


def _read_file(file: Path) -> bytes:
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)  # a device may have no end
    except IsADirectoryError:
        raise RecipeError(
            [f"{file}: is a folder, not a recipe"],
            f"name a file in it; for a folder of images: kcnn init {shell_word(file)}",
        ) from None
    except OSError as error:
        hint = "change its permissions, or name another recipe; kcnn recipes lists those of kcnn"
        raise RecipeError([f"{file}: cannot be read: {error.strerror}"], hint) from None
    if file.suffix.lower() in _IMAGES:
        raise RecipeError(
            [f"{file}: images, not a recipe"],
            f"make a recipe for them: kcnn init {shell_word(file)}",
        )
    if len(content) > MAX_FILE_BYTES:
        size = max(size, len(content))  # a device has none
        problem = f"{file}: {size:,} bytes; a recipe has at most {MAX_FILE_BYTES:,}. Is it one?"
        raise RecipeError([problem], HINT)
    return content
