"""Numbers that remember their calculation: their text must evaluate to the number."""

from __future__ import annotations

import math
import operator
import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kcnn.recipe.layers.expression import Expression, Number, product

TWO = Expression(2)


@pytest.mark.parametrize(
    ("expression", "number", "text"),
    [
        (Expression(7), 7, "7"),
        ((Expression(28) - 5 + TWO * 0) // 1 + 1, 24, "(28 − 5 + 2·0)/1 + 1"),
        ((Expression(28) - 5) // 2 + 1, 12, "⌊(28 − 5)/2⌋ + 1"),
        ((product(5, 5, 3) + 1) * 8, 608, "(5·5·3 + 1)·8"),
        (product(5, 5, 3).bracketed() * 8, 600, "(5·5·3)·8"),
        (product(1, 1, 6) // 2 + 1, 4, "1·1·6/2 + 1"),
        (Expression(9) - (TWO * (Expression(3) - 1) + 1), 4, "9 − (2·(3 − 1) + 1)"),
        (Expression(9) - TWO - 1, 6, "9 − 2 − 1"),
        (Expression(12) // (TWO * 3), 2, "12/(2·3)"),
        (product(TWO + 1), 3, "2 + 1"),
    ],
)
def test_number_and_text(expression: Expression, number: int, text: str) -> None:
    assert int(expression) == number
    assert str(expression) == text


def test_only_zero_is_false() -> None:
    assert not Expression(3) - 3
    assert Expression(3) - 2


def evaluate(text: str) -> Fraction:
    """Compute a written expression exactly; fail if a division leaves a remainder."""
    python = re.sub(r"\d+", r"F(\g<0>)", text)
    for written, meant in (("⌊", "floor("), ("⌋", ")"), ("·", "*"), ("−", "-")):
        python = python.replace(written, meant)
    return Fraction(eval(python, {"F": Fraction, "floor": math.floor}))


NUMBERS = st.integers(0, 50)


def combined(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    """Combine expressions, or an expression and an integer, by every operator."""
    operators = st.sampled_from([operator.add, operator.sub, operator.mul, operator.floordiv])
    right: st.SearchStrategy[Number] = parts | NUMBERS
    pairs = st.tuples(operators, parts, right).filter(
        lambda drawn: drawn[0] is not operator.floordiv or int(drawn[2]) > 0
    )
    return pairs.map(lambda drawn: drawn[0](drawn[1], drawn[2])) | parts.map(Expression.bracketed)


@given(st.recursive(NUMBERS.map(Expression), combined, max_leaves=8))
def test_the_text_evaluates_to_the_number(expression: Expression) -> None:
    assert evaluate(str(expression)) == int(expression)
