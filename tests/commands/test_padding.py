from __future__ import annotations

import json

from click.testing import CliRunner

from kcnn.cli import cli


def test_solves_the_exercise() -> None:
    seven = "model.layers[0].Conv2D.kernel_size=7"
    done = CliRunner().invoke(cli, ["padding", "cifar", seven])
    assert done.stdout.splitlines()[:3] == [
        "conv2d: 32 high and wide, kernel 7, stride 1: padding 3",
        "  P = (7 − 1)/2 = 3",
        "  (32 − 7 + 2·3)/1 + 1 = 32",
    ]
    solutions = json.loads(CliRunner().invoke(cli, ["padding", "cifar", "--json"]).stdout)
    assert [solution["padding"] for solution in solutions] == [1, 1]


def test_reports_a_convolution_after_flatten() -> None:
    third = "model.layers[2]={Conv2D: {filters: 4, kernel_size: 3}}"
    flat = ["model.layers[1]=Flatten", third]
    done = CliRunner().invoke(cli, ["padding", "digits", *flat])
    assert done.exit_code == 1
    assert done.stdout.startswith("conv2d: 8 high and wide")
    assert "Conv2D needs a map (height×width×channels) and gets 2048 values" in done.stderr
