"""Names of files and classes that are not UTF-8 or contain escape sequences, in all commands."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from kcnn.cli import cli
from kcnn.text.printable import printable

RECIPE = """\
name: strange
data: {dataset: folder, path: photos, image_size: [8, 8]}
model: {layers: [Flatten, {Dense: {units: 3}}]}
train: {epochs: 1, batch_size: 8, optimizer: SGD}
"""
CLASSES = (b"caf\xe9", b"\x1b[31m", b"$\\frac <b>")


def kcnn(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, arguments, color=True, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert printable(result.output) == result.output
    return result


@pytest.mark.slow
def test_strange_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in CLASSES:
        folder = Path("photos") / os.fsdecode(name)
        folder.mkdir(parents=True)
        for number in range(12):
            image = Image.fromarray(np.full((8, 8, 3), 20 * number, np.uint8))
            image.save(folder / os.fsdecode(b"\xff%d.png" % number))
    Path("strange.yaml").write_text(RECIPE, encoding="utf-8")
    kcnn("fit", "strange.yaml")
    plots = Path("outputs/strange/run-001/plots")
    assert {"confusion.png", "samples.png", "mistakes.png"} <= {
        path.name for path in plots.iterdir()
    }
    assert "caf\\udce9" in kcnn("evaluate").output
    kcnn("plot")
    kcnn("predict", "photos", "--csv", "predictions.csv")
    assert Path("predictions.csv").read_text(encoding="utf-8").count("caf\\udce9/") == 36
