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
