"""Settings that stand in the wrong section: where they belong."""

from __future__ import annotations

from functools import cache
from typing import get_args

from pydantic import BaseModel

from kcnn.recipe.fields import Settings
from kcnn.recipe.messages.words import name_for
from kcnn.recipe.source import Place, Source, dotted

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


def home_of(place: Place, root: type[BaseModel]) -> Place | None:
    """Finds where a setting belongs that is unknown where it stands; None when nowhere.

    Args:
        place: Where it stands; a section of the recipe, not a layer or an optimizer.
        root: The recipe's class.
    """
    *section, word = place
    sections = _sections(root)
    if tuple(section) not in sections or not isinstance(word, str):
        return None
    others = {home: names for home, names in sections.items() if home != tuple(section)}
    homes = [(*home, word) for home, names in others.items() if word in names]
    if not homes and not name_for(word, sections[tuple(section)]):
        renamed = ((home, name_for(word, names)) for home, names in others.items())
        homes = [(*home, name) for home, name in renamed if name]
    return homes[0] if homes else None


def move(place: Place, home: Place, source: Source) -> str:
    """Says where a setting belongs and how to bring it there.

    Args:
        place: Where it stands.
        home: Where it belongs.
        source: The recipe, which knows what the command line set.
    """
    *section, name = home
    if not section:
        return "belongs at the left edge; do not indent it"
    renamed = "" if name == place[-1] else f" as {name}"
    belongs = f"belongs to {dotted(section)}{renamed}"
    if place in source.overrides:
        return f"{belongs}; write {dotted(home)}={source.overrides[place].partition('=')[2]}"
    if len(section) > 1:
        return f"{belongs}; write {section[-1]}: {{{name}: …}} in {dotted(section[:-1])}"
    verb = "indent" if len(place) == 1 else "move"
    return f"{belongs}; {verb} it below {section[0]}:"


@cache
def _sections(root: type[BaseModel]) -> dict[Place, frozenset[str]]:
    """Lists the names that each section takes."""
    names: dict[Place, frozenset[str]] = {}
    for place in _SECTIONS:
        kind: type[BaseModel] | None = root
        for step in place:
            kind = section_of(kind, step) if kind else None
        if kind:
            names[place] = frozenset(kind.model_fields)
    return names
