"""From a recipe's bytes and the command line to checked settings, or to all mistakes as codes."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kcnn.errors import RunError
from kcnn.recipe.applications.settings import leave_pixels, resolve_weights
from kcnn.recipe.codes import Mistake, MistakesError
from kcnn.recipe.overrides import apply_overrides
from kcnn.recipe.rules import find_conflicts
from kcnn.recipe.schema import Recipe
from kcnn.recipe.source import Source
from kcnn.recipe.strict_yaml import Document, YamlMistakeError, read_yaml
from kcnn.runs.find import find_run
from kcnn.runs.folder import DEFAULT_OUTPUT_DIR, MAX_NAME_LENGTH


def parse_recipe(file: Path, content: bytes, overrides: Sequence[str] = ()) -> Recipe:
    """Parse a recipe strictly.

    Args:
        file: Its path.
        content: Its bytes.
        overrides: Settings from the command line, each `setting=value`.

    Returns:
        The settings in force; `recipe.origin` has the file and its lines.

    Raises:
        MistakesError: It has mistakes; all are reported together.
    """
    document = _read_document(file, content)
    source, refused = _source(file, content, document, overrides)
    if refused:
        raise MistakesError([*document.mistakes, *refused], source)
    try:
        recipe = Recipe.model_validate(source.settings)
    except ValidationError as error:
        found = [_mistake(finding) for finding in error.errors(include_url=False)]
        raise MistakesError([*document.mistakes, *found], source) from None
    recipe._origin = source
    if mistakes := [*document.mistakes, *find_conflicts(recipe)]:
        raise MistakesError(mistakes, source)
    return recipe


def _mistake(finding: Any) -> Mistake:
    facts = {"message": finding["msg"], **finding.get("ctx", {})}
    return Mistake(finding["type"], facts, finding["loc"], value=finding["input"])


def _read_document(file: Path, content: bytes) -> Document:
    """Read the YAML text.

    Raises:
        MistakesError: It is not YAML, or holds no settings.
    """
    source = Source(file, content, {}, {})
    try:
        document = read_yaml(content)
    except YamlMistakeError as error:
        raise MistakesError([error.mistake], source) from None
    if isinstance(document.value, dict):
        return document
    facts = {"text": content.decode("utf-8-sig"), "value": document.value}
    raise MistakesError(document.mistakes or [Mistake("no_mapping", facts, line=1)], source)


def _source(
    file: Path, content: bytes, document: Document, overrides: Sequence[str]
) -> tuple[Source, list[Mistake]]:
    settings = copy.deepcopy({"name": run_name(file), **document.value})
    written, mistakes = apply_overrides(settings, overrides)
    if not {("data",), ("data", "path")} & written.keys():
        _resolve_path(settings, file.parent)
    in_file = not {("train",), ("train", "initial_weights")} & written.keys()
    _resolve_weights(settings, file.parent if in_file else Path())
    resolve_weights(settings, file.parent, written)
    leave_pixels(settings)
    return Source(file, content, settings, document.lines, written), mistakes


def run_name(file: Path) -> str:
    """Return a name for runs: the file's, without characters that a run's name cannot have."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", file.stem).strip("-._")[:MAX_NAME_LENGTH] or "recipe"


def _resolve_path(settings: dict[str, Any], folder: Path) -> None:
    """Read a relative `data.path` from the recipe's folder, not from the current one."""
    data = settings.get("data")
    if isinstance(data, dict) and isinstance(data.get("path"), str) and data["path"]:
        with suppress(RuntimeError):  # the home of nobody; the check of the setting reports it
            data["path"] = str(folder / Path(data["path"]).expanduser())


def _resolve_weights(settings: dict[str, Any], folder: Path) -> None:
    """Replace the run or file that `train.initial_weights` names by its path.

    This is done once, before any training: the newest run of a name may be another one later.
    """
    train = settings.get("train")
    if not isinstance(train, dict):
        return
    value = train.get("initial_weights")
    if not isinstance(value, str) or not value or "\0" in value:
        return  # the check of the setting reports it
    with suppress(RuntimeError):
        path = folder / Path(value).expanduser()
        train["initial_weights"] = str(path if path.is_file() else _run_named(path, value) or path)


def _run_named(path: Path, name: str) -> Path | None:
    for run in (str(path), name):
        with suppress(RunError):
            return find_run(run, DEFAULT_OUTPUT_DIR).path
    return None
