"""kcnn export --quantize int8: with training images, of each class as many."""

from __future__ import annotations

import shutil
import subprocess
import sys

import numpy as np
import pytest

from kcnn.commands import exported_model
from kcnn.commands.export import export
from kcnn.data.load import load_dataset
from kcnn.errors import DataError
from kcnn.export import litert
from kcnn.progress import Progress
from kcnn.recipe import read_recipe

pytest.importorskip("ai_edge_litert", reason="needs kcnn[litert]")


class Calibrated(Exception):  # noqa: N818
    """Ends an export once its calibration images are known."""


@pytest.fixture
def calibration_images(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Collect what LiteRT is calibrated with; nothing is converted."""
    images: list[np.ndarray] = []

    def write(source, options, path) -> None:
        images.extend(source.calibration())
        raise Calibrated

    monkeypatch.setattr(litert, "write", write)
    return images


def test_calibrates_with_training_images_of_each_class(
    run_copy, calibration_images: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exported_model, "CALIBRATION_IMAGES", 20)
    for _ in range(2):
        with pytest.raises(Calibrated):
            export(None, run_copy.path.parents[1], ["litert"], "int8")
    assert {image.shape for image in calibration_images} == {(1, 8, 8, 1)}
    first, second = np.split(np.concatenate(calibration_images), 2)
    np.testing.assert_array_equal(first, second)
    digits = load_dataset(read_recipe(run_copy.resolved).data, None, Progress())
    labels = {
        image.tobytes(): label
        for image, label in zip(digits.train.read_all(), digits.train.labels, strict=True)
    }
    assert sorted(labels[image.tobytes()] for image in first) == sorted([*range(10), *range(10)])


def test_training_images_that_are_gone(fruit_run) -> None:
    photos = fruit_run.path.parents[2] / "photos"
    for part in ("train", "test"):
        for name in ("apple", "banana"):
            shutil.copytree(photos / name, photos / part / name)
    for name in ("apple", "banana"):
        shutil.rmtree(photos / name)
    shutil.rmtree(photos / "train")
    with pytest.raises(DataError) as caught:
        export(None, fruit_run.path.parents[1], ["litert"], "int8")
    assert caught.value.hint == "add train, with a folder for each class"
    assert not fruit_run.exports.exists()


@pytest.mark.slow
def test_the_converter_is_silent(run_copy) -> None:
    """From C++ it would print `fully_quantize: 0, inference_type: 6, …`."""
    command = [sys.executable, "-m", "kcnn", "export", "--output-dir", run_copy.path.parents[1]]
    command += ["--format", "litert", "--quantize", "int8", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    where, checked, *_ = done.stdout.splitlines()
    assert where.startswith(str(run_copy.exports / "litert_int8"))
    assert checked.startswith("  checked with LiteRT 2.")
    assert "on 360 test images" in checked
