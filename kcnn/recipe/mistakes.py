"""Turns pydantic's findings into lines that name the file, the line, the setting and the mend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from kcnn.recipe.augmentations import AUGMENTATIONS
from kcnn.recipe.fields import Settings, shown, suggest
from kcnn.recipe.kinds import Kinds
from kcnn.recipe.layers import LAYERS
from kcnn.recipe.losses import LOSSES, METRICS
from kcnn.recipe.optimizers import OPTIMIZERS, SCHEDULES
from kcnn.recipe.source import Source
from kcnn.recipe.weights import CONSTRAINTS, INITIALIZERS, REGULARIZERS

_KINDS: dict[str, Kinds] = {
    "layers": LAYERS,
    "body": LAYERS,
    "shortcut": LAYERS,
    "augment": AUGMENTATIONS,
    "optimizer": OPTIMIZERS,
    "learning_rate_schedule": SCHEDULES,
    "loss": LOSSES,
    "metrics": METRICS,
    "initializer": INITIALIZERS,
    "regularizer": REGULARIZERS,
    "constraint": CONSTRAINTS,
}
_EXPECTED = {
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
    findings = sorted(error.errors(include_url=False), key=lambda one: source.line(one["loc"]))
    return [source.problem(finding["loc"], _message(finding, root)) for finding in findings]


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
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind].format(**context)}; got {shown(finding['input'])}"
    return f"{finding['msg'][0].lower()}{finding['msg'][1:]}; got {shown(finding['input'])}"


def _settings_at(place: Sequence[str | int], root: type[BaseModel]) -> list[str]:
    """Lists the settings that may stand at a place, by following it through the schema."""
    current: type[BaseModel] = root
    kinds: Kinds = {}
    for step in place:
        if isinstance(step, int):
            continue
        if step in kinds:
            current = kinds[step]
        else:
            kinds = _KINDS.get(step) or _KINDS.get(step.rpartition("_")[2], {})
            current = _section(current, step)
    return list(current.model_fields)


def _section(owner: type[BaseModel], setting: str) -> type[BaseModel]:
    annotation = owner.model_fields[setting].annotation if setting in owner.model_fields else None
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, Settings):
            return candidate
    return owner
