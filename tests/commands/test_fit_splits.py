"""splits.csv after kcnn fit: which image files were trained on, and which were only measured."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from kcnn.commands.fit import fit
from kcnn.files.read import read_csv
from kcnn.runs.folder import RunFolder
from kcnn.runs.splits import SplitRow

RECIPE = """\
data: {dataset: csv, path: photos/labels.csv, image_size: [4, 4]}
model: {layers: [Flatten, {Dense: {units: 2}}]}
train: {epochs: 1, batch_size: 4, optimizer: SGD}
"""


def read_splits(run: RunFolder) -> list[SplitRow]:
    return [SplitRow(*row) for row in read_csv(run.splits, "").rows]


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """Write a recipe and a table of ten images of two classes, in the folders of which they lie."""
    lines = ["path;label"]
    for name, color in (("apple", "red"), ("banana", "yellow")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(10):
            Image.new("RGB", (4, 4), color).save(tmp_path / "photos" / name / f"{number}.png")
            lines.append(f"{name}\\{number}.png;{name}")
    text = "\r\n".join(lines)
    (tmp_path / "photos" / "labels.csv").write_text(text, encoding="utf-8-sig", newline="")
    file = tmp_path / "own.yaml"
    file.write_text(RECIPE, encoding="utf-8")
    return file


@pytest.mark.usefixtures("one_plot")
def test_splits_of_a_table_are_recorded(recipe: Path, tmp_path: Path) -> None:
    run = fit(recipe, ["data.validation=4"], tmp_path / "outputs").run
    rows = read_splits(run)
    assert Counter((row.label, row.split) for row in rows) == {
        (label, split): count
        for label in ("apple", "banana")
        for split, count in (("train", 6), ("validation", 2), ("test", 2))
    }
    assert len({row.file for row in rows}) == 20
    assert all(row.file.startswith(f"{row.label}/") for row in rows)
    # The recorded splits are a table that kcnn reads, and train the same again.
    table = tmp_path / "photos" / "splits.csv"
    table.write_bytes(run.splits.read_bytes())
    again = fit(recipe, [f"data.path={table}"], tmp_path / "outputs").run
    assert read_splits(again) == rows
    assert again.predictions.read_bytes() == run.predictions.read_bytes()


@pytest.mark.usefixtures("one_plot")
def test_parts_of_a_table_are_kept(recipe: Path, tmp_path: Path) -> None:
    lines = ["file,label,split"]
    for name in ("apple", "banana"):
        for number in range(10):
            split = "test" if number > 7 else "val" if number > 5 else "train"
            lines.append(f"{name}/{number}.png,{name},{split}")
    (tmp_path / "photos" / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    result = fit(recipe, [], tmp_path / "outputs")
    assert result.summary["images"] == {"train": 12, "validation": 4, "test": 4}
    assert SplitRow("banana/6.png", "banana", "validation") in read_splits(result.run)
