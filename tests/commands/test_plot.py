from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kcnn.commands.plot import plot_runs
from kcnn.data.digits import read_digits
from kcnn.errors import KcnnError, RunError
from kcnn.files.atomic import write_csv, write_json, write_text
from kcnn.runs.find import find_runs
from kcnn.runs.folder import RunFolder, create_run

RECIPE = """\
name: digits
data: {dataset: digits}
model:
  layers: [{Conv2D: {filters: 4, kernel_size: 3}}, Flatten, {Dense: {units: 10}}]
train: {epochs: 2, optimizer: {Adam: {learning_rate: 0.001}}}
"""


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., RunFolder]:
    """Make a run on the digits dataset that stopped after its second epoch."""

    def make(recipe: str = "digits") -> RunFolder:
        run = create_run(tmp_path, recipe)
        write_text(run.resolved, RECIPE)
        columns = ["epoch", "loss", "accuracy", "learning_rate", "seconds"]
        write_csv(run.metrics, columns, [[1, 0.7, 0.5, 0.01, 2.0], [2, 0.6, 0.7, 0.01, 2.0]])
        return run

    return make


def write_predictions(run: RunFolder) -> None:
    """Write predictions of a nearest-mean classifier, which makes real mistakes."""
    data = read_digits()
    train, test = (
        part.read_all().astype(float).reshape(len(part), -1) for part in (data.train, data.test)
    )
    means = np.array([train[data.train.labels == label].mean(axis=0) for label in range(10)])
    predicted = np.linalg.norm(test[:, None] - means, axis=-1).argmin(axis=1)
    rows = zip(range(len(test)), data.test.labels, predicted, [0.9] * len(test), strict=True)
    write_csv(run.predictions, ["index", "label", "predicted", "probability"], rows)


def test_plots_the_newest_run_into_its_folder(make_run, tmp_path: Path, notes) -> None:
    make_run()
    run = make_run()
    write_predictions(run)
    written = plot_runs([], tmp_path, progress=notes).paths
    names = ["accuracy", "loss", "learning_rate", "samples", "mistakes"]
    assert written == [run.plots / f"{name}.png" for name in names]
    assert [line.split(":")[0] for line in notes.lines] == [
        "skipped loss_steps",
        "skipped confusion",
        "skipped filters",
        "skipped feature_maps",
    ]


def test_plots_feature_maps_of_the_saved_model(make_run, tmp_path: Path) -> None:
    import keras

    image = keras.Input((8, 8, 1), name="image")
    maps = keras.layers.Conv2D(4, 3)(image)
    model = keras.Model(image, keras.layers.Dense(10)(keras.layers.Flatten()(maps)))
    run = make_run()
    with pytest.raises(RunError, match="this run has no such model"):
        plot_runs([], tmp_path, only=["feature_maps"])
    model.save(run.model)
    assert plot_runs([], tmp_path, only=["feature_maps"]).paths == [run.plots / "feature_maps.png"]
    run.model.write_bytes(b"rubbish")
    with pytest.raises(RunError, match=r"model\.keras: not the weights"):
        plot_runs([], tmp_path, only=["feature_maps"])


def test_compares_several_runs_in_a_folder_that_is_not_a_run(make_run, tmp_path: Path) -> None:
    runs = [make_run("digits"), make_run("digits"), make_run("other")]
    written = plot_runs(["digits/run-001", "digits/run-002", "other"], tmp_path, "svg").paths
    assert [path.name for path in written] == ["accuracy.svg", "loss.svg", "learning_rate.svg"]
    text = written[0].read_text(encoding="utf-8")
    assert all(run.title in text for run in runs)
    again = plot_runs(["digits/run-001", "digits/run-002", "other"], tmp_path, "svg").paths
    assert again == written
    pair = plot_runs(["digits/run-001", "digits/run-002"], tmp_path, "svg").paths
    assert pair[0].parent != written[0].parent
    assert [run.path for run in find_runs(tmp_path)] == [run.path for run in runs]


def test_compares_runs_of_the_same_name_in_two_folders(make_run, tmp_path: Path) -> None:
    run = make_run()
    copy = tmp_path / "kept" / "digits" / "run-001"
    shutil.copytree(run.path, copy)
    written = plot_runs([str(run.path), str(copy)], tmp_path, only=["loss"]).paths
    assert [path.name for path in written] == ["loss.png"]


def test_run_that_is_named_twice_is_plotted_alone(make_run, tmp_path: Path) -> None:
    run = make_run()
    assert plot_runs(["digits", "digits/run-001"], tmp_path, only=["loss"]).paths == [
        run.plots / "loss.png"
    ]


def test_refuses_to_compare_runs_in_figures_of_a_single_run(make_run, tmp_path: Path) -> None:
    make_run("first"), make_run("second")
    with pytest.raises(KcnnError, match="confusion, samples: can be drawn for one run, not for 2"):
        plot_runs(["first", "second"], tmp_path, only=["confusion", "samples"])


def test_refuses_a_run_without_epochs_alone_and_among_several(make_run, tmp_path: Path) -> None:
    make_run("whole")
    make_run("empty").metrics.unlink()
    for runs in (["empty"], ["whole", "empty"]):
        with pytest.raises(RunError, match=r"metrics\.csv: missing"):
            plot_runs(runs, tmp_path)
    assert not (tmp_path / "comparisons").exists()


def test_reports_once_that_images_cannot_be_loaded(make_run, tmp_path: Path, notes) -> None:
    run = make_run()
    write_text(run.resolved, RECIPE.replace("dataset: digits", "dataset: npz, path: gone.npz"))
    written = plot_runs([], tmp_path, progress=notes).paths
    assert {path.stem for path in written} == {"accuracy", "loss", "learning_rate"}
    assert sum("gone.npz" in line for line in notes.lines) == 1
    with pytest.raises(KcnnError, match=r"gone\.npz"):
        plot_runs([], tmp_path, only=["samples"])


def test_skips_images_that_changed_since_the_run(make_run, tmp_path: Path, notes) -> None:
    run = make_run()
    data = read_digits()
    parts = {"train": data.train, "test": data.test}
    arrays = {}
    for name, part in parts.items():
        arrays |= {f"x_{name}": part.read_all(), f"y_{name}": part.labels}
    np.savez(tmp_path / "own.npz", **arrays)
    own = f"dataset: npz, path: {tmp_path / 'own.npz'}"
    write_text(run.resolved, RECIPE.replace("dataset: digits", own))
    write_predictions(run)
    write_json(run.summary, {"test_images_digest": "of others"})
    written = plot_runs([], tmp_path, progress=notes).paths
    assert {path.stem for path in written} == {"accuracy", "loss", "learning_rate"}
    (line,) = [line for line in notes.lines if "could not be loaded: " in line]
    assert "here now; bring those back, or train it again with kcnn fit" in line
    with pytest.raises(RunError, match="was scored on other test images"):
        plot_runs([], tmp_path, only=["mistakes"])


@pytest.mark.slow
def test_plots_curves_without_importing_tensorflow_or_pyplot(make_run, tmp_path: Path) -> None:
    make_run()
    program = f"""
import sys
from pathlib import Path
from kcnn.commands.plot import plot_runs
assert len(plot_runs([], Path({str(tmp_path)!r}), only=["accuracy", "samples"]).paths) == 2
print(sorted({{"tensorflow", "keras", "matplotlib.pyplot"}} & sys.modules.keys()))
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("[]\n", "")


def test_compares_running_means_if_all_runs_have_steps(make_run, tmp_path: Path) -> None:
    first, second = make_run("first"), make_run("second")
    write_csv(first.steps, ["step", "loss"], [[step, 2 / step] for step in range(1, 101)])
    with pytest.raises(RunError, match=r"second/run-001/steps\.csv: missing"):
        plot_runs(["first", "second"], tmp_path, only=["loss_steps"])
    write_csv(second.steps, ["step", "loss"], [[step, 3 / step] for step in range(1, 51)])
    (path,) = plot_runs(["first", "second"], tmp_path, "svg", only=["loss_steps"]).paths
    text = path.read_text(encoding="utf-8")
    assert all(
        words in text
        for words in ("first/run-001", "second/run-001", "mean of the last 1 to 2 steps")
    )


def test_textbook_style_of_a_single_run_and_of_several(make_run, tmp_path: Path) -> None:
    make_run("first"), make_run("second")
    for runs in (["first"], ["first", "second"]):

        def drawn(runs: list[str] = runs, **how: str) -> bytes:
            (path,) = plot_runs(runs, tmp_path, only=["accuracy"], **how).paths
            return path.read_bytes()

        default = drawn()
        assert drawn(style="textbook") != default
        assert drawn() == default
    with pytest.raises(KcnnError, match="not among loss"):
        plot_runs(["first"], tmp_path, only=["loss"], style="textbook")
