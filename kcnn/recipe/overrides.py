"""Settings given on the command line: `train.epochs=5`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kcnn.recipe.classes import classes_at
from kcnn.recipe.codes import Mistake
from kcnn.recipe.kinds import spellings
from kcnn.recipe.source import Location, dotted, is_within
from kcnn.recipe.strict_yaml import YamlMistakeError, read_yaml

_STEP = re.compile(r"([^.\[\]]+)((?:\[\d{1,6}\])*)")


class _RefusedError(Exception):
    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.mistake = Mistake(code, facts)


def apply_overrides(
    settings: dict[str, Any], overrides: Sequence[str]
) -> tuple[dict[Location, str], list[Mistake]]:
    """Set what the command line sets.

    Args:
        settings: A recipe's plain content; it is changed in place.
        overrides: Settings from the command line, each `setting=value`.

    Returns:
        The text of each override by the location that it sets, and the mistakes.
    """
    written: dict[Location, str] = {}
    mistakes = []
    for override in overrides:
        try:
            loc, value = _parse(override)
            loc = _set(settings, loc, value, override)
        except (_RefusedError, YamlMistakeError) as error:
            mistakes.append(replace(error.mistake, override=override))
        else:
            written = {other: text for other, text in written.items() if not is_within(other, loc)}
            written[loc] = override
    return written, mistakes


def parse_value(text: str) -> Any:
    """Read a value that was given on the command line, as YAML.

    Raises:
        YamlMistakeError: It is not YAML.
    """
    document = read_yaml(text.encode("utf-8", errors="surrogateescape"))
    if document.mistakes:
        raise YamlMistakeError(document.mistakes[0])
    return document.value


def _parse(override: str) -> tuple[Location, Any]:
    name, equals, text = override.partition("=")
    if not equals:
        raise _RefusedError("no_equals_sign")
    if not override.isprintable():
        raise _RefusedError("not_printable")
    return _location(name.strip()), parse_value(text)


def _location(name: str) -> Location:
    steps: list[str | int] = []
    for part in name.split("."):
        match = _STEP.fullmatch(part)
        if match is None:
            raise _RefusedError("no_setting_name", name=name)
        steps.append(match[1])
        steps.extend(int(index) for index in re.findall(r"\d+", match[2]))
    return tuple(steps)


def _set(settings: dict[str, Any], loc: Location, value: Any, override: str) -> Location:
    """Set a value; return its location with every class in it under its own name."""
    steps = list(loc)
    current: Any = settings
    for index in range(len(steps) - 1):
        child = _get(current, steps[index])
        here, following = steps[: index + 1], steps[index + 1]
        if isinstance(following, str) and (known := _class_of(child, here)):
            _require_same_class(known, here, loc[index + 1 :], override)
            steps[index + 1] = known
            child = {known: _settings_of(child)}
        elif child is None:
            child = {}
        _put(current, steps[index], child)
        current = child
    _put(current, steps[-1], value)
    return tuple(steps)


def _class_of(value: Any, loc: Sequence[str | int]) -> str | None:
    """Return the name of the class that a value names, if its location takes classes."""
    name = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else value
    return spellings(classes_at(loc)).get(name) if isinstance(name, str) else None


def _settings_of(value: Any) -> Any:
    (settings,) = value.values() if isinstance(value, dict) else ({},)
    return settings


def _require_same_class(
    known: str, loc: Sequence[str | int], rest: Location, override: str
) -> None:
    named = spellings(classes_at(loc)).get(str(rest[0]))
    if named == known:
        return
    here, value = dotted(loc), override.partition("=")[2]
    if named is None:
        raise _RefusedError("class_left_out", here=here, name=known, rest=dotted(rest), value=value)
    for step in reversed(rest):
        value = f"{{{step}: {value}}}" if isinstance(step, str) else f"[{value}]"
    raise _RefusedError("another_class", here=here, name=known, value=value)


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
        raise _RefusedError("no_list", index=step)
    return step


def _index(current: Any, step: str | int) -> int:
    if not isinstance(current, list):
        if isinstance(step, int):
            raise _RefusedError("no_list", index=step)
        raise _RefusedError("has_no_settings", step=step, found=current)
    if not isinstance(step, int):
        raise _RefusedError("list_index", step=step)
    if step >= len(current):
        raise _RefusedError("beyond_list", index=step, length=len(current))
    return step
