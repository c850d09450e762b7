from __future__ import annotations

import re
import time

import pytest
import yaml

from kcnn.recipe import strict_yaml
from kcnn.recipe.messages.yaml_slips import find_python
from kcnn.recipe.strict_yaml import LARGEST_FILE, YamlMistake, read_yaml

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
PASTED = "a space copied from a web page, which YAML takes for none; type the spaces anew"
BACKSLASH = (
    "a \\ in double quotes begins a special character; use single quotes, or / in place of \\"
)
YAMLS_MARK = (
    "put a text that begins with *, &, | or > in quotes; the items of a list begin with a dash"
)
LINE_UP = "line it up with the lines around it"
PYTHON = "a Python program, not a recipe; a recipe is YAML, with data:, model: and train:"


@pytest.fixture(autouse=True, params=LOADERS, ids=lambda loader: loader.__name__)
def loader(request, monkeypatch) -> None:
    """Both of PyYAML's parsers: each has words of its own."""
    monkeypatch.setattr(strict_yaml, "_Loader", request.param)


def refused(text: str) -> tuple[int, str]:
    with pytest.raises(YamlMistake) as caught:
        read_yaml(text.encode())
    return caught.value.line, caught.value.message


SLIPS = [
    ("epochs: 5", "epochs:5", 10, "a space is missing after the colon; write epochs: 5"),
    ("name: net", "name:net", 1, "a space is missing after the colon; write name: net"),
    ("epochs: 5", "epochs 5", 10, "a colon is missing; write epochs: 5"),
    ("layers:", "layers", 5, "a colon is missing; write layers:"),
    ("Dense: {units: 10}", "Dense {name: a, units: 10}", 7,
     "a colon is missing; write Dense: {name: a, units: 10}"),
    ("optimizer: Adam", "optimizer {Adam: {beta_1: 0.9}}", 11,
     "a colon is missing; write optimizer: {Adam: {beta_1: 0.9}}"),
    ("model:", "model", 4, "a colon is missing; write model:"),
    ("epochs: 5", "epochs = 5", 10,
     "a colon stands between a setting and its value, not =; write epochs: 5"),
    ("epochs: 5", "epochs:\xa05", 10, PASTED),
    ("  epochs: 5", "\xa0 epochs: 5", 10, PASTED),
    ("- Dense: {units: 10}", "- Dense\n        units: 10", 7,
     "a colon is missing; write - Dense:"),
    ("Adam", "\n    Adam\n      beta_1: 0.9", 12, "a colon is missing; write Adam:"),
    ("name: net", "about: LeNet: my try", 1,
     "put a text that holds ': ' in quotes; write about: \"LeNet: my try\""),
    ("name: net", 'about: LeNet: "my" try', 1,
     "put a text that holds ': ' in quotes; write about: 'LeNet: \"my\" try'"),
    ("Dense: {units: 10}", "Dense: units: 10", 7,
     "settings in the same line stand in braces; write Dense: {units: 10}"),
    ("Dense: {units: 10}", "Dense: (units: 10)", 7,
     "settings in the same line stand in braces; write Dense: {units: 10}"),
    ("Dense: {units: 10}", "Conv2D: filters: 8, kernel_size: (3, 3), padding: same", 7,
     "settings in the same line stand in braces; write Conv2D: {filters: 8, kernel_size: "
     "[3, 3], padding: same}"),
    ("Dense: {units: 10}", "Dense: 10, activation: relu", 7,
     "settings in the same line stand in braces, each with its name, as in Dense: {units: 10, "
     "activation: relu}"),
    ("Dense: {units: 10}", "Dense:{units: 10, name: a}", 7,
     "a space is missing after the colon; write Dense: {units: 10, name: a}"),
    ("Adam", "Adam: {beta_1: 0.9}", 11,
     "settings in the same line stand in braces; write optimizer: {Adam: {beta_1: 0.9}}"),
    ("Adam", "Adam:{beta_1: 0.9}", 11,
     "settings in the same line stand in braces; write optimizer: {Adam: {beta_1: 0.9}}"),
    ("Adam", "Adam(beta_1: 0.9)", 11,
     "settings in the same line stand in braces; write optimizer: {Adam: {beta_1: 0.9}}"),
    ("Adam", "Adam: beta_1: 0.9, beta_2: 0.99", 11,
     "settings in the same line stand in braces; write optimizer: {Adam: {beta_1: 0.9, beta_2: "
     "0.99}}"),
    ("Adam", "{Adam: beta_1: 0.9, beta_2: 0.99}", 11,
     "settings inside settings stand in braces of their own; write {Adam: {beta_1: 0.9, beta_2: "
     "0.99}}"),
    ("units: 10", "units: 10, kernel_regularizer: L2: 0.1", 7,
     "settings inside settings stand in braces of their own, as in {Adam: {learning_rate: 0.001}}"),
    ("epochs: 5  # times", "epochs: 5, shuffle: true; seed: 1  # times", 10,
     "each setting stands on a line of its own; write epochs: 5, below it shuffle: true, below it "
     "seed: 1"),
    ("epochs: 5  # times\n  optimizer: Adam", "optimizer: Adam, epochs: 5", 10,
     "each setting stands on a line of its own, and those of Adam in its braces, as in "
     "optimizer: {Adam: {…}}"),
    ("dataset: mnist", "augment: RandomFlip: {mode: horizontal}", 3, "settings in the same line "
     "stand in braces; write augment: [{RandomFlip: {mode: horizontal}}]"),
    ("optimizer: Adam", "optimizer = Adam(0.1)", 11,
     "a colon stands between a setting and its value, not ="),
    ("name: net", "about: " + "x" * 160 + ": y", 1, "put a text that holds ': ' in quotes"),
    ("name: net", "about: C:\\net: it's mine", 1, "put a text that holds ': ' in quotes; write "
     "about: 'C:\\net: it''s mine'"),
    ("  epochs: 5", "   epochs: 5", 10,
     f"indented further than line 9, which has its value already; {LINE_UP}"),
    ("  epochs: 5", " epochs: 5", 10, f"indented unlike the lines before it; {LINE_UP}"),
    ("    - Dense", "     - Dense", 7,
     "the dash is indented too far; line it up with the dash above"),
    ("    - Dense", "   - Dense", 7, f"indented unlike the lines before it; {LINE_UP}"),
    ("- Flatten", "-Flatten", 6, "a space is missing after the dash; write - Flatten"),
    ("- Dense", "-Dense", 7, "a space is missing after the dash; write - Dense"),
    ("- Flatten", "Flatten", 6, "a dash is missing; write - Flatten"),
    ("- Flatten", "- Flatten\n    ReLU", 7, "a dash is missing; write - ReLU"),
    ("- Dense", "Dense", 7, "a dash is missing; write - Dense"),
    ("dataset: mnist", 'path: "C:\\Users\\me"', 3, BACKSLASH),
    ("dataset: mnist", 'path: "C:\\data"', 3, BACKSLASH),
    ("epochs: 5", "epochs: 5\x07", 10, "a character that cannot be seen (U+0007); delete it"),
    ("  epochs", "\tepochs", 10, "a tab stands before the text; indent with spaces"),
    ("units: 10}", "units: 10", 7, "the { is not closed; write } at its end"),
    ("units: 10}", "units: 10]", 7, "opened by { and closed by ]; use a pair"),
    ("units: 10}", "units: 10}}", 7,
     "a } too many; every one closes one that was opened"),
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
    ("name: net", "about: *good* net", 1, YAMLS_MARK),
    ("name: net", "about: |me", 1, YAMLS_MARK),
    ("name: net", "about: > 90 %", 1, YAMLS_MARK),
    ("- Flatten", "* Flatten", 6, YAMLS_MARK),
    ("layers:\n    - Flatten", "layers: - Flatten", 5,
     "a dash begins a line of its own; in one line a list is as in [a, b]"),
    ("units: 10", "units: 10,, use_bias: true", 7,
     "nothing stands before a comma; take it out, or write what is missing"),
    ("name: net", '"net"\nname: net', 1,
     "a text stands before the settings; begin a comment with #"),
    ("Adam", "Adam\nsome words more\nname: x", 12,
     "no setting, as epochs: 5 is one; begin a comment with #"),
    ("name: net", '"""A net."""\nimport keras', 2, PYTHON),
]  # fmt: skip


@pytest.mark.parametrize(("written", "changed", "line", "message"), SLIPS)
def test_slips(written: str, changed: str, line: int, message: str) -> None:
    assert refused(RECIPE.replace(written, changed)) == (line, message)


@pytest.mark.parametrize(
    ("written", "changed", "line", "message"), [slip for slip in SLIPS if "; write " in slip[3]]
)
def test_every_mend_applied_literally_is_yaml(
    written: str, changed: str, line: int, message: str
) -> None:
    lines = RECIPE.replace(written, changed).split("\n")
    lines[line - 1] = mended(lines[line - 1], message.rpartition("; write ")[2])
    read = read_yaml("\n".join(lines).encode())
    assert not read.mistakes
    assert read.value["model"] and read.value["train"]


def mended(line: str, mend: str) -> str:
    """Puts what a message says to write into a line."""
    if mend in ("} at its end", "one at the text's end"):
        return line + (mend[0] if mend[0] == "}" else '"')
    if mend.startswith("{"):  # in place of the braces that are there
        return line[: line.index("{")] + mend
    indent = line[: len(line) - len(line.lstrip())]
    if found := re.fullmatch(r"- (\w+)", mend):
        return line.replace(f"-{found[1]}", found[1]).replace(found[1], mend, 1)
    dash = "- " if line.lstrip().startswith("- ") and not mend.startswith("- ") else ""
    return f"{indent}{dash}{mend}".replace(", below it ", "\n" + indent)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_line_is_right_with_line_ends_of_every_system(end: str) -> None:
    text = RECIPE.replace("epochs: 5", "epochs:5").replace("\n", end)
    assert refused(text) == (10, "a space is missing after the colon; write epochs: 5")


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
def test_large_slips_are_told_fast(filler: str) -> None:
    text = filler * (LARGEST_FILE // len(filler) - 10) + "\n  - : : x"
    started = time.process_time()
    with pytest.raises(YamlMistake):
        read_yaml(text.encode())
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    ("text", "line"),
    [("# a net\n\nimport keras\n", 3), ("from keras.layers import Dense\n", 1),
     ("x = 1\nmodel.add(Dense(10))\n", 2), ("def net():\n", 1)],
)  # fmt: skip
def test_python_is_found(text: str, line: int) -> None:
    assert find_python(text) == (line, PYTHON)


def test_a_recipe_is_no_python() -> None:
    assert find_python(RECIPE) is None
