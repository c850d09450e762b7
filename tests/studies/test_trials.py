"""What is found and what is trained; the trainings themselves are in test_fit_side_by_side.py."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
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
from kcnn.studies.executor import Fit
from kcnn.studies.trials import WantedRun, Workplace, train_many


def wanted_run(seed: int, *overrides: str, name: str = "mine") -> WantedRun:
    return WantedRun("digits", overrides, seed, f"train.seed={seed}", name)


def leave_run(outputs: Path, of: WantedRun, name: str, status: str = "finished") -> RunFolder:
    run = create_run(outputs, of.settings.name, name)
    write_text(run.resolved, resolved_yaml(of.settings))
    write_json(run.summary, {"status": status})
    return run


def leave_checkpoint(run: RunFolder) -> RunFolder:
    run.checkpoints.mkdir()
    write_text(run.checkpoints / "epoch-0001.npz", "")
    return run


def seed_of(wanted: Fit) -> int | None:
    return wanted.arguments["recipe"].train.seed if wanted.work is fit else None


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Fit]:
    """The fits that are asked for; each is made without a process."""
    asked: list[Fit] = []

    def make(
        fits: Sequence[Fit], lanes: object, progress: object, keep_going: bool
    ) -> list[object]:
        asked.extend(fits)
        return [
            TrainingError("the loss became nan", "a lower rate") if seed_of(one) == 13
            else RunFolder(Path(str(one.arguments.get("name") or one.arguments["run"])))
            for one in fits
        ]  # fmt: skip

    monkeypatch.setattr(module, "fit_side_by_side", make)
    return asked


def test_only_finished_runs_of_the_same_settings_count(tmp_path: Path, asked: list[Fit]) -> None:
    wanted = [wanted_run(0), wanted_run(1), wanted_run(2), wanted_run(3)]
    found = leave_run(tmp_path, wanted[1], "of-another-name")
    leave_run(tmp_path, wanted[0], "stopped", "interrupted")
    leave_run(tmp_path, wanted_run(2, "train.epochs=7"), "other-epochs")
    damaged = leave_run(tmp_path, wanted[3], "damaged")
    write_text(damaged.resolved, "no: recipe")
    trained = train_many(wanted, Workplace(tmp_path), Progress())
    assert [one.was_there for one in trained] == [False, True, False, False]
    assert trained[1].finished.path == found.path
    assert [seed_of(one) for one in asked] == [0, 2, 3]


def test_a_run_of_images_that_changed_does_not_count(
    tmp_path: Path, asked: list[Fit], notes
) -> None:
    images, labels = np.full((20, 8, 8, 1), 200, np.uint8), np.arange(20) % 10
    parts = {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels}
    file = tmp_path / "own.npz"
    np.savez(file, **parts)
    settings = (f"data={{dataset: npz, path: {file}}}",)
    wanted = [wanted_run(seed, *settings) for seed in (0, 1)]
    digest = load_dataset(wanted[0].settings.data, None, Progress()).digest()
    for one, of in zip(wanted, (digest, "of other images"), strict=True):
        run = leave_run(tmp_path, one, f"seed-{one.seed}")
        write_json(run.summary, {"status": "finished", "images_digest": of})
    trained = train_many(wanted, Workplace(tmp_path), notes)
    assert [one.was_there for one in trained] == [True, False]
    assert [seed_of(one) for one in asked] == [1]
    left_out = tmp_path / "digits" / "seed-1"
    assert notes.lines[0] == f"{left_out}: trained on other images than are here now; left out"
    labels[0] = 5
    np.savez(file, **parts)
    assert not any(one.was_there for one in train_many(wanted, Workplace(tmp_path), Progress()))


@pytest.mark.parametrize("status", ["interrupted", "unfinished"])
def test_a_run_that_was_stopped_goes_on(tmp_path: Path, asked: list[Fit], status: str) -> None:
    stopped = leave_checkpoint(leave_run(tmp_path, wanted_run(0), "stopped", status))
    leave_checkpoint(leave_run(tmp_path, wanted_run(1), "failed", "failed"))
    with lock_run(leave_checkpoint(leave_run(tmp_path, wanted_run(2), "trains", "unfinished"))):
        trained = train_many(
            [wanted_run(0), wanted_run(1), wanted_run(2)], Workplace(tmp_path), Progress()
        )
    assert [one.work for one in asked] == [resume, fit, fit]
    assert asked[0].arguments["run"] == str(stopped.path)
    assert not trained[0].was_there


def test_what_cannot_go_on_is_followed_by_the_next_and_then_begun_anew(
    tmp_path: Path, asked: list[Fit]
) -> None:
    runs = [
        leave_checkpoint(leave_run(tmp_path, wanted_run(0), name, "unfinished")) for name in "ab"
    ]
    train_many([wanted_run(0)], Workplace(tmp_path), Progress())
    (first,) = asked
    second = first.instead
    assert second is not None and second.instead is not None
    assert [one.arguments["run"] for one in (first, second)] == [str(run.path) for run in runs]
    assert second.instead.work is fit and second.instead.instead is None


def test_a_finished_run_comes_before_one_that_was_stopped(tmp_path: Path, asked: list[Fit]) -> None:
    leave_checkpoint(leave_run(tmp_path, wanted_run(0), "a-stopped", "interrupted"))
    finished = leave_run(tmp_path, wanted_run(0), "b-finished")
    (trained,) = train_many([wanted_run(0)], Workplace(tmp_path), Progress())
    assert asked == [] and trained.finished.path == finished.path


def test_names_are_free(tmp_path: Path, asked: list[Fit]) -> None:
    train_many([wanted_run(0), wanted_run(1, name="other")], Workplace(tmp_path), Progress())
    names = [one.arguments["name"] for one in asked]
    assert names == ["mine", "other"]
    assert all(isinstance(one, FreeName) for one in names)


def test_the_recipe_is_handed_over_as_it_was_read(tiny: Path, asked: list[Fit]) -> None:
    wanted = WantedRun(tiny, ("train.batch_size=32",), 3, "train.seed=3", "mine")
    content, settings = tiny.read_bytes(), resolved_yaml(wanted.settings)
    tiny.unlink()
    train_many([wanted], Workplace(tiny.parent), Progress())
    recipe = pickle.loads(pickle.dumps(asked[0].arguments["recipe"]))  # as a process gets it
    assert resolved_yaml(recipe) == settings
    assert recipe.origin.content == content


def test_what_failed_says_why(tmp_path: Path, asked: list[Fit]) -> None:
    good, bad = train_many(
        [wanted_run(1), wanted_run(13)], Workplace(tmp_path), Progress(), keep_going=True
    )
    assert good.run is not None and good.problem is None
    assert bad.run is None and bad.problem == "the loss became nan"
    assert bad.hint == "a lower rate"
