from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from kcnn.cli import cli
from kcnn.commands.trace import trace
from kcnn.errors import RunError
from kcnn.runs.folder import RunFolder


def run(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(cli, ["trace", *(str(argument) for argument in arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done


def test_text(net: Path) -> None:
    image = np.arange(28 * 28, dtype=np.uint16).reshape(28, 28) % 256
    Image.fromarray(image.astype(np.uint8)).save("gray.png")
    done = run(net, "C1", "--image", "gray.png", "--at", "0,3", "--filter", "7")
    lines = done.stdout.splitlines()
    assert done.exit_code == 0, done.stderr
    assert lines[0] == "C1, filter 7, at row 0 and column 3 of its 24×24×30 output"
    assert lines[1] == "reads rows 0 to 4 and columns 3 to 7"
    assert lines[3] == "image: gray.png; weights as seed 0 draws them"
    patch = lines[lines.index("patch") + 1 : lines.index("filter")]
    read = [[float(value) for value in line.split()] for line in patch]
    assert read == pytest.approx((image[:5, 3:8] / 255).round(3), abs=1e-9)
    assert lines[-2].removeprefix("activation: relu returns ") == (
        lines[-1].removeprefix("Keras computes ").removesuffix(" (float32)")
    )


def test_whitening_without_standard_scaling(net: Path) -> None:
    net.write_text(
        net.read_text(encoding="utf-8")
        .replace("mnist", "digits")
        .replace("name: C1", "name: C1, kernel_initializer: Whitening")
        .replace("kernel_size: 5", "kernel_size: 4"),
        encoding="utf-8",
    )
    Image.new("L", (8, 8)).save("gray.png")
    kernels = [
        trace(net, [], "C1", filter=number, image=Path("gray.png")).numbers.kernel
        for number in (0, 15)
    ]
    np.testing.assert_array_equal(kernels[0], -kernels[1])


def test_uses_the_weights_of_a_run(trained_run: RunFolder) -> None:
    output_dir = trained_run.path.parents[1]
    settings = [trained_run.resolved, "conv2d", "--json", "--quiet"]
    trained = run(*settings, "--run", "digits/run-001", "--output-dir", output_dir)
    traced = json.loads(trained.stdout)
    assert traced["weights"] == "of digits/run-001 after its last epoch"
    assert traced["image"].startswith("the first test image of digits")
    assert traced["value"] == pytest.approx(traced["keras_value"], abs=1e-5)
    assert traced["kernel"] != json.loads(run(*settings).stdout)["kernel"]


def test_refuses_a_run_of_another_model(trained_run: RunFolder) -> None:
    with pytest.raises(RunError, match="digits/run-001: trained another model"):
        trace("digits", [], "conv2d", run=str(trained_run.path), output_dir=Path("outputs"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["c1"], "net.yaml: no layer is named c1; did you mean C1?"),
        (["dense"], "net.yaml: layer dense is a Dense, expected a Conv2D"),
        (["C1", "--at", "24,0"], "--at 24,0: C1 returns a 24×24 map"),
        (["C1", "--filter", "30"], "--filter 30: C1 has 30 filters"),
        (["C1", "--run", "none"], "none: no such run in outputs"),
        (["C1", "--image", "none.png"], "none.png: no such file"),
        (["C1", "--image", "net.yaml"], "net.yaml: text, not a PNG, JPEG, BMP, GIF"),
    ],
)
def test_reports_mistakes_before_importing_keras(
    net: Path, options: list[str], message: str
) -> None:
    done = run(net, *options)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {message}")


@pytest.mark.parametrize(
    ("at", "message"),
    [
        ("middle", "'middle': expected a row and a column, as in 12,7"),
        ("-1,2", "'-1,2': expected a row and a column"),
    ],
)
def test_refuses_an_invalid_location(net: Path, at: str, message: str) -> None:
    done = run(net, "C1", f"--at={at}")
    assert done.exit_code == 2
    assert message in done.stderr


def test_notes_that_initial_weights_are_not_loaded(net: Path, notes) -> None:
    Image.new("L", (28, 28)).save("gray.png")
    arguments = {"layer": "C1", "image": Path("gray.png"), "progress": notes}
    trace(net, [], **arguments)
    assert not notes.lines
    trace(net, ["train.initial_weights=other.keras"], **arguments)
    assert notes.lines == [
        "all weights are random, as seed 0 draws them: train.initial_weights not loaded; --run RUN "
        "takes the weights of a run"
    ]
