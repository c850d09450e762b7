"""kcnn data inspect, from the command line to its files."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from kcnn.cli import cli
from kcnn.commands.inspect_data import inspect_data
from kcnn.errors import RunError


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Write noise as photos, a copy of a training image in test, and a damaged file."""
    generator = np.random.default_rng(0)
    folder = tmp_path / "photos"
    for part, count in (("train", 11), ("test", 2)):
        for name in ("cat", "dog"):
            (folder / part / name).mkdir(parents=True)
            for index in range(count):
                pixels = generator.integers(0, 256, (6, 6, 3), dtype=np.uint8)
                image = Image.fromarray(pixels).resize((60, 40), Image.Resampling.BICUBIC)
                image.save(folder / part / name / f"{index}.png")
    shutil.copy(folder / "train/dog/4.png", folder / "test/dog/copy.png")
    (folder / "train/cat/broken.jpg").write_bytes(b"")
    return folder


def test_counts_come_first_then_what_to_fix(photos: Path) -> None:
    result = CliRunner().invoke(cli, ["data", "inspect", str(photos), "--quiet"])
    assert result.exit_code == 1
    assert result.stdout == (
        "photos: 28 images of 2 classes\n\n"
        "class  train  test\n"
        "─────  ─────  ────\n"
        "cat       12     2\n"
        "dog       11     3\n"
        "all       23     5\n\n"
        "size     60×40 (width×height)\n"
        "formats  PNG 27\n"
        "colors   RGB 27\n\n"
        "1. problem: 1 file cannot be read\n"
        f"     {photos}/train/cat/broken.jpg: an empty file, expected an image\n"
        "   fix: remove them, or save them anew as PNG or JPEG\n\n"
        "2. problem: 1 image of test is a copy of images of train\n"
        "     test/dog/copy.png = train/dog/4.png\n"
        "   fix: remove them from one of the parts: a model that has seen a test image in training "
        "scores too high\n\n"
        "= equal, ≈ alike, as in another size, quality or brightness\n"
    )


def test_the_median_size_is_that_of_widths_and_of_heights(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for width, height in ((20, 90), (40, 40), (60, 10)):
            Image.new("RGB", (width, height)).save(tmp_path / name / f"{width}.png")
    inspection = inspect_data(str(tmp_path))
    # By pixels, 40×40 is the middle one too; 60×10 and 20×90 are the extremes.
    assert inspection.sizes == {"smallest": (60, 10), "median": (40, 40), "largest": (20, 90)}
    Image.new("RGB", (70, 80)).save(tmp_path / "cat/70.png")
    Image.new("RGB", (80, 70)).save(tmp_path / "dog/80.png")
    assert inspect_data(str(tmp_path)).sizes["median"] == (50, 55)


def test_a_dataset_without_problems_exits_with_0(photos: Path) -> None:
    (photos / "test/dog/copy.png").unlink()
    (photos / "train/cat/broken.jpg").unlink()
    result = CliRunner().invoke(cli, ["data", "inspect", str(photos), "--quiet"])
    assert result.exit_code == 0
    assert result.stdout.endswith("nothing to fix was found\n")


def test_json_and_report_list_every_image(photos: Path, tmp_path: Path) -> None:
    for index in range(12):  # more than the text shows
        shutil.copy(photos / "train/cat/1.png", photos / f"test/cat/copy{index}.png")
    report = tmp_path / "report.csv"
    arguments = ["data", "inspect", str(photos), "--json", "--report", str(report)]
    result = json.loads(CliRunner().invoke(cli, arguments).stdout)
    assert result["classes"] == [
        {"class": "cat", "train": 12, "test": 14}, {"class": "dog", "train": 11, "test": 3},
    ]  # fmt: skip
    across = next(item for item in result["findings"] if item["kind"] == "copies_across_parts")
    group = across["groups"][0]
    assert group["exact"]
    assert len(group["images"]) == 13
    assert group["images"][0] == {"part": "train", "class": "cat", "file": "train/cat/1.png"}
    with report.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["finding"] for row in rows] == ["unreadable"] + ["copies_across_parts"] * 15
    assert {row["note"] for row in rows[1:]} == {"equal"}
    assert "empty file" in rows[0]["note"]


def test_the_plot_of_samples_overwrites_nothing(photos: Path, tmp_path: Path) -> None:
    plot = tmp_path / "samples.png"
    inspect_data(str(photos), samples=plot)
    with Image.open(plot) as image:
        assert image.width > 800
    before = plot.read_bytes()
    with pytest.raises(RunError, match="already exists"):
        inspect_data(str(photos), samples=plot)
    assert plot.read_bytes() == before
    with pytest.raises(RunError, match=r"png, svg, pdf"):
        inspect_data(str(photos), samples=tmp_path / "samples.jpg")


def test_images_of_an_npz_have_positions(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (30, 16, 16, 3), dtype=np.uint8)
    labels = np.arange(30) % 2
    path = tmp_path / "own.npz"
    np.savez(path, x_train=images, y_train=labels, x_test=images[7:9], y_test=labels[7:9])
    result = inspect_data(str(path))
    (finding,) = (item for item in result.findings if item.is_problem)
    assert finding.images == 4
    shown = CliRunner().invoke(cli, ["data", "inspect", str(path), "--quiet"]).stdout
    assert "     test 0 (1) = train 7 (1)\n" in shown


def test_it_imports_no_tensorflow(photos: Path) -> None:
    program = (
        "import sys; from kcnn.commands.inspect_data import inspect_data; "
        f"inspect_data({str(photos)!r}); "
        "print([name for name in ('tensorflow', 'keras', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_of_a_run_the_images_of_its_recipe_are_looked_at(photos: Path, tmp_path: Path) -> None:
    run = tmp_path / "outputs" / "photos" / "run-001"
    (run / "plots").mkdir(parents=True)
    (run / "checkpoint").mkdir()
    run.joinpath("resolved.yaml").write_text(
        f"data: {{dataset: folder, path: {photos.as_posix()}, image_size: [8, 8]}}\n"
        "model: {layers: [Flatten, {Dense: {units: 2}}]}\ntrain: {epochs: 1, optimizer: Adam}\n"
    )
    assert inspect_data(str(run)).as_json() == inspect_data(str(photos)).as_json()
