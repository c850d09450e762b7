from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kcnn.data.dataset import Dataset, Images
from kcnn.errors import KcnnError, RunError
from kcnn.figures.gallery import CURVES, NEED_IMAGES, PICTURES, choose_pictures, draw_run
from kcnn.files import write_csv, write_json
from kcnn.progress import Progress
from kcnn.runs import RunFolder


class Notes(Progress):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)


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
    write_json(run.summary, {"status": "finished", "test": {"accuracy": 11 / 12, "loss": 0.6}})
    write_csv(run.confusion, ["true", "cat", "dog"], [["cat", 6, 0], ["dog", 1, 5]])
    rows = [[index, index % 2, index % 2 if index > 1 else 0, 0.9] for index in range(12)]
    write_csv(run.predictions, ["index", "label", "predicted", "probability"], rows)
    np.savez(run.filters, before=np.zeros((3, 3, 3, 4)), after=np.ones((3, 3, 3, 4)))
    return run


def feature_maps(image: np.ndarray) -> list[tuple[str, np.ndarray]]:
    return [("conv", image[..., :2].astype(np.float32))]


def no_maps(image: np.ndarray) -> list[tuple[str, np.ndarray]]:
    raise RunError("model.keras: this run has no such model")


def test_a_whole_run_gets_every_picture(run: RunFolder, dataset: Dataset) -> None:
    notes = Notes()
    written = draw_run(run, dataset, feature_maps, "svg", progress=notes)
    assert written == [run.plots / f"{name}.svg" for name in PICTURES]
    assert sorted(run.plots.iterdir()) == sorted(written)
    assert notes.lines == []


def test_a_run_stopped_half_way_gets_what_it_has_and_says_why(
    run: RunFolder, dataset: Dataset
) -> None:
    for path in (run.summary, run.confusion, run.predictions, run.filters):
        path.unlink()
    notes = Notes()
    written = draw_run(run, dataset, no_maps, progress=notes)
    assert [path.stem for path in written] == [*CURVES, "samples"]
    left_out = [line.split(":")[0].removeprefix("left out ") for line in notes.lines]
    assert left_out == ["confusion", "filters", "feature_maps", "mistakes"]
    assert all("missing" in line or "no such model" in line for line in notes.lines)


def test_without_images_only_their_pictures_are_left_out(run: RunFolder) -> None:
    notes = Notes()
    written = draw_run(run, None, feature_maps, progress=notes)
    assert {path.stem for path in written} == PICTURES.keys() - set(NEED_IMAGES)
    assert len(notes.lines) == len(NEED_IMAGES)


def test_a_picture_asked_for_by_name_must_succeed(run: RunFolder, dataset: Dataset) -> None:
    assert draw_run(run, None, no_maps, only=["loss"]) == [run.plots / "loss.png"]
    run.confusion.unlink()
    with pytest.raises(RunError, match=r"confusion\.csv: missing"):
        draw_run(run, dataset, feature_maps, only=["confusion"])


def test_the_model_is_asked_only_for_feature_maps(run: RunFolder, dataset: Dataset) -> None:
    def must_not_be_called(image: np.ndarray) -> list[tuple[str, np.ndarray]]:
        raise AssertionError("the model was asked")

    draw_run(run, dataset, must_not_be_called, only=["samples", "mistakes", "filters"])


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
    with pytest.raises(KcnnError, match="gif: pictures are not written so"):
        draw_run(run, dataset, feature_maps, "gif")


def test_chosen_pictures_keep_their_order() -> None:
    assert choose_pictures(["loss", "accuracy", "loss"]) == ["accuracy", "loss"]
    assert choose_pictures([]) == list(PICTURES)
