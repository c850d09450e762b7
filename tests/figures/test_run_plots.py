from __future__ import annotations

import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from kcnn.data.dataset import Dataset, MemoryImages
from kcnn.errors import KcnnError, RunError
from kcnn.figures.all_figures import FIGURES
from kcnn.figures.run_figure import FigureInput, RunFigure
from kcnn.figures.run_plots import plot_run, save_plots
from kcnn.files.atomic import write_csv, write_json
from kcnn.machine.signals import Stopped, stops_deferred
from kcnn.progress import Progress
from kcnn.runs.folder import RunFolder

NAMES = [figure.NAME for figure in FIGURES]
NEED_IMAGES = [figure.NAME for figure in FIGURES if figure.NEEDS_IMAGES]


@pytest.fixture
def dataset() -> Dataset:
    images = np.random.default_rng(0).integers(0, 256, (12, 6, 6, 3), dtype=np.uint8)
    part = MemoryImages(images, np.arange(12, dtype=np.int32) % 2)
    return Dataset("animals", part, part, ("cat", "dog"), "made for a test")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    run = RunFolder(tmp_path / "animals" / "run-001")
    columns = ["epoch", "loss", "accuracy", "learning_rate", "seconds"]
    write_csv(run.metrics, columns, [[1, 0.7, 0.5, 0.01, 2.0]])
    write_csv(run.steps, ["step", "loss"], [[1, 0.9], [2, 0.7], [3, 0.5]])
    test = {"accuracy": 11 / 12, "loss": 0.6, "roc_auc": 1.0, "average_precision": 1.0}
    summary = {"status": "finished", "test": test, "class_names": ["cat", "dog"]}
    write_json(run.summary, summary)
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


def test_removes_an_unfinished_plot_of_a_killed_process(run: RunFolder) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    run.plots.mkdir()
    (run.plots / f".loss.kcnn-{dead.pid}.png").write_text("half")
    written = plot_run(run, None, no_maps, only=["loss"])
    assert [*run.plots.iterdir()] == written


def test_draws_every_figure_of_a_finished_run(run: RunFolder, dataset: Dataset, notes) -> None:
    written = plot_run(run, dataset, feature_maps, "svg", progress=notes)
    assert written == [run.plots / f"{name}.svg" for name in NAMES]
    assert sorted(run.plots.iterdir()) == sorted(written)
    assert notes.lines == []


def test_skips_the_figures_of_missing_files_and_reports_why(
    run: RunFolder, dataset: Dataset, notes
) -> None:
    for path in (run.summary, run.confusion, run.predictions, run.filters):
        path.unlink()
    written = plot_run(run, dataset, no_maps, progress=notes)
    assert [path.stem for path in written] == [
        "accuracy", "loss", "loss_steps", "learning_rate", "samples",
    ]  # fmt: skip
    skipped = [line.split(":")[0].removeprefix("skipped ") for line in notes.lines]
    assert skipped == ["confusion", "filters", "feature_maps", "mistakes"]
    assert all("missing" in line or "no such model" in line for line in notes.lines)


def test_curves_of_two_classes_are_left_out_in_silence_for_other_runs(
    run: RunFolder, dataset: Dataset, notes
) -> None:
    write_json(run.summary, {"status": "finished", "test": {"accuracy": 11 / 12}})
    written = plot_run(run, dataset, feature_maps, progress=notes)
    assert {path.stem for path in written} == set(NAMES) - {"roc", "precision_recall"}
    assert notes.lines == []
    for name in ("roc", "precision_recall"):
        with pytest.raises(RunError, match="it is measured for two classes"):
            plot_run(run, dataset, feature_maps, only=[name])


def test_skips_figures_that_need_images_without_a_dataset(run: RunFolder, notes) -> None:
    written = plot_run(run, None, feature_maps, progress=notes)
    assert {path.stem for path in written} == set(NAMES) - set(NEED_IMAGES)
    assert len(notes.lines) == len(NEED_IMAGES)


def test_raises_if_a_figure_in_only_cannot_be_drawn(run: RunFolder, dataset: Dataset) -> None:
    assert plot_run(run, None, no_maps, only=["loss"]) == [run.plots / "loss.png"]
    run.confusion.unlink()
    with pytest.raises(RunError, match=r"confusion\.csv: missing"):
        plot_run(run, dataset, feature_maps, only=["confusion"])


def test_runs_the_model_only_for_feature_maps(run: RunFolder, dataset: Dataset) -> None:
    def must_not_be_called(images: np.ndarray) -> list[Maps]:
        raise AssertionError("the model was run")

    written = plot_run(run, dataset, must_not_be_called, only=["samples", "mistakes", "filters"])
    assert [path.stem for path in written] == ["samples", "filters", "mistakes"]


def test_refuses_a_run_without_epochs(run: RunFolder, dataset: Dataset) -> None:
    run.metrics.unlink()
    with pytest.raises(RunError, match=r"metrics\.csv: missing"):
        plot_run(run, dataset, feature_maps)
    assert not run.plots.exists()


def test_raises_if_the_folder_cannot_be_written(run: RunFolder, dataset: Dataset) -> None:
    run.plots.write_text("a file where the folder should be")
    with pytest.raises(RunError, match="plots"):
        plot_run(run, dataset, feature_maps)


def test_refuses_an_unknown_format(run: RunFolder, dataset: Dataset) -> None:
    with pytest.raises(KcnnError, match="gif: no such image format"):
        plot_run(run, dataset, feature_maps, "gif")


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.NAME)
def test_figure_is_skipped_only_without_the_files_it_reads(
    figure: RunFigure, run: RunFolder, dataset: Dataset, notes
) -> None:
    files = [path for path in run.path.iterdir() if path.is_file()]
    for path in files:
        if path.name not in figure.READS:
            path.unlink()
    needed = dataset if figure.NEEDS_IMAGES else None
    assert len(plot_run(run, needed, feature_maps, only=[figure.NAME])) == 1
    for name in figure.READS:
        content = (run.path / name).read_bytes()
        (run.path / name).unlink()
        with pytest.raises(RunError, match=name):
            plot_run(run, needed, feature_maps, only=[figure.NAME])
        (run.path / name).write_bytes(content)


def test_several_runs_have_no_feature_maps(run: RunFolder) -> None:
    with pytest.raises(RunError, match="its model is not loaded"):
        FigureInput([run, run], []).feature_maps(np.zeros((1, 6, 6, 3)))


def test_draws_feature_maps_of_a_right_and_a_wrong_image(run: RunFolder, dataset: Dataset) -> None:
    computed_for = []

    def remember(images: np.ndarray) -> list[Maps]:
        computed_for.append(images)
        return feature_maps(images)

    (path,) = plot_run(run, dataset, remember, "svg", only=["feature_maps"])
    # The first prediction is right, and only the second is wrong.
    np.testing.assert_array_equal(computed_for[0], dataset.test.read_all()[:2])
    text = path.read_text(encoding="utf-8")
    assert "test image 0: right" in text
    assert "test image 1: wrong, the most confident mistake" in text
    assert "predicted: cat, 90.0 %" in text
    run.predictions.unlink()
    plot_run(run, dataset, remember, "svg", only=["feature_maps"])
    np.testing.assert_array_equal(computed_for[1], dataset.test.read_all()[:1])
    assert "the run was not scored" in path.read_text(encoding="utf-8")


def test_skips_only_loss_steps_for_a_run_of_an_older_kcnn(
    run: RunFolder, dataset: Dataset, notes
) -> None:
    run.steps.unlink()
    written = plot_run(run, dataset, feature_maps, progress=notes)
    assert {path.stem for path in written} == set(NAMES) - {"loss_steps"}
    assert notes.lines == [f"skipped loss_steps: {run.steps}: missing"]


def test_textbook_style_changes_only_the_accuracy(run: RunFolder, dataset: Dataset) -> None:
    def drawn(**how: str) -> dict[str, bytes]:
        paths = plot_run(run, dataset, feature_maps, only=["accuracy", "loss"], **how)
        return {path.name: path.read_bytes() for path in paths}

    default, textbook = drawn(), drawn(style_name="textbook")
    assert default["loss.png"] == textbook["loss.png"]
    assert default["accuracy.png"] != textbook["accuracy.png"]
    assert drawn() == default


def test_stops_between_two_plots(tmp_path: Path) -> None:
    def draw() -> Figure:
        signal.raise_signal(signal.SIGINT)
        return Figure()

    plots = {"first": draw, "second": draw}
    with pytest.raises(Stopped), stops_deferred():
        save_plots(plots, tmp_path, "png", False, Progress())
    assert [path.name for path in tmp_path.iterdir()] == ["first.png"]
