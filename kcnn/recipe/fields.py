"""The kinds of value that a setting takes, each with its check."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator
from pydantic_core import PydanticCustomError


class Settings(BaseModel):
    """A mapping of settings: unknown ones are errors, and types are never guessed."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        defer_build=True,
        protected_namespaces=(),
    )

    def written(self) -> dict[str, Any]:
        """Return what the recipe sets; Keras decides what it leaves out or sets to null."""
        return {
            name: value
            for name in type(self).model_fields
            if name in self.model_fields_set and (value := getattr(self, name)) is not None
        }


def mistake(code: str, **facts: Any) -> PydanticCustomError:
    """Build the error that a validator raises; `kcnn.recipe.mistakes` puts it into words.

    Args:
        code: The kind of mistake.
        facts: What its words need.
    """
    return PydanticCustomError(code, code, facts)


def require_order(**ends: float) -> None:
    """Raise a mistake if the first of two settings, named, is above the second."""
    (lower, lowest), (upper, highest) = ends.items()
    if lowest > highest:
        raise mistake("wrong_order", lower=lower, lowest=lowest, upper=upper, highest=highest)


@dataclass(frozen=True)
class Accepting(PlainValidator):
    """A validator that knows what it accepts; the reference pages read it.

    Args:
        expected: What it accepts, as in `a positive whole number`.
    """

    expected: str = ""


def accept(test: Callable[[Any], bool], expected: str, words: tuple[str, ...] = ()) -> Accepting:
    """Build a validator that returns a value unchanged if it passes a test.

    Args:
        test: The test; it must not raise.
        expected: What passes it, as in `a positive whole number`.
        words: The words among the accepted values, for mistyped ones.
    """

    def check(value: Any) -> Any:
        if not test(value):
            raise mistake("unexpected", expected=expected, words=words)
        return value

    return Accepting(check, expected=expected)


def choice(*names: str) -> Accepting:
    """Build a validator that accepts some words only."""

    def check(value: Any) -> Any:
        if value not in names:
            raise mistake("not_a_choice", words=names)
        return value

    return Accepting(check, expected=", ".join(names))


def path_or(expected: str, *words: str) -> Accepting:
    """Build a validator that accepts a path, `~` for the user's folder, and perhaps some words.

    Args:
        expected: What kind of path or word it accepts, as in `a path, as in photos`.
        words: The words; they stay text.
    """

    def check(value: Any) -> str | Path:
        if value in words:
            return str(value)
        if not isinstance(value, str) or not value or "\0" in value:
            raise mistake("unexpected", expected=expected, words=words)
        try:
            return Path(value).expanduser()
        except RuntimeError:
            raise mistake("no_such_home") from None

    return Accepting(check, expected=expected)


class ClassCount(int):
    """The number of classes where a recipe has the word `classes`, until the number is known.

    It computes as a stand-in, so that the shapes before it can be checked already;
    `kcnn.recipe.class_count` replaces the word. No sum that it is part of may be shown.
    """

    def __str__(self) -> str:
        return CLASSES

    __repr__ = __str__


def _outputs(value: Any) -> int:
    if value == CLASSES:
        return ClassCount(2)
    if type(value) is not int or not 0 < value <= 10**9:
        raise mistake("unexpected", expected=OUTPUTS, words=(CLASSES,))
    return value


def _is_integer(value: Any, least: int) -> bool:
    return type(value) is int and least <= value <= 1_000_000


def _is_pair(value: Any, least: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(_is_integer(number, least) for number in value)
    )


def _is_size(value: Any) -> bool:
    return _is_integer(value, 1) or _is_pair(value, 1)


def _is_extra(value: Any) -> bool:
    return _is_integer(value, 0) or _is_pair(value, 0)


def _is_margin(value: Any) -> bool:
    return _is_extra(value) or (
        isinstance(value, list) and len(value) == 2 and all(_is_pair(pair, 0) for pair in value)
    )


def _is_regular_expression(value: Any) -> bool:
    try:
        re.compile(value)
    except (re.error, TypeError):
        return False
    return isinstance(value, str)


def _is_axes(value: Any) -> bool:
    return type(value) is int or (
        isinstance(value, list) and bool(value) and all(type(axis) is int for axis in value)
    )


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and _LAYER_NAME.fullmatch(value) is not None


def _is_layer_name(value: Any) -> bool:
    return _is_name(value) and value != "image"


def _is_names(value: Any) -> bool:
    names = value if isinstance(value, list) else [value]
    return bool(names) and all(_is_name(name) for name in names)


CLASSES = "classes"
OUTPUTS = "a whole number above 0, or classes"
_LAYER_NAME = re.compile("[A-Za-z][A-Za-z0-9_]{0,99}")  # TensorFlow takes no others
_PADDINGS = ("valid", "same")
MARGIN = "a whole number from 0, [height, width] or [[top, bottom], [left, right]]"
ACTIVATIONS = (
    "relu", "tanh", "sigmoid", "softmax", "linear", "elu", "celu", "exponential", "gelu",
    "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu", "log_softmax", "mish", "relu6", "selu",
    "silu", "softplus", "softsign", "swish",
)  # fmt: skip

Count = Annotated[int, Field(gt=0, le=10**9)]
Outputs = Annotated[int, Accepting(_outputs, expected=OUTPUTS)]
WholeNumber = Annotated[int, Field(ge=0, le=2**31 - 1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
UnitInterval = Annotated[float, Field(ge=0, le=1)]
BelowOne = Annotated[float, Field(ge=0, lt=1)]
ActivationName = Annotated[str | None, choice(*ACTIVATIONS)]
Size = Annotated[
    int | list[int], accept(_is_size, "a positive whole number or two, as in 3 or [3, 5]")
]
Extra = Annotated[int | list[int], accept(_is_extra, "a whole number from 0, or [height, width]")]
Margin = Annotated[int | list[Any], accept(_is_margin, MARGIN)]
Padding = Annotated[
    str | int | list[Any],
    accept(
        lambda value: value in _PADDINGS or _is_margin(value),
        f"{', '.join(_PADDINGS)}, {MARGIN}",
        words=_PADDINGS,
    ),
]
PoolPadding = Annotated[str, choice(*_PADDINGS)]
RegularExpression = Annotated[
    str, accept(_is_regular_expression, "a regular expression, as in conv or ^dense")
]
Axes = Annotated[int | list[int], accept(_is_axes, "a whole number or a list of them")]
LayerName = Annotated[
    str,
    accept(_is_layer_name, "letters a to z, digits and underscores, a letter first, not image"),
]
LayerNames = Annotated[
    str | list[str], accept(_is_names, "the name of an earlier layer, or a list of them")
]
