"""Choose which runs are reused, resumed and trained; test_processes.py trains for real."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from kcnn.commands.fit import fit
from kcnn.commands.resume import resume
from kcnn.data.load import load_dataset
from kcnn.errors import TrainingError
from kcnn.files.atomic import write_json, write_text
from kcnn.progress import Progress
from kcnn.recipe.write import resolved_yaml
from kcnn.runs.folder import FreeName, RunFolder, create_run
from kcnn.runs.lock import lock_run
from kcnn.studies import trials as module
from kcnn.studies.executors.executor import Attempt, Outcome
from kcnn.studies.resources import Resources
from kcnn.studies.trials import StudyOptions, Trial, TrialResult, TrialRunner


def trial(seed: int, *overrides: str, name: str = "mine") -> Trial:
    return Trial("digits", overrides, seed, f"train.seed={seed}", name)


def leave_run(outputs: Path, like: Trial, name: str, status: str = "finished") -> RunFolder:
    run = create_run(outputs, like.settings.name, name)
    write_text(run.resolved, resolved_yaml(like.settings))
    write_json(run.summary, {"status": status})
    return run


def leave_checkpoint(run: RunFolder) -> RunFolder:
    run.checkpoints.mkdir()
    write_text(run.checkpoints / "epoch-0001.npz", "")
    return run


def seed_of(attempt: Attempt) -> int | None:
    return attempt.arguments["recipe"].train.seed if attempt.train is fit else None


def run_trials(
    trials: Sequence[Trial], outputs: Path, progress: Progress | None = None, **options: bool
) -> list[TrialResult]:
    runner = TrialRunner(fit, resume, StudyOptions(outputs), progress or Progress())
    return runner.run(trials, **options)


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[Attempt]:
    """Record the attempts instead of starting processes. Seed 13 diverges."""
    attempted: list[Attempt] = []

    @dataclass
    class Executor:
        resources: Sequence[Resources]

        def run(
            self, attempts: Sequence[Attempt], progress: Progress, keep_going: bool
        ) -> list[Outcome]:
            attempted.extend(attempts)
            return [
                TrainingError("the loss became nan", "a lower rate")
                if seed_of(attempt) == 13
                else RunFolder(Path(attempt.arguments.get("name") or attempt.arguments["run"]))
                for attempt in attempts
            ]

    monkeypatch.setattr(module, "ProcessExecutor", Executor)
    return attempted


def test_only_finished_runs_of_the_same_settings_are_reused(
    tmp_path: Path, attempts: list[Attempt]
) -> None:
    trials = [trial(0), trial(1), trial(2), trial(3)]
    found = leave_run(tmp_path, trials[1], "of-another-name")
    leave_run(tmp_path, trials[0], "stopped", "interrupted")
    leave_run(tmp_path, trial(2, "train.epochs=7"), "other-epochs")
    damaged = leave_run(tmp_path, trials[3], "damaged")
    write_text(damaged.resolved, "no: recipe")
    results = run_trials(trials, tmp_path)
    assert [result.is_reused for result in results] == [False, True, False, False]
    assert results[1].finished.path == found.path
    assert [seed_of(attempt) for attempt in attempts] == [0, 2, 3]


def test_a_run_whose_images_changed_is_not_reused(
    tmp_path: Path, attempts: list[Attempt], notes
) -> None:
    images, labels = np.full((20, 8, 8, 1), 200, np.uint8), np.arange(20) % 10
    parts = {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels}
    file = tmp_path / "own.npz"
    np.savez(file, **parts)
    settings = (f"data={{dataset: npz, path: {file}}}",)
    trials = [trial(seed, *settings) for seed in (0, 1)]
    digest = load_dataset(trials[0].settings.data, None, Progress()).digest()
    for own_trial, saved_digest in zip(trials, (digest, "of other images"), strict=True):
        run = leave_run(tmp_path, own_trial, f"seed-{own_trial.seed}")
        write_json(run.summary, {"status": "finished", "images_digest": saved_digest})
    results = run_trials(trials, tmp_path, notes)
    assert [result.is_reused for result in results] == [True, False]
    assert [seed_of(attempt) for attempt in attempts] == [1]
    left_out = tmp_path / "digits" / "seed-1"
    assert notes.lines[0] == f"{left_out}: not reused, because its images have changed since"
    labels[0] = 5
    np.savez(file, **parts)
    assert not any(result.is_reused for result in run_trials(trials, tmp_path))


@pytest.mark.parametrize("status", ["interrupted", "unfinished"])
def test_a_stopped_run_is_resumed(tmp_path: Path, attempts: list[Attempt], status: str) -> None:
    stopped = leave_checkpoint(leave_run(tmp_path, trial(0), "stopped", status))
    leave_checkpoint(leave_run(tmp_path, trial(1), "failed", "failed"))
    with lock_run(leave_checkpoint(leave_run(tmp_path, trial(2), "trains", "unfinished"))):
        results = run_trials([trial(0), trial(1), trial(2)], tmp_path)
    assert [attempt.train for attempt in attempts] == [resume, fit, fit]
    assert attempts[0].arguments["run"] == str(stopped.path)
    assert not results[0].is_reused


def test_fallbacks_are_the_next_stopped_run_and_then_a_new_run(
    tmp_path: Path, attempts: list[Attempt]
) -> None:
    runs = [leave_checkpoint(leave_run(tmp_path, trial(0), name, "unfinished")) for name in "ab"]
    run_trials([trial(0)], tmp_path)
    (first,) = attempts
    second = first.fallback
    assert second is not None and second.fallback is not None
    assert [attempt.arguments["run"] for attempt in (first, second)] == [
        str(run.path) for run in runs
    ]
    assert second.fallback.train is fit and second.fallback.fallback is None


def test_prefers_a_finished_run_to_a_stopped_run(tmp_path: Path, attempts: list[Attempt]) -> None:
    leave_checkpoint(leave_run(tmp_path, trial(0), "a-stopped", "interrupted"))
    finished = leave_run(tmp_path, trial(0), "b-finished")
    (result,) = run_trials([trial(0)], tmp_path)
    assert attempts == [] and result.finished.path == finished.path


def test_names_of_new_runs(tmp_path: Path, attempts: list[Attempt]) -> None:
    run_trials([trial(0), trial(1, name="other")], tmp_path)
    names = [attempt.arguments["name"] for attempt in attempts]
    assert names == ["mine", "other"]
    assert all(isinstance(name, FreeName) for name in names)


def test_passes_the_recipe_as_it_was_read(tiny: Path, attempts: list[Attempt]) -> None:
    own_trial = Trial(tiny, ("train.batch_size=32",), 3, "train.seed=3", "mine")
    content, settings = tiny.read_bytes(), resolved_yaml(own_trial.settings)
    tiny.unlink()
    run_trials([own_trial], tiny.parent)
    recipe = pickle.loads(pickle.dumps(attempts[0].arguments["recipe"]))  # as a process gets it
    assert resolved_yaml(recipe) == settings
    assert recipe.origin.content == content


def test_a_failed_trial_has_its_problem_and_hint(tmp_path: Path, attempts: list[Attempt]) -> None:
    good, bad = run_trials([trial(1), trial(13)], tmp_path, keep_going=True)
    assert good.run is not None and good.problem is None
    assert bad.run is None and bad.problem == "the loss became nan"
    assert bad.hint == "a lower rate"
