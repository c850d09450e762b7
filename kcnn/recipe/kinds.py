"""The one-key mapping that names a class and its settings: `Conv2D: {filters: 16}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, TypeVar, Union

from pydantic import BeforeValidator, Discriminator, GetCoreSchemaHandler, Tag
from pydantic_core import core_schema

from kcnn.recipe.fields import Settings, mistake

Kinds = Mapping[str, type[Settings]]
SomeSettings = TypeVar("SomeSettings", bound=Settings)


def table(*kinds: type[SomeSettings]) -> dict[str, type[SomeSettings]]:
    """Return classes by their own names, which are Keras's."""
    return {kind.__name__: kind for kind in kinds}


def snake_case(name: str) -> str:
    """Return a class name as Keras's identifier: `he_normal` for `HeNormal`."""
    spaced = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", spaced).lower()


def spellings(kinds: Kinds) -> dict[str, str]:
    """Return the class name for each of Keras's spellings of it, such as `he_normal`."""
    by_identifier = {word: name for name in kinds for word in (snake_case(name), name.lower())}
    return by_identifier | {name: name for name in kinds}


class OneOf:
    """Mark a setting that names one of several classes.

    `Annotated[Settings, OneOf(OPTIMIZERS, "optimizer")]` takes `Adam`,
    `{Adam: {learning_rate: 0.001}}` and, with identifiers, `adam`.

    Args:
        kinds: The classes by name; read when the schema is built, so it may grow until then.
        what: What they are, for messages: `optimizer`.
        identifiers: Whether Keras's lower-case identifiers are accepted too.
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
        name = _name_of(value)
        if name in self._known:
            return value
        if name is not None:
            raise mistake("unknown_class", name=name, what=self.what, known=self._known)
        if _has_settings_beside(value, self._known):
            word, *settings = value
            raise mistake("settings_beside", word=word, name=self._known[word], settings=settings)
        raise mistake("no_class", what=self.what, example=next(iter(self.kinds)))


def _has_settings_beside(value: Any, known: Mapping[str, str]) -> bool:
    """Return whether settings are beside a class that has none, not inside it."""
    if not isinstance(value, dict) or len(value) < 2:
        return False
    name, *others = value
    return name in known and value[name] is None and not known.keys() & {*others}


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
