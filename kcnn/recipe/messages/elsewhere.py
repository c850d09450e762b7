"""Settings that stand in the wrong section: where they belong."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

from kcnn.recipe.fields import Settings
from kcnn.recipe.messages.forms import own_form
from kcnn.recipe.messages.words import name_for
from kcnn.recipe.source import Location, Source, dotted

# The sections whose settings are looked for; what is in the others is seldom meant elsewhere.
_SECTIONS: tuple[tuple[str, ...], ...] = (
    (),
    ("data",),
    ("model",),
    ("train",),
    ("train", "early_stopping"),
)


def section_of(owner: type[BaseModel], setting: str) -> type[Settings] | None:
    """Gives the class whose settings a setting holds; None when it holds a plain value."""
    annotation = owner.model_fields[setting].annotation if setting in owner.model_fields else None
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, Settings):
            return candidate
    return None


def settings_at(section: Location, source: Source) -> Mapping[str, Any]:
    """Gives what a recipe sets in a section; nothing where it has none."""
    found: Any = source.settings
    for step in section:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def home_of(loc: Location, root: type[BaseModel]) -> Location | None:
    """Finds where a setting belongs that is unknown where it stands; None when nowhere.

    Args:
        loc: Where it stands; a section of the recipe, not a layer or an optimizer.
        root: The recipe's class.
    """
    *section, word = loc
    sections = _sections(root)
    if tuple(section) not in sections or not isinstance(word, str):
        return None
    others = {home: names for home, names in sections.items() if home != tuple(section)}
    homes = [(*home, word) for home, names in others.items() if word in names]
    if not homes and not name_for(word, sections[tuple(section)]):
        renamed = ((home, name_for(word, names)) for home, names in others.items())
        homes = [(*home, name) for home, name in renamed if name]
    return homes[0] if homes else None


def move(loc: Location, home: Location, root: type[BaseModel], source: Source) -> str:
    """Says where a setting belongs and how to bring it there.

    Args:
        loc: Where it stands.
        home: Where it belongs.
        root: The recipe's class.
        source: The recipe, which knows its values and what the command line set.
    """
    *section, name = home
    if not section:
        return "belongs at the left edge; do not indent it"
    renamed = "" if name == loc[-1] else f" as {name}"
    belongs = f"belongs to {dotted(section)}{renamed}"
    if loc in source.overrides:
        return f"{belongs}; write {dotted(home)}={source.overrides[loc].partition('=')[2]}"
    if len(section) > 1:
        mend = _together(loc[:-1], tuple(section), root, source)
        return (
            f"{belongs}; {f'write {mend} in {dotted(section[:-1])}' if mend else 'move it there'}"
        )
    verb = "indent" if len(loc) == 1 else "move"
    return f"{belongs}; {verb} it below {section[0]}:"


def _together(
    section: Location, home: Location, root: type[BaseModel], source: Source
) -> str | None:
    """Shows a section with all that belongs there: of several settings each is told the same.

    Args:
        section: Where the settings stand.
        home: Where they belong.
        root: The recipe's class.
        source: The recipe.

    Returns:
        `early_stopping: {patience: 3}`; None where that would not be right either.
    """
    together = dict(settings_at(home, source))
    for word, value in settings_at(section, source).items():
        *around, name = home_of((*section, word), root) or ((), None)
        if tuple(around) == home:
            together.setdefault(str(name), value)
    kind = _class_of(home, root)
    return None if kind is None else own_form(str(home[-1]), kind, (), together)


@cache
def _sections(root: type[BaseModel]) -> dict[Location, frozenset[str]]:
    """Lists the names that each section takes."""
    names: dict[Location, frozenset[str]] = {}
    for loc in _SECTIONS:
        if kind := _class_of(loc, root):
            names[loc] = frozenset(kind.model_fields)
    return names


def _class_of(section: Location, root: type[BaseModel]) -> type[BaseModel] | None:
    kind: type[BaseModel] | None = root
    for step in section:
        kind = section_of(kind, str(step)) if kind else None
    return kind
