"""Turns pydantic's findings into a student's words: what is wrong where, and the mend."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from kcnn.recipe.classes import classes_at
from kcnn.recipe.kinds import BESIDE, WRITTEN_OTHERWISE, own_item
from kcnn.recipe.messages.elsewhere import home_of, move, section_of
from kcnn.recipe.messages.forms import flow, form, own_form
from kcnn.recipe.messages.hints import hint
from kcnn.recipe.messages.optimizer_settings import into_optimizer, schedule_hint
from kcnn.recipe.messages.python_text import as_value, find_call
from kcnn.recipe.messages.wording import nearest, number, shown, suggest
from kcnn.recipe.messages.words import advice_for
from kcnn.recipe.source import Location, Source, dotted

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
_LONGEST_LIST = 120


def explain(
    error: ValidationError, root: type[BaseModel], source: Source
) -> list[tuple[Location, str]]:
    """Gives the place of every mistake and what is wrong there, in the order of the file.

    Args:
        error: What pydantic found.
        root: The class it checked against.
        source: The recipe, which knows the lines.
    """
    findings = error.errors(include_url=False)
    strays = {one["loc"]: _meant(one, root) for one in findings}
    told = {loc[:end] for loc in strays.values() if loc for end in range(1, len(loc) + 1)}
    findings = [one for one in findings if not (_is_absent(one) and one["loc"] in told)]
    findings.sort(key=lambda one: source.position(one["loc"]))
    return [(one["loc"], _hinted(one, _message(one, root, source), root)) for one in findings]


def _hinted(finding: Any, message: str, root: type[BaseModel]) -> str:
    if not message.startswith("expected") or message.startswith("expected settings"):
        return message
    loc, value = finding["loc"], finding["input"]
    if loc[-1:] == ("learning_rate",) and (schedule := schedule_hint(value)):
        return message + schedule
    return message + hint(value, message, lambda other: _would_do(loc, other, root))


def _would_do(loc: Location, value: Any, root: type[BaseModel]) -> bool:
    """Whether another value would be right at a location."""
    *section, name = loc
    kind = _kind_at(section, root)
    if name not in kind.model_fields:
        return False
    try:
        kind.model_validate({name: value})
    except ValidationError as error:
        return all(one["loc"][:1] != (name,) for one in error.errors())
    return True


def _meant(finding: Any, root: type[BaseModel]) -> Location | None:
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


def _message(finding: Any, root: type[BaseModel], source: Source) -> str:
    kind, loc, context = finding["type"], finding["loc"], finding.get("ctx", {})
    if kind == "kcnn":
        return context["message"]
    if kind == WRITTEN_OTHERWISE:
        return f"{context['message']}; write {_placed(loc, context['mend'], source)}"
    if kind == BESIDE:
        return f"{context['message']}; {_inside(finding, source)}"
    if kind == "missing":
        return "missing; this setting is needed"
    if kind == "extra_forbidden":
        return _unknown(loc, root, source)
    value = finding["input"]
    if kind == "model_type":
        return _no_settings(loc, value, root)
    if kind == "list_type":
        return _no_list(loc, value, root)
    if kind in EXPECTED:
        limits = {name: number(limit) for name, limit in context.items()}
        return f"expected {EXPECTED[kind].format(**limits)}; got {shown(value)}"
    return f"{finding['msg'][0].lower()}{finding['msg'][1:]}; got {shown(value)}"


def _placed(loc: Location, written: str, source: Source) -> str:
    """Shows how a class is written at a location: alone behind a dash, else with its setting."""
    *_, name = loc
    in_braces = f"{{{written}}}" if ": " in written else written
    if loc in source.overrides:
        return f"'{dotted(loc)}={in_braces}'"
    return written if isinstance(name, int) else f"{name}: {in_braces}"


def _inside(finding: Any, source: Source) -> str:
    """Says how the settings that stand beside a class get inside."""
    loc, context = finding["loc"], finding["ctx"]
    first, second, *_ = (source.line((*loc, name)) for name in finding["input"])
    if first != second:
        return "indent by two more spaces what belongs to it"
    if context["mend"]:
        return f"write {_placed(loc, context['mend'], source)}"
    return f"what belongs to it stands in braces of its own, as in {{{context['example']}}}"


def _no_settings(loc: Location, value: Any, root: type[BaseModel]) -> str:
    name = loc[-1] if isinstance(loc[-1], str) else ""
    kind, meant = _kind_at(loc, root), as_value(value)
    example = _without_names(name, kind, meant) or form(name, kind, meant)
    if ":" not in example:
        return f"has no settings; write {name} alone; got {shown(value)}"
    return f"expected settings, as in {example}; got {shown(value)}"


def _without_names(name: str, kind: type[BaseModel], value: Any) -> str | None:
    """Shows a class with what stands behind it as in Python: `32, 3`, `units=10` or `[32, 3]`."""
    if isinstance(value, list):
        return own_form(name, kind, value, {})
    call = find_call(f"{name}({value})", (name,)) if isinstance(value, str) else None
    return own_form(name, kind, call.values, call.settings) if call else None


def _no_list(loc: Location, value: Any, root: type[BaseModel]) -> str:
    if isinstance(as_value(value), list):
        return f"expected a list; got {shown(value)}"
    items = _items(loc, value, root)
    listed = ", ".join(items)
    listed = listed if len(listed) <= _LONGEST_LIST else f"{items[0]}, …"
    return (
        f"expected a list, as in [{listed}], or a line with a dash for each, as in - {items[0]}; "
        f"got {shown(value)}"
    )


def _items(loc: Location, value: Any, root: type[BaseModel]) -> list[str]:
    """Shows what may stand in a list: the user's own values where they can."""
    kind, around = _kind_at(loc, root), _kind_at(loc[:-1], root)
    if kind is not around:
        return [form("", kind)]
    if own := own_item(value, classes_at(loc)):
        return [own]
    if isinstance(value, dict) and value:
        return [_item(name, settings) for name, settings in value.items()]
    if not isinstance(value, str | int | float) or len(str(value)) > _LONGEST:
        value = next(iter(classes_at(loc)), "…")
    return [flow(value)]


def _item(name: str, settings: Any) -> str:
    if settings is None:
        return flow(name)
    written = flow({name: settings})
    return written[1:-1] if len(written) <= _LONGEST_LIST else f"{flow(name)}: {{…}}"


def _unknown(loc: Location, root: type[BaseModel], source: Source) -> str:
    *section, word = loc
    known = _settings_at(section, root)
    if glued := _GLUED.match(str(word)):
        sign = "a colon, not =" if glued["sign"] == "=" else "a space after the colon"
        return f"expected {sign}; write {glued['name']}: {_in_recipes(glued['value'])}"
    if str(word).isdigit():
        return (
            "a number where a setting's name should be; a point, not a comma, as in 0.001, or "
            "brackets, as in [2, 2]"
        )
    if advice := advice_for(str(word), known):
        return f"unknown setting; {advice}"
    if belongs := into_optimizer(loc, source):
        return f"unknown setting; {belongs}"
    if home := home_of(loc, root):
        return move(loc, home, root, source)
    return f"unknown setting{suggest(str(word), known) or '; known here: ' + ', '.join(known)}"


def _in_recipes(value: str) -> str:
    """Writes a value of Python, which may be a tuple, as recipes have it."""
    meant = as_value(value)
    return value if meant is value else flow(meant)


def _settings_at(loc: Sequence[str | int], root: type[BaseModel]) -> list[str]:
    """Lists the settings that may stand at a location."""
    return list(_kind_at(loc, root).model_fields)


def _kind_at(loc: Sequence[str | int], root: type[BaseModel]) -> type[BaseModel]:
    """Gives the class of the settings at a location, by following it through the schema."""
    current: type[BaseModel] = root
    for index, step in enumerate(loc):
        if isinstance(step, str):
            current = classes_at(loc[:index]).get(step) or section_of(current, step) or current
    return current
