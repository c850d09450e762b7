"""Settings in the wrong section: find the right one, and word the mistake."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

from kcnn.recipe.fields import Settings
from kcnn.recipe.kinds import spellings
from kcnn.recipe.mistakes.examples import example_of
from kcnn.recipe.mistakes.words import name_for
from kcnn.recipe.optimizers import OPTIMIZERS
from kcnn.recipe.schema import Recipe
from kcnn.recipe.source import Location, Source, dotted

# The sections whose settings are looked for; others are seldom meant elsewhere.
_SECTIONS: tuple[Location, ...] = (
    (), ("data",), ("model",), ("train",), ("train", "early_stopping"),
)  # fmt: skip


def section_of(owner: type[BaseModel], setting: str) -> type[Settings] | None:
    """Return the class whose settings a setting holds; None if it holds a plain value."""
    annotation = owner.model_fields[setting].annotation if setting in owner.model_fields else None
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, Settings):
            return candidate
    return None


def find_section(loc: Location, source: Source) -> Location | None:
    """Find where a setting belongs that is unknown at its location; None if nowhere.

    Args:
        loc: Its location.
        source: The recipe, for the optimizer that it names.
    """
    *section, word = loc
    here = tuple(section)
    if here not in _names() or not isinstance(word, str):
        return None
    others = {home: names for home, names in _names().items() if home != here}
    for home, names in others.items():
        if word in names:
            return (*home, word)
    if name_for(word, _names()[here]):
        return None
    if optimizer := _optimizer_with(word, source):
        return ("train", "optimizer", *optimizer)
    renamed = ((home, name_for(word, names)) for home, names in others.items())
    return next(((*home, name) for home, name in renamed if name), None)


def move(loc: Location, home: Location, source: Source) -> str:
    """Return the sentence that names the section to which a setting belongs.

    Args:
        loc: Where it is.
        home: Where it belongs.
        source: The recipe, which knows what the command line sets.
    """
    *section, name = home
    if loc in source.overrides:
        return f"the setting is {dotted(home)}"
    if section[:2] == ["train", "optimizer"]:
        example = example_of(str(section[2]), OPTIMIZERS[str(section[2])], str(name))
        return f"belongs to the optimizer, as in optimizer: {{{example}}}"
    if not section:
        return "belongs at the left edge; do not indent it"
    renamed = "" if name == loc[-1] else f" as {name}"
    return f"belongs to {dotted(section)}{renamed}; move it there"


def _optimizer_with(word: str, source: Source) -> tuple[str, str] | None:
    """Return an optimizer that has a setting, the recipe's own first, and the setting's name."""
    own = _optimizer(source)
    names = [own, *OPTIMIZERS] if own else [*OPTIMIZERS]
    for meaning in (_itself, name_for):
        for name in names:
            if setting := meaning(word, OPTIMIZERS[name].model_fields):
                return name, setting
    return None


def _itself(word: str, known: Collection[str]) -> str | None:
    return word if word in known else None


def _optimizer(source: Source) -> str | None:
    train = source.settings.get("train")
    written: Any = train.get("optimizer") if isinstance(train, Mapping) else None
    if isinstance(written, Mapping) and len(written) == 1:
        written = next(iter(written))
    return spellings(OPTIMIZERS).get(written) if isinstance(written, str) else None


@cache
def _names() -> dict[Location, frozenset[str]]:
    """Return the names that each section takes."""
    names: dict[Location, frozenset[str]] = {}
    for loc in _SECTIONS:
        kind: type[BaseModel] | None = Recipe
        for step in loc:
            kind = section_of(kind, str(step)) if kind else None
        names[loc] = frozenset(kind.model_fields if kind else ())
    return names
