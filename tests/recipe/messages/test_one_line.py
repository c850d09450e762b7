from __future__ import annotations

import pytest

from kcnn.recipe.messages.one_line import in_braces, in_braces_of_their_own, settings_in_a_row


@pytest.mark.parametrize(
    ("text", "braces"),
    [
        ("units: 10", "{units: 10}"),
        ("(units: 10)", "{units: 10}"),
        ("units: 10, name: a", "{units: 10, name: a}"),
        ("Adam: {beta_1: 0.9}", "{Adam: {beta_1: 0.9}}"),
        ("Adam{beta_1: 0.9}", "{Adam: {beta_1: 0.9}}"),
        ("Adam(beta_1: 0.9)", "{Adam: {beta_1: 0.9}}"),
        ("Adam: beta_1: 0.9, beta_2: 0.99", "{Adam: {beta_1: 0.9, beta_2: 0.99}}"),
        ("pool_size: (2, 3), strides: (2, 2)", "{pool_size: [2, 3], strides: [2, 2]}"),
        ("a: {b: 1}, c: [1, 2]", "{a: {b: 1}, c: [1, 2]}"),
        ("10, activation: relu", None), ("units: 10 name: a", None), ("units: (n, m)", None),
        ("Adam(0.1)", None), ("a: b: ", None), ("", None), ("()", None), (",", None),
        ("(" * 80 + ")" * 80, None), ("a: " * 50, None),
    ],
)  # fmt: skip
def test_braces(text: str, braces: str | None) -> None:
    assert in_braces(text) == braces


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("epochs: 2, batch_size: 32", ["epochs: 2", "batch_size: 32"]),
        ("epochs: 2 batch_size: 32; seed: 1", ["epochs: 2", "batch_size: 32", "seed: 1"]),
        ("image_size: (32, 32), channels: 3", ["image_size: [32, 32]", "channels: 3"]),
        ("epochs: 2", None), ("Dense: 10, activation: relu", None),
        ("optimizer: SGD, momentum: 0.9", None), ("epochs: , seed: 1", None),
    ],
)  # fmt: skip
def test_rows(text: str, settings: list[str] | None) -> None:
    assert settings_in_a_row(text) == settings


@pytest.mark.parametrize(
    ("line", "mend"),
    [
        ("optimizer: {Adam: beta_1: 0.9}", "; write {Adam: {beta_1: 0.9}}"),
        ("optimizer: {Adam: beta_1: 0.9, beta_2: [1, {a: 1}]} }",
         "; write {Adam: {beta_1: 0.9, beta_2: [1, {a: 1}]}}"),
        ("optimizer: {Adam: beta_1: 0.9, 3}", ", as in {Adam: {learning_rate: 0.001}}"),
        ("{a: 1, Adam: beta_1: 0.9}", ", as in {Adam: {learning_rate: 0.001}}"),
        ("{Adam: beta_1: " + "1" * 160 + "}", ", as in {Adam: {learning_rate: 0.001}}"),
    ],
)  # fmt: skip
def test_braces_of_their_own(line: str, mend: str) -> None:
    told = in_braces_of_their_own(line, line.index("beta_1") + len("beta_1"))
    assert told == f"settings inside settings stand in braces of their own{mend}"


def test_a_comma_that_is_missing_is_no_matter_of_braces() -> None:
    line = "{units: 10 name: a}"
    assert in_braces_of_their_own(line, line.rindex(":")) is None
