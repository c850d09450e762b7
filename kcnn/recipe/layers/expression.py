"""Whole numbers that remember how a textbook writes them."""

from __future__ import annotations

import operator
from functools import reduce

_SUM, _PRODUCT, _ATOM = range(3)  # how strongly the parts of a text hold together


class Expression:
    """A whole number, written as the calculation that it comes from.

    Its operators compute the number and the text together, so that the two cannot disagree.

    Example:
        >>> size = (Expression(28) - 5 + Expression(2) * 0) // 1 + 1
        >>> int(size)
        24
        >>> str(size)
        '(28 − 5 + 2·0)/1 + 1'
    """

    __slots__ = ("_binding", "_text", "_value")

    def __init__(self, value: int, text: str = "", binding: int = _ATOM) -> None:
        self._value = value
        self._text = text or str(value)
        self._binding = binding

    def __int__(self) -> int:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"<{self._value} = {self._text}>"

    def __add__(self, other: Number) -> Expression:
        return Expression(self._value + int(other), f"{self} + {other}", _SUM)

    def __sub__(self, other: Number) -> Expression:
        right = _at_least(_PRODUCT, other)
        return Expression(self._value - int(other), f"{self} − {right}", _SUM)

    def __mul__(self, other: Number) -> Expression:
        left, right = _at_least(_PRODUCT, self), _at_least(_PRODUCT, other)
        return Expression(self._value * int(other), f"{left}·{right}", _PRODUCT)

    def __floordiv__(self, other: Number) -> Expression:
        """Divide and round down; the text has ⌊…⌋ only where rounding changes the number."""
        value, remainder = divmod(self._value, int(other))
        text = f"{_at_least(_PRODUCT, self)}/{_at_least(_ATOM, other)}"
        if remainder:
            return Expression(value, f"⌊{text}⌋")
        return Expression(value, text, _PRODUCT)

    def bracketed(self) -> Expression:
        """Return the same number, with brackets around the text of a sum or product."""
        return self if self._binding == _ATOM else Expression(self._value, f"({self})")


Number = int | Expression


def product(*factors: Number) -> Expression:
    """Multiply at least one number, written as `5·5·3`."""
    first, *others = factors
    return reduce(
        operator.mul, others, first if isinstance(first, Expression) else Expression(first)
    )


def _at_least(binding: int, number: Number) -> Number:
    if isinstance(number, Expression) and number._binding < binding:
        return number.bracketed()
    return number
