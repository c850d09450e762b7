"""The sentences about settings: what pydantic and the validators found, with a correct example."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel

from kcnn.recipe.classes import classes_at
from kcnn.recipe.codes import Mistake
from kcnn.recipe.kinds import spellings
from kcnn.recipe.mistakes.examples import example_of, in_braces
from kcnn.recipe.mistakes.hints import hint, schedule_hint
from kcnn.recipe.mistakes.sentences import BRACKETS, SETTINGS
from kcnn.recipe.mistakes.words import advice_for, nearest_word, suggest
from kcnn.recipe.mistakes.wrong_section import find_section, move, section_of
from kcnn.recipe.schema import Recipe
from kcnn.recipe.source import Location, Source
from kcnn.text.values import limit_text, shown

# What was expected, by pydantic's name of the mistake.
EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "model_type": "settings, as in {{name: value}}",
    "dict_type": "settings, as in {{name: value}}",
    "finite_number": "a finite number",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of at most {le}",
    "too_short": "at least {min_length} of them",
    "literal_error": "{expected}",
    "unexpected": "{expected}",
}
MAX_LISTED = 14
# A name and a value that no colon and space part, in braces: `{filters=16}`.
_GLUED = re.compile(r" *(?P<name>\w+)\s*[=:]\s*.+")


def describe_setting(mistake: Mistake, source: Source) -> str:
    """Return the sentence about a setting.

    Args:
        mistake: What pydantic or a validator found.
        source: The recipe.
    """
    code, facts, value = mistake.code, mistake.facts, mistake.value
    if handler := _HANDLERS.get(code):
        return handler(mistake, source)
    if code in SETTINGS:
        return SETTINGS[code].format(**facts)
    if code not in EXPECTED:  # pydantic has more than our schema uses
        return f"{facts['message'][0].lower()}{facts['message'][1:]}; got {shown(value)}"
    expected = EXPECTED[code].format(**{name: limit_text(limit) for name, limit in facts.items()})
    more = schedule_hint(value) if mistake.loc[-1:] == ("learning_rate",) else ""
    more = more or hint(value, expected, facts.get("words", ()))
    return f"expected {expected}; got {shown(value)}{more}"


def explains_missing(mistake: Mistake, source: Source) -> Location | None:
    """Return the setting that an unknown one stands for; it must not be reported as missing too.

    Args:
        mistake: Any mistake.
        source: The recipe.
    """
    if mistake.code != "extra_forbidden":
        return None
    *section, word = mistake.loc
    if glued := _GLUED.match(str(word)):
        return (*section, glued["name"])
    if home := find_section(mistake.loc, source):
        return home
    known = nearest_word(str(word), _kind_at(section).model_fields)
    return None if known is None else (*section, known)


def _choice(mistake: Mistake, source: Source) -> str:
    words = mistake.facts["words"]
    near = suggest(mistake.value, words) if isinstance(mistake.value, str) else ""
    listed = f"one of {len(words)} names" if near and len(words) > 8 else ", ".join(words)
    return f"expected {listed}; got {shown(mistake.value)}{near}"


def _no_class(mistake: Mistake, source: Source) -> str:
    what, example = mistake.facts["what"], mistake.facts["example"]
    return (
        f"expected one {what}, as in {example} or {{{example}: {{…}}}}; got {shown(mistake.value)}"
    )


def _unknown_class(mistake: Mistake, source: Source) -> str:
    name, known = mistake.facts["name"], mistake.facts["known"]
    kinds, names = classes_at(mistake.loc), [*dict.fromkeys(known.values())]
    if " - " in name:
        return f"{shown(name)}: the dash of the next line is indented too far"
    if re.search(r"[(.]", name):
        if found := _class_in(name, known):
            example = example_of(found, kinds[found])
            return f"{shown(name)} is Python; here: {example}"
        name = name.partition("(")[0].rpartition(".")[2] or name
    elif (glued := re.match(r"(\w+) *[:{]", name)) and glued[1] in known:
        found = known[glued[1]]
        example = example_of(found, kinds[found])
        return f"{shown(name)}: settings follow a colon and a space, as in {example}"
    near = suggest(name, names) or f"; known are {_listed(names)}"
    return f"unknown {mistake.facts['what']} {shown(name)}{near}"


def _settings_beside(mistake: Mistake, source: Source) -> str:
    name, settings = mistake.facts["name"], ", ".join(mistake.facts["settings"])
    example = in_braces(example_of(name, classes_at(mistake.loc)[name]))
    inside = f", as in {example}" if example != name else ""
    return f"{settings}: beside {mistake.facts['word']}; settings go inside it{inside}"


def _no_settings(mistake: Mistake, source: Source) -> str:
    name = mistake.loc[-1] if isinstance(mistake.loc[-1], str) else ""
    example = example_of(name, _kind_at(mistake.loc))
    if example == name:
        return f"write {name} alone; got {shown(mistake.value)}"
    return f"expected settings, as in {example}; got {shown(mistake.value)}"


def _no_list(mistake: Mistake, source: Source) -> str:
    loc, value, kinds = mistake.loc, mistake.value, classes_at(mistake.loc)
    got, first = f"; got {shown(value)}", _first_word(value)
    if isinstance(value, str) and value.startswith("("):
        return f"expected a list{got}; {BRACKETS}"
    if kinds:
        name = _class_in(first, spellings(kinds)) or next(iter(kinds))
        item = example_of(name, kinds[name])
    else:
        kind = _kind_at(loc)
        item = "a, b" if kind is _kind_at(loc[:-1]) else example_of("", kind)
    if (
        isinstance(value, dict)
        and value
        and source.line((*loc, next(iter(value)))) > source.line(loc)
    ):
        return f"expected a list; begin each item with a dash, as in - {item}{got}"
    return f"expected a list, as in [{item}]{got}"


def _unknown_setting(mistake: Mistake, source: Source) -> str:
    *section, word = mistake.loc
    known = list(_kind_at(section).model_fields)
    if _GLUED.match(str(word)):
        return "write a colon and a space between the name and its value, as in units: 10"
    if re.fullmatch(r"[\d.]+\)*", str(word)):
        return f"a number where a setting's name should be; {BRACKETS}, and 0.001 with a point"
    if advice := advice_for(str(word), known):
        return f"unknown setting; {advice}"
    if home := find_section(mistake.loc, source):
        return f"unknown setting; {move(mistake.loc, home, source)}"
    return f"unknown setting{suggest(str(word), known) or '; known here: ' + ', '.join(known)}"


_HANDLERS: dict[str, Callable[[Mistake, Source], str]] = {
    "not_a_choice": _choice,
    "no_class": _no_class,
    "unknown_class": _unknown_class,
    "settings_beside": _settings_beside,
    "model_type": _no_settings,
    "list_type": _no_list,
    "extra_forbidden": _unknown_setting,
}


def _class_in(text: str, known: dict[str, str]) -> str | None:
    """Return the first class that a text names, such as Python's `layers.Dense(10)`."""
    words = re.findall(r"\w+", text[:200])
    return next((known[word] for word in words if word in known), None)


def _first_word(value: Any) -> str:
    return str(next(iter(value), "")) if isinstance(value, dict) else str(value)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MAX_LISTED
    return ", ".join(names[:MAX_LISTED]) + (f" and {more} more in docs/recipe.md" * (more > 0))


def _kind_at(loc: Sequence[str | int]) -> type[BaseModel]:
    """Return the class of the settings at a location, by following it through the schema."""
    current: type[BaseModel] = Recipe
    for index, step in enumerate(loc):
        if isinstance(step, str):
            current = classes_at(loc[:index]).get(step) or section_of(current, step) or current
    return current
