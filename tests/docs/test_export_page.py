"""docs/export.md names all that there is, and its programs run as they are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from kcnn.export.format import Options, variant
from kcnn.export.formats import FORMATS
from kcnn.export.source import Source
from kcnn.runs.exports import COLUMNS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "export.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.NAME)
def test_names_each_format_with_its_extra_and_tolerance(form) -> None:
    formats, proof = section("Formats"), section("Every artefact is proven")
    [row] = re.findall(rf"^\| `{form.NAME}` \|.*$", formats, re.MULTILINE)
    assert f"`{form.FILE}" in row
    assert form.EXTRA is None or f'"kcnn[{form.EXTRA}]"' in row
    if form.NAME == "web":
        return
    for quantize in (None, *form.QUANTIZATIONS):
        tolerance = form.tolerance(Options(quantize))
        name = re.escape(variant(form, Options(quantize)))
        [row] = re.findall(rf"^\| (?:`\w+`, )*`{name}`(?:, `\w+`)* \| ([^a-z]*) \|$", proof, re.M)
        difference, classes, moved = (cell.strip() for cell in row.split("|"))
        assert difference == (
            f"{limit:f}".rstrip("0") if (limit := tolerance.largest_difference) else ""
        )
        assert classes == f"{100 * tolerance.other_classes:g} %"
        assert moved == (f"{100 * tolerance.moved:g} %" if tolerance.moved else "")


def test_explains_each_column_of_the_summary() -> None:
    assert [name for name in COLUMNS if f"`{name}`" not in PAGE] == []


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS[:-1], ids=lambda form: form.NAME)
def test_programs_run(form, tmp_path: Path) -> None:
    for requirement in form.REQUIREMENTS:
        pytest.importorskip(requirement.distribution.replace("-", "_"))
    image = keras.Input((32, 32, 3))
    outputs = keras.layers.Dense(10, activation="softmax")(keras.layers.Flatten()(image))
    folder = tmp_path / "outputs" / "cifar" / "run-001" / "export" / form.NAME
    folder.mkdir(parents=True)
    source = Source(keras.Model(image, outputs), tmp_path, "0123456789")
    form.write(source, Options(), folder / form.FILE)
    [program] = [
        program
        for program in re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
        if f"/{form.NAME}/{form.FILE}" in program
    ]
    program += "assert probabilities.shape == (1, 10) and abs(probabilities.sum() - 1) < 1e-5"
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
