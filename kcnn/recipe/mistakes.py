"""Turns pydantic's findings into lines that name the file, the line, the setting and the mend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from kcnn.recipe.classes import classes_at
from kcnn.recipe.fields import Settings, nearest, shown, suggest
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
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number of at least {ge:g}",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "a number of at most {le:g}",
    "too_short": "at least {min_length} of them",
    "literal_error": "{expected}",
}


def explain(error: ValidationError, root: type[BaseModel], source: Source) -> list[str]:
    """Says every mistake in one line each, in the order of the file.

    Args:
        error: What pydantic found.
        root: The class it checked against.
        source: The recipe, which knows the lines.
    """
    findings = error.errors(include_url=False)
    mistyped = {_meant(finding, root) for finding in findings}
    findings = [one for one in findings if one["type"] != "missing" or one["loc"] not in mistyped]
    findings.sort(key=lambda one: source.position(one["loc"]))
    return [source.problem(finding["loc"], _message(finding, root)) for finding in findings]


def _meant(finding: Any, root: type[BaseModel]) -> Place | None:
    """Gives the setting that an unknown one stands for: that it is missing is the same mistake."""
    *section, word = finding["loc"]
    if finding["type"] != "extra_forbidden":
        return None
    known = nearest(word, _settings_at(section, root))
    return None if known is None else (*section, known)


def _message(finding: Any, root: type[BaseModel]) -> str:
    kind, place, context = finding["type"], finding["loc"], finding.get("ctx", {})
    if kind == "kcnn":
        return context["message"]
    if kind == "missing":
        return "missing; this setting is needed"
    if kind == "extra_forbidden":
        known = _settings_at(place[:-1], root)
        hint = suggest(place[-1], known)
        return f"unknown setting{hint or '; known here: ' + ', '.join(known)}"
    if kind in EXPECTED:
        return f"expected {EXPECTED[kind].format(**context)}; got {shown(finding['input'])}"
    return f"{finding['msg'][0].lower()}{finding['msg'][1:]}; got {shown(finding['input'])}"


def _settings_at(place: Sequence[str | int], root: type[BaseModel]) -> list[str]:
    """Lists the settings that may stand at a place, by following it through the schema."""
    current: type[BaseModel] = root
    for index, step in enumerate(place):
        if isinstance(step, str):
            current = classes_at(place[:index]).get(step) or _section(current, step)
    return list(current.model_fields)


def _section(owner: type[BaseModel], setting: str) -> type[BaseModel]:
    annotation = owner.model_fields[setting].annotation if setting in owner.model_fields else None
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, Settings):
            return candidate
    return owner
