"""Settings given on the command line: `train.epochs=5`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from kcnn.errors import RecipeError
from kcnn.recipe.classes import classes_at
from kcnn.recipe.kinds import spellings
from kcnn.recipe.messages.wording import shown
from kcnn.recipe.source import Location, dotted
from kcnn.recipe.strict_yaml import YamlMistake, read_yaml

_STEP = re.compile(r"([^.\[\]]+)((?:\[\d{1,6}\])*)")


def apply_overrides(
    settings: dict[str, Any], overrides: Sequence[str]
) -> tuple[dict[str, Any], dict[Location, str]]:
    """Sets what the command line sets.

    Args:
        settings: A recipe's plain content; it is changed in place.
        overrides: Each `setting=value`; the value is read as in a recipe.

    Returns:
        The settings, and the text of each override by the setting it sets.

    Raises:
        RecipeError: Some override is not of that form, or leads through a value that has no parts.
    """
    written: dict[Location, str] = {}
    problems = []
    for override in overrides:
        try:
            loc, value = _parse(override)
            loc = _set(settings, loc, value, override)
        except ValueError as error:
            shown_override = override if override.isprintable() else repr(override)
            problems.append(f"command line, {shown_override}: {error}")
        else:
            written = {one: text for one, text in written.items() if one[: len(loc)] != loc}
            written[loc] = override
    if problems:
        raise RecipeError(problems, "write setting=value, as in train.epochs=5")
    return settings, written


def _parse(override: str) -> tuple[Location, Any]:
    name, equals, text = override.partition("=")
    if not equals:
        raise ValueError("expected setting=value")
    if not override.isprintable():
        raise ValueError("expected one line of printable characters")
    return _place(name.strip()), read_value(text)


def read_value(text: str) -> Any:
    """Reads a value that was given on the command line, as YAML.

    Raises:
        ValueError: It is not YAML, with what is wrong.
    """
    try:
        document = read_yaml(text.encode("utf-8", errors="surrogateescape"))
    except YamlMistake as mistake:
        raise ValueError(mistake.message) from None
    if document.mistakes:
        raise ValueError(document.mistakes[0].message)
    return document.value


def _place(name: str) -> Location:
    steps: list[str | int] = []
    for part in name.split("."):
        match = _STEP.fullmatch(part)
        if match is None:
            raise ValueError(f"{name or 'nothing'} is not the name of a setting")
        steps.append(match[1])
        steps.extend(int(index) for index in re.findall(r"\d+", match[2]))
    return tuple(steps)


def _set(settings: dict[str, Any], loc: Location, value: Any, override: str) -> Location:
    """Sets a value; gives its location with every class in it under its own name."""
    steps = list(loc)
    current: Any = settings
    for index in range(len(steps) - 1):
        child = _get(current, steps[index])
        here, following = steps[: index + 1], steps[index + 1]
        if isinstance(following, str) and (known := _class_of(child, here)):
            steps[index + 1] = _same_class(known, here, loc[index + 1 :], override)
            child = {known: _settings_of(child)}
        elif child is None:
            child = {}
        _put(current, steps[index], child)
        current = child
    _put(current, steps[-1], value)
    return tuple(steps)


def _class_of(value: Any, loc: Sequence[str | int]) -> str | None:
    """Gives the name of the class that a value names, if classes stand at its location."""
    name = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else value
    return spellings(classes_at(loc)).get(name) if isinstance(name, str) else None


def _settings_of(value: Any) -> Any:
    (settings,) = value.values() if isinstance(value, dict) else ({},)
    return settings


def _same_class(known: str, loc: Sequence[str | int], rest: Location, override: str) -> str:
    named = spellings(classes_at(loc)).get(str(rest[0]))
    if named == known:
        return known
    here, value = dotted(loc), override.partition("=")[2]
    if named is None:
        raise ValueError(f"{here} is {known}; write {here}.{known}.{dotted(rest)}={value}")
    for step in reversed(rest):
        value = f"{{{step}: {value}}}" if isinstance(step, str) else f"[{value}]"
    raise ValueError(f"{here} is {known}; to replace it write '{here}={value}'")


def _get(current: Any, step: str | int) -> Any:
    if isinstance(current, dict):
        return current.get(_name(step))
    return current[_index(current, step)]


def _put(current: Any, step: str | int, value: Any) -> None:
    if isinstance(current, dict):
        current[_name(step)] = value
    else:
        current[_index(current, step)] = value


def _name(step: str | int) -> str:
    if isinstance(step, int):
        raise _no_list(step)
    return step


def _index(current: Any, step: str | int) -> int:
    if not isinstance(current, list):
        if isinstance(step, int):
            raise _no_list(step)
        raise ValueError(f"{step}: what stands before it, {shown(current)}, has no settings")
    if not isinstance(step, int):
        raise ValueError(f"{step}: a list stands here; name an item by its number, as in [0]")
    if step >= len(current):
        raise ValueError(f"[{step}]: the list has {len(current)} items, the first is [0]")
    return step


def _no_list(step: int) -> ValueError:
    return ValueError(f"[{step}]: no list stands here; write the whole list, as in [a, b]")
