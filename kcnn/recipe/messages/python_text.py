"""What of Python a student has pasted: calls such as `Dense(10)`, and tuples such as `(3, 3)`."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

_LONGEST = 200
# All that reading a text as Python's literal may raise: it is any text, never one of ours.
_REFUSALS = (ValueError, SyntaxError, MemoryError, RecursionError, TypeError)


@dataclass(frozen=True)
class Call:
    """A call of a class with plain values.

    Args:
        name: The class, as it was written.
        values: What stands without a name, in order; Python's tuples as lists.
        settings: What stands with one.
    """

    name: str
    values: list[Any]
    settings: dict[str, Any]


def find_call(text: str, names: Collection[str]) -> Call | None:
    """Finds the one call of a known class in a line of Python.

    Args:
        text: The line, as in `model.add(Dense(10))`.
        names: What classes are called.

    Returns:
        The call; None where there is none or a second, or where it is given more than plain values.
    """
    tree = _parsed(text)
    if tree is None or not isinstance(tree.body, ast.Call):
        return None
    calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call) and _called(one) in names]
    if len(calls) != 1:
        return None
    (call,) = calls
    try:
        values = [as_list(_plain(one)) for one in call.args]
        named = [(one.arg, as_list(_plain(one.value))) for one in call.keywords]
    except _REFUSALS:
        return None
    settings = {word: value for word, value in named if word}
    return Call(_called(call), values, settings) if len(settings) == len(named) else None


def read_tuple(text: str) -> tuple[Any, ...] | None:
    """Reads Python's `(3, 3)`; None for other text."""
    value = _in_parentheses(text)
    return value if isinstance(value, tuple) else None


def as_value(value: Any) -> Any:
    """Gives what a recipe has in place of Python's parentheses: a list of `(3, 3)`, 3 of `(3)`.

    Args:
        value: Any value; one without parentheses is given back as it is.
    """
    if isinstance(value, tuple):
        return as_list(value)
    meant = _in_parentheses(value) if isinstance(value, str) else None
    return value if meant is None else as_list(meant)


def as_list(value: Any) -> Any:
    """Gives a tuple, and every one in it, as the list that a recipe has in its place."""
    return [as_list(one) for one in value] if isinstance(value, tuple | list) else value


def _in_parentheses(text: str) -> Any:
    """Reads plain values in parentheses; None for other text."""
    tree = _parsed(text) if text.startswith("(") and text.endswith(")") else None
    try:
        return None if tree is None else _plain(tree)
    except _REFUSALS:
        return None


def _plain(node: ast.expr | ast.Expression) -> Any:
    """Reads numbers, texts, True, False, None, and tuples and lists of them.

    Raises:
        ValueError: It is something else.
    """
    value = ast.literal_eval(node)
    if not _is_plain(value):
        raise ValueError("a recipe has no such values")
    return value


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, int | float | str)


def _parsed(text: str) -> ast.Expression | None:
    if len(text) > _LONGEST:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of backslashes that Python will not know for long
        try:
            return ast.parse(text.strip(), mode="eval")
        except _REFUSALS:
            return None


def _called(call: ast.Call) -> str:
    """Gives the last word of what is called: `Dense` of `layers.Dense(10)`."""
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""
