"""kcnn explain as a person meets it: text, Markdown, JSON, exercise, walk, and mistakes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from kcnn.cli import cli
from kcnn.commands.explain_layer import explain_layer
from kcnn.errors import RunError
from kcnn.recipe.library import shipped_recipes
from kcnn.runs.folder import RunFolder

NET = """\
name: net
about: A net for the tests.
data: {dataset: mnist}
model:
  layers:
    - Conv2D: {filters: 30, kernel_size: 5, activation: relu, name: C1}
    - MaxPooling2D
    - Flatten
    - Dense: {units: 10}
train: {epochs: 1, batch_size: 100, optimizer: Adam}
"""
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

worth a second look
  dense: holds 98.2 % of all parameters; a smaller map before Flatten, or GlobalAveragePooling2D in
    its place, needs fewer
"""


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET, encoding="utf-8")
    return Path("net.yaml")


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


def test_branches_say_what_they_read() -> None:
    lines = run("resnet20").stdout.splitlines()
    add = next(index for index, line in enumerate(lines) if line.startswith("add "))
    assert lines[add + 1].strip() == "reads batch_normalization_2 and re_lu"


def test_weights_that_a_multiplier_leaves_untrained_are_not_trained() -> None:
    assert "  parameters: 1,973,944, 2,592 of them not trained\n" in run("cifar94").stdout
    totals = json.loads(run("cifar94", "--json").stdout)["totals"]
    assert totals["trainable_parameters"] == 1_973_944 - 2_592


def test_json(net: Path) -> None:
    answer = json.loads(run(net, "--json").stdout)
    first, *_, dense = answer["layers"]
    assert (first["name"], first["kind"], first["output_shape"]) == ("C1", "Conv2D", [24, 24, 30])
    assert first["sums"][0] == {
        "text": "(28 − 5 + 2·0)/1 + 1", "result": 24, "of": "high and wide",
    }  # fmt: skip
    assert dense["receptive_field"] == [28, 28]
    assert answer["totals"]["parameters"] == 43_990
    assert answer["oddities"][0]["layer"] == "dense"
    assert answer["problem"] is None


def test_markdown(net: Path) -> None:
    text = run(net, "--markdown").stdout
    assert text.startswith("# net\n\nA net for the tests.\n\n| layer | output |")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 5  # headings, rule, image and four layers
    assert {row.count("|") for row in rows} == {7}
    assert "| C1 (Conv2D) | 24×24×30 | 780 | 432,000 | 69.1 kB | 5×5 |" in rows
    assert "- `C1`\n  - (28 − 5 + 2·0)/1 + 1 = 24 high and wide\n" in text
    assert "## Worth a second look\n\n- `dense`: holds 98.2 %" in text


@pytest.mark.parametrize("form", [[], ["--json"], ["--markdown"]])
def test_a_layer_that_cannot_fit(net: Path, form: list[str]) -> None:
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


def test_images_that_only_the_data_know(net: Path) -> None:
    settings = ["data.dataset=npz", "data.path=photos.npz"]
    done = run(net, *settings)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        "error: net.yaml: the size of the images is known only from photos.npz\n"
        "hint: say it after the recipe: 'data.image_size=[32,32]' data.channels=3\n"
    )
    assert run(net, *settings, "data.image_size=[32,32]", "data.channels=3").exit_code == 0


def test_the_exercise() -> None:
    done = run("cifar", "--solve", "padding", "model.layers[0].Conv2D.kernel_size=7")
    assert done.stdout.splitlines()[:3] == [
        "conv2d: 32 high and wide, kernel 7, stride 1: padding 3",
        "  P = (7 − 1)/2 = 3",
        "  (32 − 7 + 2·3)/1 + 1 = 32",
    ]
    answers = json.loads(run("cifar", "--solve", "padding", "--json").stdout)
    assert [one["padding"] for one in answers] == [1, 1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--markdown", "--json"], "--markdown and --json do not go together"),
        (["--solve", "padding", "--layer", "C1"], "--solve and --layer do not go together"),
        (["--solve", "padding", "--markdown"], "--markdown and --solve do not go together"),
        (["--at", "1,1", "--filter", "2"], "--at, --filter: only with --layer NAME"),
        (["--layer", "C1", "--at", "middle"], "'middle': expected a row and a column, as in 12,7"),
        (["--layer", "C1", "--at=-1,2"], "'-1,2': expected a row and a column"),
        (["--solve", "stride"], "'stride' is not 'padding'"),
    ],
)
def test_wrong_usage(net: Path, options: list[str], message: str) -> None:
    done = run(net, *options)
    assert done.exit_code == 2
    assert message in done.stderr


class TestLayer:
    def test_text(self, net: Path) -> None:
        image = np.arange(28 * 28, dtype=np.uint16).reshape(28, 28) % 256
        Image.fromarray(image.astype(np.uint8)).save("grey.png")
        done = run(net, "--layer", "C1", "--image", "grey.png", "--at", "0,3", "--filter", "7")
        lines = done.stdout.splitlines()
        assert done.exit_code == 0, done.stderr
        assert lines[0] == "C1, filter 7, at row 0 and column 3 of its 24×24×30 output"
        assert lines[1] == "reads rows 0 to 4 and columns 3 to 7"
        assert lines[3] == "image: grey.png; weights as seed 0 draws them"
        patch = lines[lines.index("patch") + 1 : lines.index("filter")]
        read = [[float(one) for one in line.split()] for line in patch]
        assert read == pytest.approx((image[:5, 3:8] / 255).round(3), abs=1e-9)
        assert lines[-2].removeprefix("activation: relu gives ") == (
            lines[-1].removeprefix("Keras gives ").removesuffix(" (float32)")
        )

    def test_whitening_without_standard_scaling(self, net: Path) -> None:
        net.write_text(
            NET.replace("mnist", "digits")
            .replace("name: C1", "name: C1, kernel_initializer: Whitening")
            .replace("kernel_size: 5", "kernel_size: 4"),
            encoding="utf-8",
        )
        Image.new("L", (8, 8)).save("grey.png")
        kernels = [
            explain_layer(net, [], "C1", filter=number, image=Path("grey.png")).numbers.kernel
            for number in (0, 15)
        ]
        np.testing.assert_array_equal(kernels[0], -kernels[1])

    def test_weights_of_a_run(self, trained_run: RunFolder) -> None:
        output_dir = trained_run.path.parents[1]
        settings = [trained_run.resolved, "--layer", "conv2d", "--json", "--quiet"]
        trained = run(*settings, "--run", "digits/run-001", "--output-dir", output_dir)
        answer = json.loads(trained.stdout)
        assert answer["weights"] == "of digits/run-001 after its last epoch"
        assert answer["image"].startswith("the first test image of digits")
        assert answer["value"] == pytest.approx(answer["keras_value"], abs=1e-5)
        assert answer["kernel"] != json.loads(run(*settings).stdout)["kernel"]

    def test_the_run_of_another_network(self, trained_run: RunFolder) -> None:
        with pytest.raises(RunError, match="digits/run-001: trained another network"):
            explain_layer(
                "digits", [], "conv2d", run=str(trained_run.path), output_dir=Path("outputs")
            )

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--layer", "c1"], "net.yaml: no layer is named c1; did you mean C1?"),
            (["--layer", "dense"], "net.yaml: layer dense is a Dense, expected a Conv2D"),
            (["--layer", "C1", "--at", "24,0"], "--at 24,0: C1 gives a 24×24 map"),
            (["--layer", "C1", "--filter", "30"], "--filter 30: C1 has 30 filters"),
            (["--layer", "C1", "--run", "none"], "none: no such run in outputs"),
            (["--layer", "C1", "--image", "none.png"], "none.png: no such file"),
            (["--layer", "C1", "--image", "net.yaml"], "net.yaml: not a PNG, JPEG, BMP or GIF"),
        ],
    )
    def test_mistakes_come_before_keras(self, net: Path, options: list[str], message: str) -> None:
        done = run(net, *options)
        assert (done.exit_code, done.stdout) == (1, "")
        assert done.stderr.startswith(f"error: {message}")


def test_without_tensorflow_or_numpy(net: Path) -> None:
    program = (
        "import sys; from kcnn.cli import cli\n"
        f"cli(['explain', '{net}'], standalone_mode=False)\n"
        "print({'tensorflow', 'keras', 'numpy', 'scipy'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "set()", done.stderr
