"""The text, Markdown, JSON and errors of kcnn explain."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kcnn.cli import cli
from kcnn.recipe.library import shipped_recipes

TEXT = """\
layer          output    parameters  multiply-adds  memory   sees
─────────────  ────────  ──────────  ─────────────  ───────  ─────
image          28×28×1            –              –  3.1 kB   1×1
C1 (Conv2D)    24×24×30         780        432,000  69.1 kB  5×5
               (28 − 5 + 2·0)/1 + 1 = 24 high and wide
               (5·5·1 + 1)·30 = 780 parameters
               24·24·(5·5·1)·30 = 432,000 multiply-adds
max_pooling2d  12×12×30           –              –  17.3 kB  6×6
               (24 − 2)/2 + 1 = 12 high and wide
flatten        4320               –              –  –        6×6
               12·12·30 = 4,320 values
dense          10            43,210         43,200  40 B     28×28
               (4320 + 1)·10 = 43,210 parameters
               4320·10 = 43,200 multiply-adds

in all
  parameters: 43,990
  multiply-adds: 475,200 an image, forward
  activations: 89.6 kB an image, 9.0 MB a batch of 100

memory: the output for one image, in float32. sees: the receptive field, the rows and columns of the
  28×28 image that one value depends on, padding counted.

remarks
  dense: holds 98.2 % of all parameters; a smaller map before Flatten, or GlobalAveragePooling2D in
    its place, needs fewer
"""


def run(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(cli, ["explain", *(str(argument) for argument in arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done


def test_text(net: Path) -> None:
    done = run(net)
    assert (done.exit_code, done.stdout, done.stderr) == (0, TEXT, "")


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_recipe_fits_a_hundred_columns(name: str) -> None:
    done = run(name)
    assert done.exit_code == 0
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_shows_the_inputs_of_branches() -> None:
    lines = run("resnet20").stdout.splitlines()
    add = next(index for index, line in enumerate(lines) if line.startswith("add "))
    assert lines[add + 1].strip() == "reads batch_normalization_2 and re_lu"


def test_weights_with_a_multiplier_of_0_are_not_trained() -> None:
    assert "  parameters: 1,973,944, 2,592 of them not trained\n" in run("cifar94").stdout
    totals = json.loads(run("cifar94", "--json").stdout)["totals"]
    assert totals["trainable_parameters"] == 1_973_944 - 2_592


def test_json(net: Path) -> None:
    explained = json.loads(run(net, "--json").stdout)
    first, *_, dense = explained["layers"]
    assert (first["name"], first["kind"], first["output_shape"]) == ("C1", "Conv2D", [24, 24, 30])
    assert first["sums"][0] == {
        "text": "(28 − 5 + 2·0)/1 + 1", "result": 24, "of": "high and wide",
    }  # fmt: skip
    assert dense["receptive_field"] == [28, 28]
    assert explained["totals"]["parameters"] == 43_990
    assert explained["oddities"][0]["layer"] == "dense"
    assert explained["problem"] is None


def test_markdown(net: Path) -> None:
    text = run(net, "--markdown").stdout
    assert text.startswith("# net\n\nA net for the tests.\n\n| layer | output |")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 5  # headings, rule, image and four layers
    assert {row.count("|") for row in rows} == {7}
    assert "| C1 (Conv2D) | 24×24×30 | 780 | 432,000 | 69.1 kB | 5×5 |" in rows
    assert "- `C1`\n  - (28 − 5 + 2·0)/1 + 1 = 24 high and wide\n" in text
    assert "## Remarks\n\n- `dense`: holds 98.2 %" in text


@pytest.mark.parametrize("form", [[], ["--json"], ["--markdown"]])
def test_shows_the_layers_before_a_mistake(net: Path, form: list[str]) -> None:
    done = run(net, "model.layers[1].MaxPooling2D.pool_size=30", *form)
    reason = "layer max_pooling2d: a 30×30 window does not fit a 24×24 map"
    assert done.exit_code == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert reason in done.stderr
    assert "(28 − 5 + 2·0)/1 + 1" in done.stdout
    assert "12·12·30" not in done.stdout
    if form:
        assert reason in done.stdout
    else:
        assert "as far as it fits" in done.stdout


def test_refuses_a_recipe_whose_image_shape_is_unknown(net: Path) -> None:
    settings = ["data.dataset=npz", "data.path=photos.npz"]
    done = run(net, *settings)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        "error: net.yaml: the size of the images is known only from photos.npz\n"
        "fix: write it after the recipe: 'data.image_size=[32,32]' data.channels=3\n"
    )
    assert run(net, *settings, "data.image_size=[32,32]", "data.channels=3").exit_code == 0


def test_refuses_markdown_with_json(net: Path) -> None:
    done = run(net, "--markdown", "--json")
    assert done.exit_code == 2
    assert "--markdown and --json do not go together" in done.stderr


def test_imports_neither_tensorflow_nor_numpy(net: Path) -> None:
    program = (
        "import sys; from kcnn.cli import cli\n"
        f"cli(['explain', '{net}'], standalone_mode=False)\n"
        "print({'tensorflow', 'keras', 'numpy', 'scipy'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "set()", done.stderr
