"""Sweep a tiny model on scikit-learn's digits with real trainings."""

from __future__ import annotations

import csv
import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kcnn.cli import cli
from kcnn.commands.sweep import sweep
from kcnn.errors import TrainingError
from kcnn.files.read import read_json
from kcnn.progress import Event, Progress, TrainingStarted, TrialEvent
from kcnn.recipe import read_recipe
from kcnn.recipe.library import shipped_recipes
from kcnn.runs.find import find_runs
from kcnn.runs.metrics import read_metrics
from kcnn.runs.summary import read_summary
from kcnn.studies import trials
from kcnn.studies.grid import expand_grid, read_axes
from kcnn.studies.sweep_report import Sweep
from kcnn.studies.trials import StudyOptions, Trial, TrialResult, TrialRunner

TINY = ("train.epochs=1", "model.layers=[Flatten, {Dense: {units: 10}}]")
OVER = ("train.batch_size=[16, 64]",)


def command_of_the_book() -> tuple[str, list[str]]:
    """Return the recipe and the axes of the command in simple_convnet's header."""
    text = shipped_recipes()["simple_convnet"].read_text(encoding="utf-8")
    (command,) = re.findall(r"^# (kcnn sweep .*)$", text, flags=re.MULTILINE)
    _, _, recipe, option, over = shlex.split(command)
    assert option == "--over"
    return recipe, [over]


def run(outputs: Path, *arguments: str) -> Result:
    over = [part for axis in OVER for part in ("--over", axis)]
    return CliRunner().invoke(
        cli,
        ["sweep", "digits", *TINY, *over, "--output-dir", str(outputs), "--quiet", *arguments],
    )


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory, fits_here) -> Path:
    folder = tmp_path_factory.mktemp("outputs")
    with fits_here():
        done = run(folder, "--seeds", "2")
    assert done.exit_code == 0, done.output
    return folder


def again(outputs: Path, seeds: int = 2, *overrides: str) -> Sweep:
    return sweep("digits", OVER, (*TINY, *overrides), seeds, StudyOptions(outputs))


def test_checks_the_book_s_six_optimizers() -> None:
    recipe, over = command_of_the_book()
    assert recipe == "recipes/simple_convnet.yaml"
    labels = [point.label for point in expand_grid("simple_convnet", [], read_axes(over))]
    assert labels == [
        "SGD", "SGD: {momentum: 0.9}", "SGD: {momentum: 0.9, nesterov: true}",
        "Adagrad: {learning_rate: 0.01}", "RMSprop", "Adam",
    ]  # fmt: skip


@pytest.mark.slow
def test_trains_the_book_s_six_optimizers(tmp_path: Path, fits_here) -> None:
    settings = (*TINY, "train.epochs=2")
    with fits_here():
        result = sweep("digits", command_of_the_book()[1], settings, 1, StudyOptions(tmp_path))
    assert len(result.rows) == 6
    for row in result.rows:
        first, last = read_metrics(row.results[0].finished)
        assert last["loss"] < first["loss"]
    assert {folder.path.name for folder in find_runs(tmp_path)} >= {
        "optimizer-SGD-momentum-0.9-nesterov-true-seed-000", "optimizer-Adam-seed-000",
    }  # fmt: skip
    assert result.plot.stat().st_size > 10_000


class TestTwoSeedsOfTwo:
    def test_trains_nothing_again(self, outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trials, "ProcessExecutor", lambda *_: pytest.fail("trained"))
        result = again(outputs)
        assert all(trial_result.is_reused for row in result.rows for trial_result in row.results)
        assert len(find_runs(outputs)) == 4

    def test_metrics_are_those_of_the_runs(self, outputs: Path) -> None:
        for row in again(outputs).rows:
            for name, part in (("val_accuracy", "train"), ("test_accuracy", "test")):
                quantity = row.quantity(name)
                assert quantity is not None
                assert quantity.values == tuple(
                    read_summary(trial_result.finished).values[part][name.removeprefix("test_")]
                    for trial_result in row.results
                )
            small = row.point.values["train.batch_size"] == 16
            assert row.point.label == ("16" if small else "64")

    def test_the_best_by_validation_comes_first(self, outputs: Path) -> None:
        result = again(outputs)
        assert result.ordered_by == "val_accuracy"
        means = [row.quantity("val_accuracy") for row in result.rows]
        assert means[0] and means[1] and means[0].mean >= means[1].mean

    def test_writes_table_and_plot_into_the_same_folder(self, outputs: Path) -> None:
        result = again(outputs)
        assert {path.name for path in result.folder.iterdir()} == {
            "sweep.csv", "sweep.json", "sweep.png",
        }  # fmt: skip
        assert read_json(result.folder / "sweep.json") == json.loads(json.dumps(result.as_json()))
        with (result.folder / "sweep.csv").open(encoding="utf-8") as table:
            lines = list(csv.DictReader(table))
        for line, row in zip(lines, result.rows, strict=True):
            quantity = row.quantity("val_accuracy")
            assert quantity is not None and quantity.interval is not None
            assert line["train.batch_size"] == row.point.label
            assert float(line["val_accuracy"]) == pytest.approx(quantity.mean)
            assert float(line["val_accuracy_low"]) == pytest.approx(quantity.interval.low)
            assert line["seeds"] == "2"

    def test_writes_other_seeds_into_another_folder(self, outputs: Path) -> None:
        assert again(outputs, 1).folder != again(outputs, 2).folder

    def test_another_order_is_the_same_sweep(self, outputs: Path) -> None:
        reversed_over = ("train.batch_size=[64, 16]",)
        other = sweep("digits", reversed_over, TINY, 2, StudyOptions(outputs))
        assert other.folder == again(outputs).folder

    def test_text(self, outputs: Path) -> None:
        done = run(outputs, "--seeds", "2")
        heading, _, first, second, *_ = done.stdout.splitlines()
        assert re.split("  +", heading) == [
            "train.batch_size", "seeds", "validation accuracy", "95 % of the mean", "test accuracy",
            "95 % of the mean", "training",
        ]  # fmt: skip
        assert {first.split()[0], second.split()[0]} == {"16", "64"}
        assert "Choose by the validation accuracy" in done.stdout
        assert "leak the test set" in done.stdout
        assert "With a single seed" not in done.stdout

    def test_json(self, outputs: Path) -> None:
        printed = json.loads(run(outputs, "--seeds", "2", "--json").stdout)
        assert printed["settings"] == ["train.batch_size"]
        assert [point["seeds"] for point in printed["combinations"]] == [[0, 1], [0, 1]]


def test_without_validation_advises_against_a_choice(tmp_path: Path, fits_here) -> None:
    with fits_here():
        done = run(tmp_path, "data={dataset: digits}")
    assert done.exit_code == 0, done.output
    assert "training accuracy" in done.stdout.splitlines()[0]
    assert "Do not choose by these columns" in " ".join(done.stdout.split())
    assert "With a single seed each" in " ".join(done.stdout.split())


@pytest.mark.slow
def test_a_training_that_diverges_has_its_own_row(tmp_path: Path, fits_here) -> None:
    over = ["train.optimizer.SGD.learning_rate=[0.01, 1e30]"]
    deeper = "model.layers=[Flatten, {Dense: {units: 8}}, {Dense: {units: 10}}]"
    settings = (*TINY, deeper, "train.optimizer=SGD")
    with fits_here():
        result = sweep("digits", over, settings, 1, StudyOptions(tmp_path))
    good, bad = result.rows
    assert good.finished and good.seconds is not None
    assert bad.seconds is None and "the loss became" in (bad.results[0].problem or "")
    assert "the loss became" in (result.folder / "sweep.csv").read_text(encoding="utf-8")
    with (
        fits_here(),
        pytest.raises(TrainingError, match=r"every training failed; learning_rate=1\.0e\+30: the"),
    ):
        sweep("digits", [over[0].replace("0.01, ", "")], settings, 1, StudyOptions(tmp_path))


def test_if_all_trials_fail_prints_the_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: TrialRunner, trials: list[Trial], keep_going: bool) -> list[TrialResult]:
        assert keep_going
        return [
            TrialResult(trial, None, problem="memory ran out", hint="fewer") for trial in trials
        ]

    monkeypatch.setattr(TrialRunner, "run", fail)
    with pytest.raises(TrainingError, match="failed; batch_size=16: memory ran out") as caught:
        sweep("digits", OVER, TINY, 1, StudyOptions(tmp_path))
    assert caught.value.hint == "fewer"


@pytest.mark.slow
def test_trains_the_recipe_as_it_was_before_an_edit(tiny: Path, tmp_path: Path) -> None:
    content = tiny.read_bytes()
    shorter = ("train.epochs=2", "data.validation=0.5")

    class Edits(Progress):
        def receive(self, event: Event) -> None:
            if isinstance(event, TrialEvent) and isinstance(event.event, TrainingStarted):
                tiny.write_text("no: recipe")

    result = sweep(tiny, OVER, shorter, 1, StudyOptions(tmp_path / "outputs"), Edits())
    assert len(result.rows) == 2
    for row in result.rows:
        run = row.results[0].finished
        assert run.recipe.read_bytes() == content
        settings = read_recipe(run.resolved)
        assert settings.train.batch_size == row.point.values["train.batch_size"]
        assert settings.train.epochs == 2 and settings.name == "tiny"


def test_mistakes_leave_no_files(tmp_path: Path) -> None:
    done = run(tmp_path / "out", "--over", "train.optimizer=[SDG, Adam]")
    assert done.exit_code == 1
    assert "did you mean SGD?" in done.stderr
    assert not (tmp_path / "out").exists()


def test_refuses_a_sweep_without_axes() -> None:
    done = CliRunner().invoke(cli, ["sweep", "digits"])
    assert done.exit_code == 2
    assert "--over" in done.stderr
