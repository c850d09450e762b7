"""Describe each setting of a recipe in words: what it takes, its default, its meaning.

The words come from the docstrings of the schema's classes and from the messages about mistakes.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo
from typing_extensions import TypeAliasType

from kcnn.recipe.augmentations import Augmentation
from kcnn.recipe.data_settings import DataSettings, FlipsAndShifts, Fold
from kcnn.recipe.fields import Accepting, Settings
from kcnn.recipe.kinds import OneOf
from kcnn.recipe.mistakes.settings import EXPECTED
from kcnn.recipe.schema import Recipe
from kcnn.recipe.train_settings import TrainSettings
from kcnn.recipe.write import yaml_line
from kcnn.text.values import limit_text

REQUIRED = "required"
KERAS = "Keras's"
NOTHING = ""
# Classes that Keras does not have; elsewhere Keras decides about a setting without a default.
_OURS = (Recipe, DataSettings, FlipsAndShifts, Fold, TrainSettings, Augmentation)
_LEFT_OUT = "when left out"
_HUGE = 1e9  # limits from here on only keep arithmetic in bounds
_TYPES = {int: "int_type", float: "float_type", bool: "bool_type", str: "string_type"}
_ARGUMENT = re.compile(r"^    (\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)


@dataclass(frozen=True)
class Setting:
    """One setting of a class, in words.

    Args:
        name: The name.
        expected: What it takes, such as `a number above 0`.
        default: `required`, `Keras's`, a value as code, or an empty string.
        meaning: What it does; empty where Keras's documentation explains it.
        names: What its value names, such as `optimizer` or `Lookahead`; empty for plain values.
    """

    name: str
    expected: str
    default: str
    meaning: str
    names: str = ""


def summary(kind: type[Settings]) -> str:
    """Return a class's docstring up to its arguments, one line per paragraph."""
    text = inspect.cleandoc(kind.__doc__ or "").partition("Args:\n")[0]
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))


def settings_of(kind: type[Settings]) -> list[Setting]:
    """Describe the settings of a class, the required ones first."""
    meanings = _meanings(kind)
    described = [
        _setting(kind, name, field, meanings.get(name, ""))
        for name, field in kind.model_fields.items()
    ]
    return sorted(described, key=lambda setting: setting.default != REQUIRED)


def _setting(kind: type[Settings], name: str, field: FieldInfo, meaning: str) -> Setting:
    expected, names = _expected(field.annotation, field.metadata)
    return Setting(name, expected, _default(kind, name, field, meaning), meaning, names)


def _meanings(kind: type[Settings]) -> dict[str, str]:
    """Return the meanings of settings from the docstrings of a class and its base classes."""
    found: dict[str, str] = {}
    for base in reversed(inspect.getmro(kind)):
        if issubclass(base, Settings):
            text = inspect.cleandoc(vars(base).get("__doc__") or "").partition("Args:\n")[2]
            found |= {name: " ".join(words.split()) for name, words in _ARGUMENT.findall(text)}
    return found


def _default(kind: type[Settings], name: str, field: FieldInfo, meaning: str) -> str:
    if _LEFT_OUT in meaning and (field.is_required() or field.default is None):
        return NOTHING  # it is in the meaning
    if field.is_required():
        return REQUIRED
    if field.default is None:
        return NOTHING if issubclass(kind, _OURS) else KERAS
    if isinstance(field.default, Settings):
        return f"`{type(field.default).__name__}`"
    return NOTHING if field.default == [] else f"`{yaml_line(field.default)}`"


def _expected(annotation: Any, marks: Sequence[Any]) -> tuple[str, str]:
    """Return what a type takes in words, and what its value names.

    Args:
        annotation: The type.
        marks: The metadata of the annotation: limits, validators.
    """
    marks = [part for mark in marks for part in _opened(mark)]
    for mark in marks:
        if isinstance(mark, Accepting):
            return mark.expected, ""
        if isinstance(mark, OneOf):
            return f"one {mark.what}", mark.what
    if isinstance(annotation, TypeAliasType):
        return _expected(annotation.__value__, marks)
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _expected(parts[0], [*parts[1:], *marks])
    if origin in (Union, UnionType):
        (some,) = (part for part in parts if part is not NoneType)
        return _expected(some, marks)
    if origin is Literal:
        return ", ".join(parts), ""
    if origin is list:
        return _expected_list(*_expected(parts[0], ()))
    if origin is dict:
        return f"{_plain('dict_type')}; each value {_expected(parts[1], ())[0]}", ""
    if annotation in _TYPES:
        return f"{_plain(_TYPES[annotation])}{_limits(marks)}", ""
    return _plain("model_type"), annotation.__name__


def _expected_list(item: str, names: str) -> tuple[str, str]:
    if names:
        return f"a list of {names}s" if item.startswith("one ") else "a list of settings", names
    return f"a list, each {item}", ""


def _opened(mark: Any) -> Sequence[Any]:
    return mark.metadata if isinstance(mark, FieldInfo) else [mark]


def _plain(kind: str) -> str:
    return EXPECTED[kind].format()


def _limits(marks: Sequence[Any]) -> str:
    """Return the limits of a number as they follow its type: ` from 0 to 1`, ` above 0`."""
    least: Any = next((mark.ge for mark in marks if isinstance(mark, Ge)), None)
    most: Any = next((mark.le for mark in marks if isinstance(mark, Le)), None)
    if least is not None and most is not None and most < _HUGE:
        return f" from {least:g} to {most:g}"
    words = [word for mark in marks if (word := _limit(mark))]
    return f" {' and '.join(words)}" if words else ""


def _limit(mark: Any) -> str:
    limit: Any
    match mark:
        case Gt(gt=limit):
            text = EXPECTED["greater_than"].format(gt=limit_text(limit))
        case Ge(ge=limit):
            text = EXPECTED["greater_than_equal"].format(ge=limit_text(limit))
        case Lt(lt=limit):
            text = EXPECTED["less_than"].format(lt=limit_text(limit))
        case Le(le=limit):
            text = EXPECTED["less_than_equal"].format(le=limit_text(limit))
        case _:
            return ""
    return "" if limit >= _HUGE else text.removeprefix("a number ")
