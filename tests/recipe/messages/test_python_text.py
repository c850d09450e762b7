from __future__ import annotations

import pytest

from kcnn.recipe.messages.python_text import Call, as_value, find_call, read_tuple

NAMES = ("Dense", "Conv2D", "l2")


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("Dense(10)", Call("Dense", [10], {})),
        ("model.add(layers.Dense(10))", Call("Dense", [10], {})),
        ("Conv2D(8, (3, (2,)), activation='relu')",
         Call("Conv2D", [8, [3, [2]]], {"activation": "relu"})),
        ("Dense(units=10, use_bias=False)", Call("Dense", [], {"units": 10, "use_bias": False})),
        ("Dense()", Call("Dense", [], {})),
        ("Dense(10, kernel_regularizer=l2(0.1))", None),
        ("Dense(10), Conv2D(8, 3)", None), ("Dense(10), Flatten", None),
        ("Sequential([Dense(10), Dense(10)])", None), ("Dense(10)(x)", Call("Dense", [10], {})),
        ("Dense(*sizes)", None), ("Dense(**{'units': 10})", None), ("Dense(n)", None),
        ("Dense(1j)", None), ("Dense({1})", None), ("Dense(...)", None), ("Dense(b'')", None),
        ("Dense(10", None), ("Flatten()", None), ("Dense", None), ("", None), ("\0", None),
        ("Dense(10" + " " * 200 + ")", None), ("(" * 199, None),
        ("Dense('\\d')", Call("Dense", ["\\d"], {})),
        ("Dense(" + "9" * 150 + ")", Call("Dense", [10**150 - 1], {})),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("error")
def test_calls(text: str, call: Call | None) -> None:
    assert find_call(text, NAMES) == call


@pytest.mark.parametrize(
    ("text", "value"),
    [("(3, 3)", (3, 3)), ("(3,)", (3,)), ("((1, 1), (2, 2))", ((1, 1), (2, 2))), ("(3)", None),
     ("3, 3", None), ("(3, 3", None), ("(a, b)", None), ("((3, 3)", None), ("()", ()),
     ("(1j, 2)", None), ("(..., 2)", None), ("(3, [2])", (3, [2])), ("({1: 2}, 3)", None)],
)  # fmt: skip
def test_tuples(text: str, value: object) -> None:
    assert read_tuple(text) == value


@pytest.mark.parametrize(
    ("value", "meant"),
    [("(3, 3)", [3, 3]), ("(3)", 3), (((1, 1), (2, 2)), [[1, 1], [2, 2]]),
     ("(about 3)", "(about 3)"), ("3", "3"), (3, 3), (None, None), ([3], [3])],
)  # fmt: skip
def test_what_a_recipe_has_in_place_of_parentheses(value: object, meant: object) -> None:
    assert as_value(value) == meant
