"""The one-key mapping that names a class and its settings: `Conv2D: {filters: 16}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, TypeVar, Union

from pydantic import BeforeValidator, Discriminator, GetCoreSchemaHandler, Tag
from pydantic_core import PydanticCustomError, core_schema

from kcnn.recipe.fields import Settings, mistake
from kcnn.recipe.messages.forms import form, needs_settings, own_form
from kcnn.recipe.messages.python_text import find_call
from kcnn.recipe.messages.wording import shown, suggest

MOST_LISTED = 14
# The names of the mistakes of which more is told where their location is known: a class that is
# written otherwise, and settings beside a class.
WRITTEN_OTHERWISE = "kcnn_written_otherwise"
BESIDE = "kcnn_beside"
Kinds = Mapping[str, type[Settings]]
SomeSettings = TypeVar("SomeSettings", bound=Settings)


def table(*kinds: type[SomeSettings]) -> dict[str, type[SomeSettings]]:
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
            if _has_settings_beside(value, self._known):
                raise self._beside(value)
            raise mistake(
                f"expected one {self.what}, as in {example} or {{{example}: {{…}}}}; "
                f"got {shown(value)}"
            )
        if name not in self._known:
            raise self._unknown(name, value)
        return value

    def _unknown(self, name: str, value: Any) -> PydanticCustomError:
        if " - " in name:
            return mistake(
                f"{shown(name)}: the dash of the next line is indented too far; line it up with "
                "the dash above"
            )
        glued = re.match(r"(\w+) *[:{]", name)
        if glued and glued[1] in self._known:
            return self._glued(glued[1], name, value)
        if "(" in name or "." in name:
            if python := self._in_yaml(name):
                return python
            name = name.partition("(")[0].rpartition(".")[2] or name
        hint = suggest(name, self.kinds) or f"; known are {_listed(self.kinds)}"
        return mistake(f"unknown {self.what} {shown(name)}{hint}")

    def _glued(self, word: str, name: str, value: Any) -> PydanticCustomError:
        """Tells of `Dense:{units: 3}`, which lacks a space: `Dense:{units` is read as a name."""
        settings = name[len(word) :].lstrip(" :")
        rest = value[name] if isinstance(value, dict) else None
        whole = f"{settings}: {rest}" if isinstance(rest, str) else ""
        message = f"{shown(name)}: settings follow a colon and a space"
        if whole.endswith("}") and whole.isprintable():
            return _written_otherwise(message, f"{word}: {whole}")
        return mistake(f"{message}, as in {form(word, self.kinds[self._known[word]])}")

    def _in_yaml(self, python: str) -> PydanticCustomError | None:
        """Tells how a class is written that Python text such as `layers.Dense(10)` names."""
        words = re.findall(r"\w+", python[:200])
        name = next((self._known[word] for word in words if word in self._known), None)
        if name is None:
            return None
        message = f"{shown(python)} is Python's spelling"
        if "(" not in python and not needs_settings(self.kinds[name]):
            return _written_otherwise(message, name)
        if own := _form_of_call(python, self.kinds, self._known):
            return _written_otherwise(message, own)
        return mistake(f"{message}; here it is as in {form(name, self.kinds[name])}")

    def _beside(self, value: dict[str, Any]) -> PydanticCustomError:
        """Tells that settings stand beside a class."""
        word, *others = value
        name = self._known[word]
        example = form(name, self.kinds[name])
        context = {
            "message": f"{', '.join(others)}: beside {word}",
            "mend": _form_of_beside(value, self.kinds, self._known) or "",
            "example": example if ": " in example else f"{example}: {{…}}",
        }
        return PydanticCustomError(BESIDE, "{message}", context)


def own_item(value: Any, kinds: Kinds) -> str | None:
    """Shows how a class is written that stands alone where a list should be.

    Args:
        value: What stands there.
        kinds: The classes that the list may hold.

    Returns:
        `RandomFlip: {mode: horizontal}` of `RandomFlip('horizontal')`, or of a class with its
        settings beside it; None of other values.
    """
    known = {name: name for name in kinds}
    if isinstance(value, str):
        return _form_of_call(value, kinds, known)
    return _form_of_beside(value, kinds, known) if _has_settings_beside(value, known) else None


def _form_of_call(python: str, kinds: Kinds, known: Mapping[str, str]) -> str | None:
    call = find_call(python, known)
    if call is None:
        return None
    name = known[call.name]
    return own_form(name, kinds[name], call.values, call.settings)


def _form_of_beside(value: dict[str, Any], kinds: Kinds, known: Mapping[str, str]) -> str | None:
    word, *others = value
    name = known[word]
    return own_form(name, kinds[name], (), {other: value[other] for other in others})


def _has_settings_beside(value: Any, known: Mapping[str, str]) -> bool:
    """Whether settings stand beside a class with none, where they should be inside."""
    if not isinstance(value, dict) or len(value) < 2:
        return False
    name, *others = value
    return name in known and value[name] is None and not known.keys() & {*others}


def _written_otherwise(message: str, mend: str) -> PydanticCustomError:
    return PydanticCustomError(
        WRITTEN_OTHERWISE, "{message}; write {mend}", {"message": message, "mend": mend}
    )


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
