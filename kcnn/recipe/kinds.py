"""The one-key mapping that names a class and its settings: `Conv2D: {filters: 16}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Union

from pydantic import BeforeValidator, Discriminator, GetCoreSchemaHandler, Tag
from pydantic_core import core_schema

from kcnn.recipe.fields import Settings, mistake
from kcnn.recipe.messages.forms import form, needs_settings
from kcnn.recipe.messages.wording import shown, suggest

MOST_LISTED = 14
Kinds = Mapping[str, type[Settings]]


def table(*kinds: type[Settings]) -> dict[str, type[Settings]]:
    """Lists classes under their own names, which are Keras's."""
    return {kind.__name__: kind for kind in kinds}


def snake_case(name: str) -> str:
    """Spells a class name as Keras spells its identifier: `HeNormal` is `he_normal`."""
    spaced = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", spaced).lower()


def spellings(kinds: Kinds) -> dict[str, str]:
    """Maps every spelling Keras has of a class, such as `he_normal`, to the name of the class."""
    by_identifier = {word: name for name in kinds for word in (snake_case(name), name.lower())}
    return by_identifier | {name: name for name in kinds}


class OneOf:
    """Marks a setting that names one of several classes.

    `Annotated[Settings, OneOf(OPTIMIZERS, "optimizer")]` takes `Adam`,
    `{Adam: {learning_rate: 0.001}}` and, with identifiers, `adam`.

    Args:
        kinds: The classes by name; read when the schema is built, so it may grow until then.
        what: What they are, for messages: `optimizer`.
        identifiers: Whether Keras's lower-case identifiers are understood too.
    """

    def __init__(self, kinds: Kinds, what: str, identifiers: bool = True) -> None:
        self.kinds = kinds
        self.what = what
        self.identifiers = identifiers

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        members = tuple(
            Annotated[kind, BeforeValidator(_settings_of), Tag(name)]
            for name, kind in self.kinds.items()
        )
        union: Any = Union[members]  # noqa: UP007  the members are known only when this runs
        tagged = Annotated[union, Discriminator(self._kind_of)]
        return handler.generate_schema(Annotated[tagged, BeforeValidator(self._require_known)])

    @cached_property
    def _known(self) -> dict[str, str]:
        return spellings(self.kinds) if self.identifiers else {name: name for name in self.kinds}

    def _kind_of(self, value: Any) -> str | None:
        return self._known.get(_name_of(value) or "")

    def _require_known(self, value: Any) -> Any:
        name, example = _name_of(value), next(iter(self.kinds))
        if name is None:
            if beside := self._settings_beside(value):
                raise mistake(
                    f"{', '.join(beside)}: beside {next(iter(value))}; indent by two more spaces "
                    "what belongs to it"
                )
            raise mistake(
                f"expected one {self.what}, as in {example} or {{{example}: {{…}}}}; "
                f"got {shown(value)}"
            )
        if name not in self._known:
            raise mistake(self._unknown(name))
        return value

    def _unknown(self, name: str) -> str:
        if " - " in name:
            return (
                f"{shown(name)}: the dash of the next line is indented too far; line it up with "
                "the dash above"
            )
        glued = re.match(r"(\w+) *[:{]", name)
        if glued and glued[1] in self._known:
            return f"{shown(name)}: settings follow a colon and a space; write {glued[1]}: {{…}}"
        if "(" in name or "." in name:
            if python := self._in_yaml(name):
                return f"{shown(name)} is Python's spelling; write {python}"
            name = name.partition("(")[0].rpartition(".")[2] or name
        hint = suggest(name, self.kinds) or f"; known are {_listed(self.kinds)}"
        return f"unknown {self.what} {shown(name)}{hint}"

    def _in_yaml(self, python: str) -> str | None:
        """Shows how a class is written that Python text such as `layers.Dense(10)` names."""
        words = re.findall(r"\w+", python[:200])
        known = next((self._known[word] for word in words if word in self._known), None)
        if known is None:
            return None
        kind = self.kinds[known]
        alone = "(" not in python or python.rstrip(" )").endswith("(")
        return known if alone and not needs_settings(kind) else form(known, kind)

    def _settings_beside(self, value: Any) -> list[str]:
        """Lists the settings that stand beside a class with none, where they should be inside."""
        if not isinstance(value, dict) or len(value) < 2:
            return []
        name, *others = value
        is_slip = name in self._known and value[name] is None and not self._known.keys() & {*others}
        return others if is_slip else []


def _listed(kinds: Kinds) -> str:
    names = list(kinds)
    more = len(names) - MOST_LISTED
    return ", ".join(names[:MOST_LISTED]) + (f" and {more} more in docs/recipe.md" * (more > 0))


def _name_of(value: Any) -> str | None:
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value))
    return value if isinstance(value, str) else None


def _settings_of(value: Any) -> Any:
    if isinstance(value, str):
        return {}
    if isinstance(value, dict):
        (settings,) = value.values()
        return {} if settings is None else settings
    return value
