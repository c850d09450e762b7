from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kcnn.data import description, load
from kcnn.errors import DataError, RecipeError
from kcnn.model import checked_recipe, processor_limits
from kcnn.model.checked_recipe import check_recipe
from kcnn.progress import Progress
from kcnn.recipe import Recipe, read_recipe
from kcnn.training.devices import choose_devices
from kcnn.training.prepare import PreparedTraining, build_compiled_model, prepare_training

PHOTOS = """\
data:
  dataset: folder
  path: photos
  image_size: [8, 8]
model: {layers: [Flatten, {Dense: {units: 2}}]}
train: {epochs: 1, optimizer: Adam}
"""


def load_recipe(recipe: Recipe, progress: Progress | None = None) -> PreparedTraining:
    return prepare_training(check_recipe(recipe), None, progress or Progress())


def test_sets_validation_images_apart_without_a_copy() -> None:
    prepared = load_recipe(read_recipe("digits", ["data.validation=0.5"]), Progress())
    assert prepared.validation is not None
    assert len(prepared.train) == pytest.approx(len(prepared.validation), abs=1)
    tracemalloc.start()
    prepared.train.select(np.arange(len(prepared.train))[::2])
    assert tracemalloc.get_traced_memory()[1] < prepared.train.read_all().nbytes / 2
    tracemalloc.stop()


def test_reports_before_training_what_the_processor_cannot_compute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layer = "{Conv2DTranspose: {filters: 2, kernel_size: 3, dilation_rate: 2}}"
    settings = [f"model.layers=[{layer}, Flatten, {{Dense: {{units: 10}}}}]"]
    prepared = load_recipe(read_recipe("digits", settings), Progress())
    devices = choose_devices("cpu")
    monkeypatch.setattr(
        processor_limits, "has_dilated_transposed_convolution", {"float32"}.__contains__
    )
    with pytest.raises(RecipeError, match="no kernel for it on this processor in bfloat16"):
        build_compiled_model(prepared, devices, "mixed_bfloat16", Progress())
    assert build_compiled_model(prepared, devices, "float32", Progress()).output_shape == (None, 10)


def test_the_digest_includes_images_that_do_not_train() -> None:
    digests = {
        prepare_training(
            check_recipe(read_recipe("digits", [f"data.validation={part}"])), None, Progress()
        ).images_digest
        for part in (0, 100, 0.5)
    }
    assert len(digests) == 1


@pytest.mark.parametrize(("drop_remainder", "shown"), [("true", 1000), ("false", 1437)])
def test_an_epoch_counts_the_images_that_are_not_dropped(drop_remainder: str, shown: int) -> None:
    settings = ["train.batch_size=1000", f"train.drop_remainder={drop_remainder}"]
    settings.append("data.validation=0")
    assert load_recipe(read_recipe("digits", settings), Progress()).images_per_epoch == shown


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Write a recipe for a folder of two classes with ten images each."""
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(10):
            Image.new("L", (8, 8), number).save(tmp_path / "photos" / name / f"{number}.png")
    file = tmp_path / "photos.yaml"
    file.write_text(PHOTOS)
    return file


def test_fewer_images_than_the_default_batch_size(photos: Path, notes: Any) -> None:
    prepared = load_recipe(read_recipe(photos), notes)
    assert (prepared.batch_size, prepared.steps_per_epoch, prepared.images_per_epoch) == (16, 1, 16)
    assert notes.lines == [
        "an epoch is a single step of all 16 training images, because batch_size is 32"
    ]
    with pytest.raises(RecipeError, match="the default of 32 is more than the 16 training images"):
        load_recipe(read_recipe(photos, ["train.drop_remainder=true"]), notes)


def test_slow_averages_are_noted_for_the_steps_that_are_trained(notes: Any) -> None:
    settings = [
        "data.validation=0.5", "train.batch_size=100", "train.epochs=1",
        "model.layers=[Flatten, BatchNormalization, {Dense: {units: 10}}]",
    ]  # fmt: skip
    load_recipe(read_recipe("digits", settings), notes)
    (warning,) = (line for line in notes.lines if line.startswith("warning: "))
    assert warning.startswith("warning: batch_normalization: after 8 steps the moving mean")


def test_images_are_listed_and_the_model_planned_once(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def count(module: Any, name: str) -> None:
        function = getattr(module, name)

        def counted(*arguments: object) -> object:
            calls.append(name)
            return function(*arguments)

        monkeypatch.setattr(module, name, counted)

    count(description, "list_files")
    count(load, "list_files")
    count(checked_recipe, "plan_model")
    load_recipe(read_recipe(photos))
    assert calls == ["list_files", "plan_model"]


@pytest.mark.slow
def test_another_image_changes_the_digest(tmp_path: Path) -> None:
    images, labels = np.zeros((20, 8, 8, 1), np.uint8), np.arange(20) % 10
    digests = set()
    for value in (0, 1):
        images[3, 4, 5] = value
        file = tmp_path / f"{value}.npz"
        np.savez(file, x_train=images, y_train=labels, x_test=images, y_test=labels)
        settings = [
            f"data={{dataset: npz, path: {file}, validation: 0}}",
            "train.batch_size=10",
        ]
        digests.add(load_recipe(read_recipe("digits", settings), Progress()).images_digest)
    assert len(digests) == 2


def test_lists_all_images_that_cannot_be_read_in_a_file(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(PHOTOS, encoding="utf-8")
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(12):
            path = tmp_path / "photos" / name / f"{number:02}.png"
            Image.new("RGB", (8, 8)).save(path)
            if number < 6:
                path.write_bytes(b"no image")
    with pytest.raises(
        DataError, match=r"12 of 24 images cannot be read: .*; and 2 more"
    ) as caught:
        prepare_training(
            check_recipe(read_recipe("net.yaml")), None, Progress(), tmp_path / "outputs"
        )
    listed = tmp_path / "outputs" / "unreadable.csv"
    assert caught.value.hint.endswith(f"data.unreadable=skip; all of them: {listed}")
    rows = listed.read_text(encoding="utf-8").splitlines()
    assert rows[0] == "file,problem"
    assert len(rows) == 13
    assert sum("cat/0" in row.split(",")[0] for row in rows) == 6
