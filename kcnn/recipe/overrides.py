"""Settings given on the command line: `train.epochs=5`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from kcnn.errors import RecipeError
from kcnn.recipe.source import Place
from kcnn.recipe.strict_yaml import YamlMistake, read_yaml

_STEP = re.compile(r"([^.\[\]]+)((?:\[\d{1,6}\])*)")


def apply_overrides(
    settings: dict[str, Any], overrides: Sequence[str]
) -> tuple[dict[str, Any], dict[Place, str]]:
    """Sets what the command line sets.

    Args:
        settings: A recipe's plain content; it is changed in place.
        overrides: Each `setting=value`; the value is read as in a recipe.

    Returns:
        The settings, and the text of each override by the setting it sets.

    Raises:
        RecipeError: Some override is not of that form, or leads through a value that has no parts.
    """
    written: dict[Place, str] = {}
    problems = []
    for override in overrides:
        try:
            place, value = _parse(override)
            _set(settings, place, value)
            written[place] = override
        except ValueError as error:
            problems.append(f"command line, {override}: {error}")
    if problems:
        raise RecipeError(problems, "write setting=value, as in train.epochs=5")
    return settings, written


def _parse(override: str) -> tuple[Place, Any]:
    name, equals, text = override.partition("=")
    if not equals:
        raise ValueError("expected setting=value")
    place = _place(name.strip())
    try:
        document = read_yaml(text.encode("utf-8", errors="surrogateescape"))
    except YamlMistake as mistake:
        raise ValueError(mistake.message) from None
    if document.mistakes:
        raise ValueError(document.mistakes[0].message)
    return place, document.value


def _place(name: str) -> Place:
    steps: list[str | int] = []
    for part in name.split("."):
        match = _STEP.fullmatch(part)
        if match is None:
            raise ValueError(f"{name or 'nothing'} is not the name of a setting")
        steps.append(match[1])
        steps.extend(int(index) for index in re.findall(r"\d+", match[2]))
    return tuple(steps)


def _set(settings: dict[str, Any], place: Place, value: Any) -> None:
    current: Any = settings
    for step, following in pairwise(place):
        child = _child(current, step)
        if isinstance(child, str) and isinstance(following, str):
            child = {child: {}}  # a bare word such as `Adam` is a class without arguments
        elif child is None:
            child = {}
        if isinstance(current, list):
            current[_index(current, step)] = child
        else:
            current[step] = child
        current = child
    if isinstance(current, list):
        current[_index(current, place[-1])] = value
    elif isinstance(current, dict):
        current[place[-1]] = value
    else:
        raise ValueError(f"{place[-2]} has no settings of its own")


def _child(current: Any, step: str | int) -> Any:
    if isinstance(current, list):
        return current[_index(current, step)]
    if isinstance(current, dict):
        return current.get(step)
    raise ValueError(f"{step}: what stands before it has no settings of its own")


def _index(current: list[Any], step: str | int) -> int:
    if not isinstance(step, int):
        raise ValueError(f"{step}: a list stands here; name an item by its number, as in [0]")
    if step >= len(current):
        raise ValueError(f"[{step}]: the list has {len(current)} items, the first is [0]")
    return step
