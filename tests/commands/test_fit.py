from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kcnn.commands import fit as fit_module
from kcnn.commands.fit import fit
from kcnn.commands.plot import plot_runs
from kcnn.data.digits import read_digits
from kcnn.errors import KcnnError, RunError, TrainingError
from kcnn.model.saved import load_model
from kcnn.progress import EpochFinished, Event, Note, Progress
from kcnn.recipe import read_recipe
from kcnn.recipe.augmentations import AUGMENTATIONS
from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import read_metrics, write_metrics
from kcnn.runs.summary import read_summary
from kcnn.training.complete_run import FitResult

RECIPE = """\
# A small network with everything that is random in it.
name: tiny
data:
  dataset: digits
  validation: 0.2
  augment:
    - RandomCrop: {padding: 1}
model:
  layers:
    - Conv2D: {filters: 4, kernel_size: 3, activation: relu}
    - BatchNormalization
    - Flatten
    - Dropout: {rate: 0.1}
    - Dense: {units: 10}
train: {epochs: 9, batch_size: 64, optimizer: {SGD: {learning_rate: 0.5}}}
"""
BRANCHES = """[
    {Conv2D: {filters: 4, kernel_size: 3, padding: same, name: stem}},
    {Repeat: {times: 2, body: [
        {Residual: {body: [
            {Conv2D: {filters: 4, kernel_size: 3, padding: 1}}, BatchNormalization]}},
        ReLU]}},
    {GlobalAveragePooling2D: {name: whole}},
    {MaxPooling2D: {pool_size: 4, inputs: stem}},
    {Flatten: {name: parts}},
    {Concatenate: {inputs: [whole, parts]}},
    {Dense: {units: 10}}]"""
FILES = {
    "recipe.yaml", "resolved.yaml", "environment.json", "metrics.csv", "steps.csv",
    "summary.json", "per_class.csv", "confusion.csv", "predictions.csv", "model.keras",
    "best.keras", "filters.npz", "plots", "checkpoint", "log.txt",
}  # fmt: skip
PLOTS = {
    "accuracy.png", "loss.png", "confusion.png", "samples.png", "filters.png", "feature_maps.png",
    "mistakes.png",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write tiny.yaml, and return its folder."""
    path = tmp_path_factory.mktemp("fit")
    (path / "tiny.yaml").write_text(RECIPE, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def finished(folder: Path) -> FitResult:
    """Train tiny.yaml for four epochs, once for all tests."""
    settings = ["train.epochs=4", "train.metrics=[{SparseTopKCategoricalAccuracy: {k: 2}}]"]
    return fit(folder / "tiny.yaml", settings, folder / "outputs")


@pytest.fixture
def short_fit(folder: Path, tmp_path: Path) -> Callable[..., FitResult]:
    """Fit tiny.yaml for an epoch, in a folder of the test."""
    return lambda *settings, **arguments: fit(
        folder / "tiny.yaml", ["train.epochs=1", *settings], tmp_path / "outputs", **arguments
    )


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def without_seconds(run: RunFolder) -> list[dict[str, str]]:
    return [{**row, "seconds": ""} for row in rows_of(run.metrics)]


def accuracy_of(model: Path) -> float:
    test = read_digits().test
    outputs = keras.saving.load_model(model).predict(test.read_all(), verbose=0)
    return float(np.mean(outputs.argmax(axis=1) == test.labels))


@pytest.mark.usefixtures("one_plot")
def test_watch_first_adds_columns(short_fit: Callable[..., FitResult]) -> None:
    run = short_fit("train.watch_first=100", "train.epochs=2").run
    last = rows_of(run.metrics)[-1]
    assert list(last)[-3:] == ["seconds", "first_train_accuracy", "first_test_accuracy"]
    # predictions.csv has the predictions of the model after the last epoch.
    predictions = rows_of(run.predictions)[:100]
    right = np.mean([row["label"] == row["predicted"] for row in predictions])
    assert float(last["first_test_accuracy"]) == pytest.approx(right)


@pytest.mark.usefixtures("one_plot")
def test_samples_with_replacement(finished: FitResult, short_fit: Callable[..., FitResult]) -> None:
    drawn = short_fit("train.sampling=with_replacement").run
    once = rows_of(finished.run.metrics)[0]
    (other,) = rows_of(drawn.metrics)
    assert {name: once[name] for name in ("loss", "accuracy")} != {
        name: other[name] for name in ("loss", "accuracy")
    }


def test_writes_every_file(finished: FitResult, folder: Path) -> None:
    run = finished.run
    assert run.path == folder / "outputs" / "tiny" / "run-001"
    assert {path.name for path in run.path.iterdir()} == FILES
    assert {path.name for path in run.plots.iterdir()} >= PLOTS
    assert run.recipe.read_bytes() == RECIPE.encode()


def test_kcnn_plot_writes_the_same_plots(finished: FitResult) -> None:
    samples = finished.run.plots / "samples.png"
    drawn = samples.read_bytes()
    assert plot_runs([str(finished.run.path)], finished.run.path.parents[1], only=["samples"]).paths
    assert samples.read_bytes() == drawn


def test_scores_are_consistent(finished: FitResult) -> None:
    run, test = finished.run, finished.summary["test"]
    predictions = rows_of(run.predictions)
    assert [int(row["index"]) for row in predictions] == list(range(360))
    assert [int(row["label"]) for row in predictions] == read_digits().test.labels.tolist()
    right = [row["label"] == row["predicted"] for row in predictions]
    assert np.mean(right) == pytest.approx(test["accuracy"], abs=1e-6)
    confusion = np.array(
        [[int(row[str(name)]) for name in range(10)] for row in rows_of(run.confusion)]
    )
    assert confusion.sum() == test["images"] == 360
    assert confusion.trace() == sum(right)
    per_class = rows_of(run.per_class)
    assert [int(row["support"]) for row in per_class] == confusion.sum(axis=1).tolist()
    recalls = confusion.diagonal() / confusion.sum(axis=1)
    assert [float(row["recall"]) for row in per_class] == pytest.approx(recalls.tolist(), abs=1e-5)


def test_summary(finished: FitResult) -> None:
    summary = finished.summary
    assert read_summary(finished.run).values == summary
    assert summary["status"] == "finished"
    assert (summary["run"], summary["recipe"], summary["dataset"]) == (
        "tiny/run-001", "tiny", "digits",
    )  # fmt: skip
    assert summary["epochs"] == 4
    assert summary["images"] == {"train": 1150, "validation": 287, "test": 360}
    assert summary["image_shape"] == [8, 8, 1]
    assert read_summary(finished.run).image_shape() == (8, 8, 1)
    assert summary["class_names"] == [str(digit) for digit in range(10)]
    model = load_model(finished.run)
    assert summary["parameters"] == model.count_params()
    assert summary["trainable_parameters"] == summary["parameters"] - 2 * 4
    assert summary["train"] == read_metrics(finished.run)[-1]
    assert summary["test"]["weights"] == "last"
    assert "sparse_top_k_categorical_accuracy" in summary["test"]
    parts = {"load", "start", "build", "train", "score", "draw"}
    assert 100 < summary["peak_memory_mb"] < 100_000
    timings = summary["timings"]
    assert parts < timings.keys()
    assert sum(timings[part] for part in parts) <= timings["total"] + 0.01


def test_saved_models_have_the_accuracies_of_the_summary(finished: FitResult) -> None:
    run, summary = finished.run, finished.summary
    assert accuracy_of(run.model) == pytest.approx(summary["test"]["accuracy"], abs=1e-6)
    assert accuracy_of(run.best_model) == pytest.approx(summary["best"]["test_accuracy"], abs=1e-6)
    best = summary["best"]
    rows = read_metrics(run)
    assert best["val_accuracy"] == max(row["val_accuracy"] for row in rows)
    assert rows[best["epoch"] - 1]["val_accuracy"] == best["val_accuracy"]


def test_environment(finished: FitResult) -> None:
    environment = json.loads(finished.run.environment.read_text())
    assert environment["seed"] == 0
    assert environment["precision"] == "float32"
    assert environment["training_devices"]
    assert environment["packages"]["keras"]


@pytest.mark.usefixtures("one_plot")
def test_resolved_yaml_trains_the_same_model(
    finished: FitResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    again = fit(finished.run.resolved)
    assert again.run.path == Path("outputs/tiny/run-001")
    assert without_seconds(again.run) == without_seconds(finished.run)
    assert again.run.predictions.read_bytes() == finished.run.predictions.read_bytes()
    assert again.run.resolved.read_bytes() == finished.run.resolved.read_bytes()
    for which in ("last", "best"):
        first, second = (
            load_model(result.run, which).get_weights() for result in (finished, again)
        )
        for weights, same in zip(first, second, strict=True):
            np.testing.assert_array_equal(weights, same)


@pytest.mark.usefixtures("one_plot")
def test_another_seed_trains_another_model(finished: FitResult, short_fit: Callable) -> None:
    other = short_fit(seed=5)
    assert json.loads(other.run.environment.read_text())["seed"] == 5
    assert "seed: 5" in other.run.resolved.read_text()
    assert rows_of(other.run.metrics)[0]["loss"] != rows_of(finished.run.metrics)[0]["loss"]


@pytest.mark.usefixtures("one_plot")
def test_trains_a_recipe_whose_file_changed_after_reading(folder: Path) -> None:
    file = folder / "read.yaml"
    file.write_text(RECIPE)
    recipe = read_recipe(file, ["train.epochs=1"])
    file.unlink()
    run = fit(recipe, output_dir=folder / "as-read").run
    assert run.recipe.read_bytes() == RECIPE.encode()
    assert read_recipe(run.resolved).train.epochs == recipe.train.epochs


@pytest.mark.usefixtures("one_plot")
def test_names_and_numbers_of_runs(short_fit: Callable) -> None:
    dense = "model.layers=[Flatten, {Dense: {units: 10}}]"
    first, named = short_fit(dense), short_fit(dense, name="first-try")
    assert (first.run.title, named.run.title) == ("tiny/run-001", "tiny/first-try")
    with pytest.raises(KcnnError, match="a run of this name already exists"):
        short_fit(name="first-try")
    assert len(list(first.run.path.parent.iterdir())) == 2


def test_without_validation(short_fit: Callable) -> None:
    result = short_fit("data.validation=0")
    assert {path.name for path in result.run.path.iterdir()} == FILES - {"best.keras"}
    assert "best" not in result.summary
    assert list(rows_of(result.run.metrics)[0]) == [
        "epoch", "loss", "accuracy", "learning_rate", "seconds",
    ]  # fmt: skip
    assert result.summary["images"]["train"] == 1437


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(precision: str, short_fit: Callable) -> None:
    result = short_fit("train.epochs=2", f"train.precision={precision}")
    model = load_model(result.run)
    assert model.layers[2].compute_dtype == precision.removeprefix("mixed_")
    assert {weight.dtype for weight in model.get_weights()} == {np.dtype("float32")}
    assert result.summary["test"]["accuracy"] > 0.4


@pytest.mark.usefixtures("one_plot")
def test_automatic_precision_is_reported_and_saved(
    short_fit: Callable, notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kcnn.training.precision._FEW_OPERATIONS", 0)
    result = short_fit("train.epochs=1", "train.precision=auto", progress=notes)
    environment = json.loads(result.run.environment.read_text())
    fast = environment["bfloat16"] != "none" or any(
        "GPU" in device for device in environment["devices"]
    )
    assert environment["precision"] == ("mixed_bfloat16" if fast else "float32")
    (note,) = (text for text in notes.lines if text.startswith("precision: "))
    assert note.startswith(f"precision: {environment['precision']}, because the ")
    policy = load_model(result.run).layers[2].dtype_policy.name
    assert policy == environment["precision"]
    assert "precision: auto" in result.run.resolved.read_text()


@pytest.mark.slow
def test_trains_with_every_augmentation(short_fit: Callable) -> None:
    arguments = {
        "RandomCrop": "{padding: 1}", "RandomRotation": "{factor: 0.05}",
        "RandomTranslation": "{height_factor: 0.1, width_factor: 0.1}",
        "RandomZoom": "{height_factor: 0.1}", "RandomBrightness": "{factor: 0.1}",
        "RandomContrast": "{factor: 0.1}", "Cutout": "{size: 2}",
    }  # fmt: skip
    names = [name for name in AUGMENTATIONS if name[0].isupper()]
    listed = ", ".join(f"{{{name}: {arguments.get(name, '{}')}}}" for name in names)
    result = short_fit(f"data.augment=[{listed}]", "train.loss=categorical_crossentropy")
    assert {"MixUp", "CutMix", "RandAugment"} <= set(names)
    assert np.isfinite(result.summary["train"]["loss"])


@pytest.mark.slow
def test_trains_branches_with_standard_scaling(short_fit: Callable) -> None:
    result = short_fit(
        f"model.layers={' '.join(BRANCHES.split())}",
        "data.scaling=standard",
        "train.optimizer={Adam: {learning_rate: 0.01}}",
    )
    assert {"stem", "whole", "parts"} <= {layer.name for layer in load_model(result.run).layers}
    assert accuracy_of(result.run.model) == pytest.approx(
        result.summary["test"]["accuracy"], abs=1e-6
    )
    scaling = load_model(result.run).get_layer("scaling")
    assert float(np.squeeze(scaling.mean)) == pytest.approx(77.8, abs=1)


@pytest.mark.slow
def test_trains_on_an_npz(real_data: Path, tmp_path: Path, folder: Path) -> None:
    with np.load(real_data / "mnist.npz") as mnist:
        parts = {
            **{key: mnist[key][:600] for key in ("x_train", "y_train")},
            **{key: mnist[key][:200] for key in ("x_test", "y_test")},
        }
    np.savez(tmp_path / "some.npz", **parts)
    recipe = tmp_path / "own.yaml"
    recipe.write_text(RECIPE.replace("dataset: digits", "dataset: npz\n  path: some.npz"))
    settings = ["train.epochs=3", "train.batch_size=30", "train.optimizer=Adam"]
    first = fit(recipe, settings, tmp_path / "outputs")
    assert first.summary["images"] == {"train": 480, "validation": 120, "test": 200}
    assert first.summary["test"]["accuracy"] > 0.5
    again = fit(first.run.resolved, output_dir=tmp_path / "elsewhere")
    assert again.run.predictions.read_bytes() == first.run.predictions.read_bytes()


def test_reports_a_training_that_diverges(short_fit: Callable, tmp_path: Path, notes) -> None:
    with pytest.raises(TrainingError, match="the loss became nan in epoch 1"):
        short_fit("train.optimizer.SGD.learning_rate=1e30", "train.epochs=3", progress=notes)
    assert not [line for line in notes.lines if "--resume" in line]  # it would diverge again
    run = RunFolder(tmp_path / "outputs" / "tiny" / "run-001")
    summary = read_summary(run).values
    assert summary["status"] == "failed"
    assert summary["reason"].startswith("the loss became nan in epoch 1")
    assert len(rows_of(run.metrics)) == 1
    assert not run.model.exists()


@pytest.mark.parametrize(
    ("settings", "arguments", "message"),
    [
        (["train.batch_size=5000"], {}, "5000 is more than the 1150 training images"),
        (["model.layers[4].Dense.units=11"], {}, "the output is 11, but digits has 10 classes"),
        (["data.dataset=npz", "data.path=none.npz"], {}, "none.npz: no such file"),
        (["data.validation=1437"], {}, "validation"),
        ([], {"device": "gpu"}, "--device gpu: TensorFlow finds no GPU"),
        ([], {"device": "0,1"}, "--device 0,1: there is no GPU 1"),
        ([], {"data_dir": Path("nowhere")}, "nowhere"),
        ([], {"name": "a/b"}, "not a name for a folder"),
        (["train.epoch=3"], {}, "train.epoch"),
    ],
)
def test_bad_input_leaves_no_run_folder(
    settings: list[str],
    arguments: dict[str, Any],
    message: str,
    short_fit: Callable,
    tmp_path: Path,
) -> None:
    with pytest.raises(KcnnError, match=re.escape(message)):
        short_fit(*settings, **arguments)
    assert list(tmp_path.iterdir()) == []


def test_refuses_an_output_folder_that_cannot_be_written(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KcnnError, match="file: is a file, not a folder"):
        fit(folder / "tiny.yaml", output_dir=tmp_path / "file")
    assert (tmp_path / "file").read_text() == ""


class InterruptedAfter(Progress):
    """Press Ctrl-C after an epoch."""

    def receive(self, event: Event) -> None:
        if isinstance(event, EpochFinished) and event.epoch == 2:
            raise KeyboardInterrupt


@pytest.mark.usefixtures("one_plot")
def test_interrupted_run_keeps_its_epochs(short_fit: Callable, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        short_fit("train.epochs=5", progress=InterruptedAfter(), name="stopped")
    run = RunFolder(tmp_path / "outputs" / "tiny" / "stopped")
    assert read_summary(run).values["status"] == "interrupted"
    assert [row["epoch"] for row in read_metrics(run)] == [1, 2]


def test_a_training_that_failed_names_how_to_go_on(
    short_fit: Callable, tmp_path: Path, notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(run: RunFolder, *arguments: Any) -> None:
        if len(arguments[-1]) == 2:
            raise RunError(f"{run.metrics}: cannot be written: No space left on device")
        write_metrics(run, *arguments)

    monkeypatch.setattr("kcnn.training.callbacks.metrics_file.write_metrics", full)
    with pytest.raises(RunError, match="No space left"):
        short_fit("train.epochs=5", progress=notes, name="full")
    run = tmp_path / "outputs" / "tiny" / "full"
    assert notes.lines[-1] == f"the finished epochs are kept; to resume: kcnn fit --resume {run}"


def test_ctrl_c_before_the_training_leaves_no_run(
    short_fit: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fit_module, "write_resolved", interrupted)
    with pytest.raises(KeyboardInterrupt):
        short_fit(name="begun")
    assert not (tmp_path / "outputs" / "tiny" / "begun").exists()


class InterruptedWhileDrawing(Progress):
    """Press Ctrl-C when the first figure is skipped."""

    def receive(self, event: Event) -> None:
        if isinstance(event, Note) and event.text.startswith("skipped"):
            raise KeyboardInterrupt


def test_scored_run_is_finished_without_its_plots(short_fit: Callable, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        short_fit(
            "model.layers=[Flatten, {Dense: {units: 10}}]",
            progress=InterruptedWhileDrawing(),
            name="undrawn",
        )
    summary = read_summary(RunFolder(tmp_path / "outputs" / "tiny" / "undrawn")).values
    assert (summary["status"], len(summary["class_names"])) == ("finished", 10)
    assert summary["test"]["accuracy"] > 0
