"""A run that starts from another run's weights: recorded, and kept by resuming."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kcnn.commands.check import check
from kcnn.commands.fit import fit
from kcnn.commands.resume import resume
from kcnn.errors import KcnnError, RecipeError, RunError
from kcnn.recipe import read_recipe
from kcnn.runs.folder import RunFolder
from kcnn.studies.trials import Trial, _find_runs

SHORT = ("train.epochs=1", "train.learning_rate_schedule=null")

pytestmark = pytest.mark.usefixtures("one_plot")


def test_a_run_starts_from_another_and_can_be_resumed_without_it(
    tiny: Path, notes, stop_at
) -> None:
    fit(tiny, SHORT, name="first")
    start = "train.initial_weights=tiny/first"
    whole = fit(tiny, ["train.epochs=2", start], name="whole", progress=notes).run
    file = Path("outputs/tiny/first/model.keras")
    assert f"initial weights of 3 layers from {file}: all that have weights" in notes.lines
    recorded = json.loads(whole.environment.read_text())["initial_weights"]
    assert recorded["file"] == str(file.absolute())
    assert recorded["taken"] == ["conv2d", "batch_normalization", "dense"]
    assert read_recipe(whole.resolved).train.initial_weights == file.parent.absolute()

    for name, epoch in (("early", 1), ("late", 2)):
        with pytest.raises(KeyboardInterrupt):
            fit(tiny, ["train.epochs=2", start], name=name, progress=stop_at(epoch))
    assert resume("tiny/early").run.steps.read_bytes() == whole.steps.read_bytes()
    file.unlink()  # its weights are in the checkpoint
    assert resume("tiny/late").run.steps.read_bytes() == whole.steps.read_bytes()


def test_a_run_that_finished_no_epoch_needs_the_same_file(tiny: Path, stop_at) -> None:
    fit(tiny, SHORT, name="first")
    overrides = (*SHORT, "train.initial_weights=tiny/first")
    with pytest.raises(KeyboardInterrupt):
        fit(tiny, overrides, name="stopped", progress=stop_at(1))
    other = fit(tiny, [*SHORT, "train.seed=1"], name="other").run
    other.model.replace("outputs/tiny/first/model.keras")
    with pytest.raises(RunError, match="has changed since the run was started"):
        resume("tiny/stopped")


def test_a_study_does_not_reuse_a_run_that_started_from_other_weights(tiny: Path) -> None:
    first = fit(tiny, SHORT, name="first").run
    overrides = (*SHORT, "train.initial_weights=tiny/first")
    run = fit(tiny, overrides, name="second").run
    trial = Trial(tiny, overrides, 0, "", "")
    finished, _ = _find_runs([trial], Path("outputs"))
    assert [found.title for found in finished[trial.key]] == [run.title]
    first.model.write_bytes(first.model.read_bytes() + b"\0")
    assert _find_runs([trial], Path("outputs")) == ({}, {})


def test_check_finds_weights_that_are_not_there(tiny: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        check(tiny, ["train.initial_weights=tiny/first"])
    assert caught.value.message == (
        "command line, train.initial_weights=tiny/first: train.initial_weights: tiny/first: no "
        "such run or file"
    )
    Path("outputs/tiny/first").mkdir(parents=True)
    RunFolder(Path("outputs/tiny/first")).resolved.touch()
    with pytest.raises(KcnnError, match=r"model\.keras: this run has no such model"):
        check(tiny, ["train.initial_weights=tiny/first"])
    with pytest.raises(KcnnError, match="outputs: neither a run nor a file of weights"):
        check(tiny, ["train.initial_weights=outputs"])
    with pytest.raises(KcnnError, match=r"tiny\.yaml: not a file of weights"):
        check(tiny, ["train.initial_weights=tiny.yaml"])
