from __future__ import annotations

import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from kcnn.data.dataset import Dataset, Images
from kcnn.errors import KcnnError, RunError
from kcnn.figures.gallery import (
    CURVES,
    NEED_IMAGES,
    PICTURES,
    check_style,
    choose_pictures,
    draw_run,
    save_pictures,
)
from kcnn.files.atomic import write_csv, write_json
from kcnn.machine.signals import Stopped, stops_deferred
from kcnn.progress import Progress
from kcnn.runs.folder import RunFolder


@pytest.fixture
def dataset() -> Dataset:
    images = np.random.default_rng(0).integers(0, 256, (12, 6, 6, 3), dtype=np.uint8)
    part = Images(images, np.arange(12, dtype=np.int32) % 2)
    return Dataset("animals", part, part, ("cat", "dog"), "made for a test")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    run = RunFolder(tmp_path / "animals" / "run-001")
    columns = ["epoch", "loss", "accuracy", "learning_rate", "seconds"]
    write_csv(run.metrics, columns, [[1, 0.7, 0.5, 0.01, 2.0]])
    write_csv(run.steps, ["step", "loss"], [[1, 0.9], [2, 0.7], [3, 0.5]])
    write_json(run.summary, {"status": "finished", "test": {"accuracy": 11 / 12, "loss": 0.6}})
    write_csv(run.confusion, ["true", "cat", "dog"], [["cat", 6, 0], ["dog", 1, 5]])
    rows = [[index, index % 2, index % 2 if index > 1 else 0, 0.9] for index in range(12)]
    write_csv(run.predictions, ["index", "label", "predicted", "probability"], rows)
    np.savez(run.filters, before=np.zeros((3, 3, 3, 4)), after=np.ones((3, 3, 3, 4)))
    return run


@dataclass(frozen=True)
class Maps:
    name: str
    maps: np.ndarray
    unfinished: bool = False


def feature_maps(images: np.ndarray) -> list[Maps]:
    return [Maps("conv", images[..., :2].astype(np.float32))]


def no_maps(images: np.ndarray) -> list[Maps]:
    raise RunError("model.keras: this run has no such model")


def test_half_a_picture_of_a_process_that_was_killed_is_removed(run: RunFolder) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    run.plots.mkdir()
    (run.plots / f".loss.kcnn-{dead.pid}.png").write_text("half")
    written = draw_run(run, None, no_maps, only=["loss"])
    assert [*run.plots.iterdir()] == written


def test_a_whole_run_gets_every_picture(run: RunFolder, dataset: Dataset, notes) -> None:
    written = draw_run(run, dataset, feature_maps, "svg", progress=notes)
    assert written == [run.plots / f"{name}.svg" for name in PICTURES]
    assert sorted(run.plots.iterdir()) == sorted(written)
    assert notes.lines == []


def test_a_run_stopped_half_way_gets_what_it_has_and_says_why(
    run: RunFolder, dataset: Dataset, notes
) -> None:
    for path in (run.summary, run.confusion, run.predictions, run.filters):
        path.unlink()
    written = draw_run(run, dataset, no_maps, progress=notes)
    assert [path.stem for path in written] == [*CURVES, "samples"]
    left_out = [line.split(":")[0].removeprefix("left out ") for line in notes.lines]
    assert left_out == ["confusion", "filters", "feature_maps", "mistakes"]
    assert all("missing" in line or "no such model" in line for line in notes.lines)


def test_without_images_only_their_pictures_are_left_out(run: RunFolder, notes) -> None:
    written = draw_run(run, None, feature_maps, progress=notes)
    assert {path.stem for path in written} == set(PICTURES) - set(NEED_IMAGES)
    assert len(notes.lines) == len(NEED_IMAGES)


def test_a_picture_asked_for_by_name_must_succeed(run: RunFolder, dataset: Dataset) -> None:
    assert draw_run(run, None, no_maps, only=["loss"]) == [run.plots / "loss.png"]
    run.confusion.unlink()
    with pytest.raises(RunError, match=r"confusion\.csv: missing"):
        draw_run(run, dataset, feature_maps, only=["confusion"])


def test_the_model_is_asked_only_for_feature_maps(run: RunFolder, dataset: Dataset) -> None:
    def must_not_be_called(images: np.ndarray) -> list[Maps]:
        raise AssertionError("the model was asked")

    written = draw_run(run, dataset, must_not_be_called, only=["samples", "mistakes", "filters"])
    assert [path.stem for path in written] == ["samples", "filters", "mistakes"]


def test_a_run_without_epochs_is_one_error(run: RunFolder, dataset: Dataset) -> None:
    run.metrics.unlink()
    with pytest.raises(RunError, match=r"metrics\.csv: missing"):
        draw_run(run, dataset, feature_maps)
    assert not run.plots.exists()


def test_a_folder_that_cannot_be_written_is_an_error_and_no_note(
    run: RunFolder, dataset: Dataset
) -> None:
    run.plots.write_text("a file where the folder should be")
    with pytest.raises(RunError, match="plots"):
        draw_run(run, dataset, feature_maps)


def test_unknown_pictures_and_formats_are_named(run: RunFolder, dataset: Dataset) -> None:
    with pytest.raises(KcnnError, match="no such picture; did you mean confusion"):
        choose_pictures(["confuson"])
    with pytest.raises(KcnnError, match="gif: no such picture format"):
        draw_run(run, dataset, feature_maps, "gif")


def test_chosen_pictures_keep_their_order() -> None:
    assert choose_pictures(["loss", "accuracy", "loss"]) == ["accuracy", "loss"]
    assert choose_pictures([]) == list(PICTURES)


def test_feature_maps_are_of_one_right_and_one_wrong_image(
    run: RunFolder, dataset: Dataset
) -> None:
    asked = []

    def remember(images: np.ndarray) -> list[Maps]:
        asked.append(images)
        return feature_maps(images)

    (path,) = draw_run(run, dataset, remember, "svg", only=["feature_maps"])
    # Of the predictions the first is right, and only the second is wrong.
    np.testing.assert_array_equal(asked[0], dataset.test.images[:2])
    text = path.read_text(encoding="utf-8")
    assert "test image 0: right" in text
    assert "test image 1: wrong, the most confident mistake" in text
    assert "predicted: cat, 90.0 %" in text
    run.predictions.unlink()
    draw_run(run, dataset, remember, "svg", only=["feature_maps"])
    np.testing.assert_array_equal(asked[1], dataset.test.images[:1])
    assert "the run was not scored" in path.read_text(encoding="utf-8")


def test_a_run_of_an_older_kcnn_lacks_only_the_loss_of_its_steps(
    run: RunFolder, dataset: Dataset, notes
) -> None:
    run.steps.unlink()
    written = draw_run(run, dataset, feature_maps, progress=notes)
    assert {path.stem for path in written} == set(PICTURES) - {"loss_steps"}
    assert notes.lines == ["left out loss_steps: " + f"{run.steps}: missing"]


def test_the_textbook_style_is_another_picture_of_accuracy_and_of_nothing_else(
    run: RunFolder, dataset: Dataset
) -> None:
    def drawn(**how: str) -> dict[str, bytes]:
        paths = draw_run(run, dataset, feature_maps, only=["accuracy", "loss"], **how)
        return {path.name: path.read_bytes() for path in paths}

    default, textbook = drawn(), drawn(style_name="textbook")
    assert default["loss.png"] == textbook["loss.png"]
    assert default["accuracy.png"] != textbook["accuracy.png"]
    assert drawn() == default


def test_a_style_that_is_unknown_or_changes_nothing_is_an_error() -> None:
    check_style("textbook", ["accuracy", "loss"])
    check_style("default", ["loss"])
    with pytest.raises(KcnnError, match="book: no such style"):
        check_style("book", ["accuracy"])
    with pytest.raises(KcnnError, match="not among loss, samples"):
        check_style("textbook", ["loss", "samples"])


def test_drawing_stops_between_two_pictures(tmp_path: Path) -> None:
    def draw() -> Figure:
        signal.raise_signal(signal.SIGINT)
        return Figure()

    pictures = {"first": draw, "second": draw}
    with pytest.raises(Stopped), stops_deferred():
        save_pictures(pictures, tmp_path, "png", False, Progress())
    assert [path.name for path in tmp_path.iterdir()] == ["first.png"]
