from __future__ import annotations

import time

import pytest
import yaml

from kcnn.recipe import strict_yaml
from kcnn.recipe.mistakes.report import describe_yaml
from kcnn.recipe.mistakes.sentences import PASTED_SPACE
from kcnn.recipe.mistakes.syntax import _find_python
from kcnn.recipe.strict_yaml import MAX_FILE_BYTES, YamlMistakeError, read_yaml

LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if yaml.__with_libyaml__ else [])]
RECIPE = """\
name: net
data:
  dataset: mnist
model:
  layers:
    - Flatten
    - Dense: {units: 10}
train:
  batch_size: 32
  epochs: 5  # times
  optimizer: Adam
"""
BACKSLASH = "a \\ in double quotes begins a special character; use single quotes, or / for \\"
QUOTE_MARK = (
    "put a text that begins with *, &, | or > in quotes; the items of a list begin with a dash"
)
SPACE = "a space is missing after the colon, as in epochs: 5"
COLON = "a colon is missing, as in epochs: 5"
DASH = "a dash is missing, as in - Flatten"
SPACE_AFTER_DASH = "a space is missing after the dash, as in - Flatten"
TEXT = "put a text that holds ': ' in quotes"
BRACES = "settings in one line need braces, as in Dense: {units: 10, activation: relu}"
OWN_BRACES = "settings inside settings need their own braces, as in {Adam: {learning_rate: 0.001}}"
OWN_LINE = "each setting needs its own line"
INDENTED = "indented unlike the lines around it; line it up with them"
PYTHON = "a Python program, not a recipe; a recipe is YAML, with data:, model: and train:"


@pytest.fixture(autouse=True, params=LOADERS, ids=lambda loader: loader.__name__)
def loader(request, monkeypatch) -> None:
    """Use both of PyYAML's parsers: their messages differ."""
    monkeypatch.setattr(strict_yaml, "_Loader", request.param)


def refused(text: str) -> tuple[int, str]:
    with pytest.raises(YamlMistakeError) as caught:
        read_yaml(text.encode())
    return describe_yaml(caught.value.mistake)


MISTAKES = [
    ("epochs: 5", "epochs:5", 10, SPACE),
    ("name: net", "name:net", 1, SPACE),
    ("epochs: 5", "epochs 5", 10, COLON),
    ("layers:", "layers", 5, COLON),
    ("Dense: {units: 10}", "Dense {name: a, units: 10}", 7, COLON),
    ("optimizer: Adam", "optimizer {Adam: {beta_1: 0.9}}", 11, COLON),
    ("model:", "model", 4, COLON),
    ("epochs: 5", "epochs = 5", 10, "write a colon, not =, as in epochs: 5"),
    ("epochs: 5", "epochs:\xa05", 10, PASTED_SPACE),
    ("  epochs: 5", "\xa0 epochs: 5", 10, PASTED_SPACE),
    ("- Dense: {units: 10}", "- Dense\n        units: 10", 7, COLON),
    ("Adam", "\n    Adam\n      beta_1: 0.9", 12, COLON),
    ("name: net", "about: LeNet: my try", 1, TEXT),
    ("Dense: {units: 10}", "Dense: units: 10", 7, BRACES),
    ("Dense: {units: 10}", "Dense: (units: 10)", 7, BRACES),
    ("Dense: {units: 10}", "Conv2D: filters: 8, kernel_size: (3, 3), padding: same", 7, BRACES),
    ("Dense: {units: 10}", "Dense: 10, activation: relu", 7, BRACES),
    ("Dense: {units: 10}", "Dense:{units: 10, name: a}", 7, SPACE),
    ("Adam", "Adam: {beta_1: 0.9}", 11, BRACES),
    ("Adam", "Adam:{beta_1: 0.9}", 11, BRACES),
    ("Adam", "Adam(beta_1: 0.9)", 11, BRACES),
    ("Adam", "Adam: beta_1: 0.9, beta_2: 0.99", 11, BRACES),
    ("Adam", "{Adam: beta_1: 0.9, beta_2: 0.99}", 11, OWN_BRACES),
    ("units: 10", "units: 10, kernel_regularizer: L2: 0.1", 7, OWN_BRACES),
    ("epochs: 5  # times", "epochs: 5, shuffle: true; seed: 1  # times", 10, OWN_LINE),
    ("epochs: 5  # times\n  optimizer: Adam", "optimizer: Adam, epochs: 5", 10, OWN_LINE),
    ("dataset: mnist", "augment: RandomFlip: {mode: horizontal}", 3, BRACES),
    ("  epochs: 5", "   epochs: 5", 10, INDENTED),
    ("  epochs: 5", " epochs: 5", 10, INDENTED),
    ("    - Dense", "     - Dense", 7, INDENTED),
    ("    - Dense", "   - Dense", 7, INDENTED),
    ("- Flatten", "-Flatten", 6, SPACE_AFTER_DASH),
    ("- Dense", "-Dense", 7, SPACE_AFTER_DASH),
    ("- Flatten", "Flatten", 6, DASH),
    ("- Flatten", "- Flatten\n    ReLU", 7, DASH),
    ("- Dense", "Dense", 7, DASH),
    ("dataset: mnist", 'path: "C:\\Users\\me"', 3, BACKSLASH),
    ("dataset: mnist", 'path: "C:\\data"', 3, BACKSLASH),
    ("epochs: 5", "epochs: 5\x07", 10, "an invisible character (U+0007); delete it"),
    ("  epochs", "\tepochs", 10, "there is a tab before the text; indent with spaces"),
    ("units: 10}", "units: 10", 7, "the { is not closed; write } at its end"),
    ("units: 10}", "units: 10]", 7, "opened by { and closed by ]; use a pair"),
    ("units: 10}", "units: 10}}", 7,
     "a } too many; each closes one that was opened"),
    ("units: 10}", "units: 10 name: x}", 7,
     "a comma is missing between two settings in { } or two values in [ ]"),
    ("name: net", 'name: "net', 1,
     "a quote is opened and not closed; write one at the text's end"),
    ("name: net", "about: 'it's'", 1,
     'a quote or a bracket ends before its line does; put a whole text in double quotes, as '
     'in "it\'s mine"'),
    ("name: net", "about: @me", 1, "put a text that begins with @ in quotes"),
    ("name: net", "about: {a} net", 1,
     'a quote or a bracket ends before its line does; put a whole text in double quotes, as '
     'in "it\'s mine"'),
    ("name: net", "about: *good* net", 1, QUOTE_MARK),
    ("name: net", "about: |me", 1, QUOTE_MARK),
    ("name: net", "about: > 90 %", 1, QUOTE_MARK),
    ("- Flatten", "* Flatten", 6, QUOTE_MARK),
    ("layers:\n    - Flatten", "layers: - Flatten", 5,
     "a dash begins a new line; in one line, write a list as [a, b]"),
    ("units: 10", "units: 10,, use_bias: true", 7,
     "there is nothing before a comma; remove it, or write what is missing"),
    ("name: net", '"net"\nname: net', 1,
     "there is text before the settings; begin a comment with #"),
    ("Adam", "Adam\nsome words more\nname: x", 12,
     "not a setting such as epochs: 5; begin a comment with #"),
    ("name: net", '"""A net."""\nimport keras', 2, PYTHON),
]  # fmt: skip


@pytest.mark.parametrize(("written", "changed", "line", "message"), MISTAKES)
def test_mistakes_of_syntax(written: str, changed: str, line: int, message: str) -> None:
    assert refused(RECIPE.replace(written, changed)) == (line, message)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_line_is_right_with_line_ends_of_every_system(end: str) -> None:
    text = RECIPE.replace("epochs: 5", "epochs:5").replace("\n", end)
    assert refused(text) == (10, SPACE)


def test_long_and_unprintable_words_are_shown_short_and_printable() -> None:
    line, message = refused(f"a:\n  {'x' * 90}:\ud7ff{'y' * 90}\n  b: 1\n")
    assert line == 2
    assert len(message) < 250
    assert message.isprintable()


@pytest.mark.parametrize(
    "filler",
    [
        " ", "a", "- ", "a ", ":", "#", "\t", "{",
        *(pytest.param(lines, marks=pytest.mark.slow) for lines in ("a\n", "a:b\n")),
    ],
)  # fmt: skip
def test_large_mistakes_are_described_fast(filler: str) -> None:
    text = filler * (MAX_FILE_BYTES // len(filler) - 10) + "\n  - : : x"
    started = time.process_time()
    assert refused(text)[1]
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    ("text", "line"),
    [("# a net\n\nimport keras\n", 3), ("from keras.layers import Dense\n", 1),
     ("x = 1\nmodel.add(Dense(10))\n", 2), ("def net():\n", 1)],
)  # fmt: skip
def test_recognizes_a_python_program(text: str, line: int) -> None:
    assert _find_python(text) == (line, PYTHON)


def test_does_not_take_a_recipe_for_a_python_program() -> None:
    assert _find_python(RECIPE) is None
