"""The kinds of value a setting takes, each checked with a message a newcomer understands."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator
from pydantic_core import PydanticCustomError

from kcnn.recipe.messages.wording import shown, suggest


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
        """Gives what the recipe wrote; what it left out, or null, is Keras's to say."""
        return {
            name: value
            for name in type(self).model_fields
            if name in self.model_fields_set and (value := getattr(self, name)) is not None
        }


def mistake(message: str) -> PydanticCustomError:
    """Makes the error that a validator raises; `message` reaches the user as it is."""
    return PydanticCustomError("kcnn", "{message}", {"message": message})


@dataclass(frozen=True)
class Accepting(PlainValidator):
    """A validator that can tell what it accepts.

    Args:
        expected: What would do, as in `a positive whole number`.
    """

    expected: str = ""


def accept(test: Callable[[Any], bool], expected: str) -> Accepting:
    """Makes a validator that lets a value through unchanged when `test` holds.

    Args:
        test: Says whether the value will do; it may raise nothing.
        expected: What would do, as in `a positive whole number`.
    """

    def check(value: Any) -> Any:
        if not test(value):
            raise mistake(f"expected {expected}; got {shown(value)}")
        return value

    return Accepting(check, expected=expected)


def choice(*names: str) -> Accepting:
    """Makes a validator that admits some words and suggests the nearest for others."""

    def check(value: Any) -> Any:
        if value not in names:
            hint = suggest(value, names) if isinstance(value, str) else ""
            short = hint and len(names) > 8
            listed = f"one of {len(names)} names" if short else ", ".join(names)
            raise mistake(f"expected {listed}; got {shown(value)}{hint}")
        return value

    return Accepting(check, expected=", ".join(names))


def _is_integer(value: Any, least: int) -> bool:
    return type(value) is int and least <= value <= 1_000_000


def _is_pair(value: Any, least: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(_is_integer(one, least) for one in value)
    )


def _is_size(value: Any) -> bool:
    return _is_integer(value, 1) or _is_pair(value, 1)


def _is_extra(value: Any) -> bool:
    return _is_integer(value, 0) or _is_pair(value, 0)


def _is_margin(value: Any) -> bool:
    return _is_extra(value) or (
        isinstance(value, list) and len(value) == 2 and all(_is_pair(one, 0) for one in value)
    )


def _is_regular_expression(value: Any) -> bool:
    try:
        re.compile(value)
    except (re.error, TypeError):
        return False
    return isinstance(value, str)


def _is_axes(value: Any) -> bool:
    return type(value) is int or (
        isinstance(value, list) and bool(value) and all(type(one) is int for one in value)
    )


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and _LAYER_NAME.fullmatch(value) is not None


def _is_layer_name(value: Any) -> bool:
    return _is_name(value) and value != "image"


def _is_names(value: Any) -> bool:
    names = value if isinstance(value, list) else [value]
    return bool(names) and all(_is_name(name) for name in names)


_LAYER_NAME = re.compile("[A-Za-z][A-Za-z0-9_]{0,99}")  # TensorFlow takes no others
MARGIN = "a whole number from 0, [height, width] or [[top, bottom], [left, right]]"
ACTIVATIONS = (
    "relu", "tanh", "sigmoid", "softmax", "linear", "elu", "celu", "exponential", "gelu",
    "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu", "log_softmax", "mish", "relu6", "selu",
    "silu", "softplus", "softsign", "swish",
)  # fmt: skip

Count = Annotated[int, Field(gt=0, le=10**9)]
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
    accept(lambda value: value in ("valid", "same") or _is_margin(value), f"valid, same, {MARGIN}"),
]
PoolPadding = Annotated[str, choice("valid", "same")]
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
