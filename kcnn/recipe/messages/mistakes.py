"""Turns pydantic's findings into a student's words: what is wrong where, and the mend."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from kcnn.recipe.classes import classes_at
from kcnn.recipe.messages.elsewhere import home_of, move, section_of
from kcnn.recipe.messages.forms import flow, form
from kcnn.recipe.messages.hints import hint
from kcnn.recipe.messages.wording import nearest, number, shown, suggest
from kcnn.recipe.messages.words import advice_for
from kcnn.recipe.source import Place, Source

# What was expected, by pydantic's name of the mistake.
EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "model_type": "settings, as in {{name: value}}",
    "dict_type": "settings, as in {{name: value}}",
    "finite_number": "a finite number",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of at most {le}",
    "too_short": "at least {min_length} of them",
    "literal_error": "{expected}",
}

# A setting and its value that no colon and space part, in braces: `{filters=16}`.
_GLUED = re.compile(r" *(?P<name>\w+)\s*(?P<sign>[=:])\s*(?P<value>.+)")
_LONGEST = 60


def explain(
    error: ValidationError, root: type[BaseModel], source: Source
) -> list[tuple[Place, str]]:
    """Gives the place of every mistake and what is wrong there, in the order of the file.

    Args:
        error: What pydantic found.
        root: The class it checked against.
        source: The recipe, which knows the lines.
    """
    findings = error.errors(include_url=False)
    strays = {one["loc"]: _meant(one, root) for one in findings}
    told = {place[:end] for place in strays.values() if place for end in range(1, len(place) + 1)}
    findings = [one for one in findings if not (_is_absent(one) and one["loc"] in told)]
    tuples = {
        one["loc"][:-1]
        for one in findings
        if isinstance(one["input"], str) and one["input"].startswith("(")
    }
    findings = [one for one in findings if not _is_rest_of_tuple(one, tuples)]
    findings.sort(key=lambda one: source.position(one["loc"]))
    return [(one["loc"], _hinted(one, _message(one, root, source))) for one in findings]


def _hinted(finding: Any, message: str) -> str:
    return message + (hint(finding["input"], message) if message.startswith("expected") else "")


def _meant(finding: Any, root: type[BaseModel]) -> Place | None:
    """Gives the setting that an unknown one stands for: that it is missing is the same mistake."""
    if finding["type"] != "extra_forbidden":
        return None
    *section, word = finding["loc"]
    if glued := _GLUED.match(str(word)):
        return (*section, glued["name"])
    if home := home_of(finding["loc"], root):
        return home
    known = nearest(word, _settings_at(section, root))
    return None if known is None else (*section, known)


def _is_absent(finding: Any) -> bool:
    """Whether a setting or a whole section is left out, or has its name and nothing more."""
    return finding["type"] == "missing" or (
        finding["type"] == "model_type" and finding["input"] is None
    )


def _is_rest_of_tuple(finding: Any, tuples: set[Place]) -> bool:
    """Whether a name is what braces make of the end of Python's `(3, 3)`.

    Args:
        finding: What pydantic found.
        tuples: The sections in which a value begins with `(`.
    """
    *section, word = finding["loc"] or ("",)
    is_end = str(word).endswith(")") and "(" not in str(word)
    return finding["type"] == "extra_forbidden" and is_end and tuple(section) in tuples


def _message(finding: Any, root: type[BaseModel], source: Source) -> str:
    kind, place, context = finding["type"], finding["loc"], finding.get("ctx", {})
    if kind == "kcnn":
        return context["message"]
    if kind == "missing":
        return "missing; this setting is needed"
    if kind == "extra_forbidden":
        return _unknown(place, root, source)
    value = finding["input"]
    if kind == "model_type":
        return _no_settings(place, value, root)
    if kind == "list_type":
        return _no_list(place, value, root)
    if kind in EXPECTED:
        limits = {name: number(limit) for name, limit in context.items()}
        return f"expected {EXPECTED[kind].format(**limits)}; got {shown(value)}"
    return f"{finding['msg'][0].lower()}{finding['msg'][1:]}; got {shown(value)}"


def _no_settings(place: Place, value: Any, root: type[BaseModel]) -> str:
    name = place[-1] if isinstance(place[-1], str) else ""
    example = form(name, _kind_at(place, root), value)
    if ":" not in example:
        return f"has no settings; write {name} alone; got {shown(value)}"
    return f"expected settings, as in {example}; got {shown(value)}"


def _no_list(place: Place, value: Any, root: type[BaseModel]) -> str:
    example = _item(place, value, root)
    return (
        f"expected a list, as in [{example}], or a line with a dash for each, as in - {example}; "
        f"got {shown(value)}"
    )


def _item(place: Place, value: Any, root: type[BaseModel]) -> str:
    """Shows what may stand in a list: the user's own value where that is a plain one."""
    kind, around = _kind_at(place, root), _kind_at(place[:-1], root)
    if kind is not around:
        return form("", kind)
    first = next(iter(value), None) if isinstance(value, dict) else value
    if not isinstance(first, str | int | float) or len(str(first)) > _LONGEST:
        first = next(iter(classes_at(place)), "…")
    return flow(first)


def _unknown(place: Place, root: type[BaseModel], source: Source) -> str:
    *section, word = place
    known = _settings_at(section, root)
    if glued := _GLUED.match(str(word)):
        sign = "a colon, not =" if glued["sign"] == "=" else "a space after the colon"
        return f"expected {sign}; write {glued['name']}: {glued['value']}"
    if str(word).isdigit():
        return "a number where a setting's name should be; a point, not a comma, as in 0.001"
    if advice := advice_for(str(word), known):
        return f"unknown setting; {advice}"
    if home := home_of(place, root):
        return move(place, home, source)
    return f"unknown setting{suggest(str(word), known) or '; known here: ' + ', '.join(known)}"


def _settings_at(place: Sequence[str | int], root: type[BaseModel]) -> list[str]:
    """Lists the settings that may stand at a place."""
    return list(_kind_at(place, root).model_fields)


def _kind_at(place: Sequence[str | int], root: type[BaseModel]) -> type[BaseModel]:
    """Gives the class of the settings at a place, by following it through the schema."""
    current: type[BaseModel] = root
    for index, step in enumerate(place):
        if isinstance(step, str):
            current = classes_at(place[:index]).get(step) or section_of(current, step) or current
    return current
