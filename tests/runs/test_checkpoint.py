from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kcnn.errors import RunError
from kcnn.files.npz import NoRoomError, read_arrays
from kcnn.runs import checkpoint as module
from kcnn.runs.checkpoint import (
    Checkpoint,
    Origin,
    has_checkpoint,
    newest_checkpoint,
    write_checkpoint,
)
from kcnn.runs.folder import RunFolder


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "run-001")
    folder.checkpoints.mkdir(parents=True)
    return folder


def checkpoint_after(epoch: int, **more: Any) -> Checkpoint:
    """Make a checkpoint with a variable that holds the epoch."""
    checkpoint = Checkpoint(
        epoch,
        Origin("0123", "{}", None),
        stopped=False,
        variables=[np.full((2, 3), epoch, np.float32), np.array(7, np.int64)],
        parts={"MetricsFile": {"rows": [{"loss": 0.5}] * epoch}},
    )
    return replace(checkpoint, **more)


def write(run: RunFolder, *positions: tuple[int, int]) -> None:
    for epoch, step in positions:
        write_checkpoint(run, checkpoint_after(epoch, step=step))


def names(run: RunFolder) -> list[str]:
    return sorted(path.name for path in run.checkpoints.iterdir())


def test_what_was_written_is_read(run: RunFolder, notes) -> None:
    kernel = np.arange(6, dtype=np.float16).reshape(1, 2, 3)
    origin = Origin("é", '{"a": 1}', kernel)
    parts = {
        "MetricsFile": {"rows": [{"loss": 0.1 + 0.2, "epoch": 1.0}]},
        "Best": {"weights": [kernel, kernel + 1], "epoch": None, "pair": (1, True)},
    }
    written = checkpoint_after(1, origin=origin, parts=parts, step=12, metrics=[kernel])
    write_checkpoint(run, written)
    read = newest_checkpoint(run, notes)
    assert (read.epoch, read.step, read.position) == (1, 12, "epoch 1 and 12 steps")
    np.testing.assert_array_equal(read.origin.first_kernel, kernel)
    assert read.origin.first_kernel.dtype == np.float16
    assert (read.origin.images, read.origin.settings) == ("é", '{"a": 1}')
    np.testing.assert_array_equal(read.metrics, [kernel])
    assert read.parts["MetricsFile"] == parts["MetricsFile"]
    best = read.parts["Best"]
    np.testing.assert_array_equal(best["weights"], [kernel, kernel + 1])
    assert (best["epoch"], best["pair"]) == (None, [1, True])
    assert [variable.dtype for variable in read.variables] == [np.float32, np.int64]
    assert notes.lines == []


def test_the_last_two_are_kept(run: RunFolder) -> None:
    write(run, (1, 0), (2, 0), (3, 0))
    assert names(run) == ["epoch-0002.npz", "epoch-0003.npz"]
    write(run, (3, 5), (3, 10))
    assert names(run) == ["epoch-0003-step-000005.npz", "epoch-0003-step-000010.npz"]


def test_one_that_cannot_be_removed_stays(run: RunFolder) -> None:
    (run.checkpoints / "epoch-0001.npz").mkdir()
    write(run, (2, 0), (3, 0))
    assert names(run) == ["epoch-0001.npz", "epoch-0002.npz", "epoch-0003.npz"]


def test_writing_again_after_damage_keeps_later_ones(run: RunFolder) -> None:
    """A run resumed from epoch 1 because 2 and 3 are damaged; they must not remove 1."""
    write(run, (1, 0), (2, 0), (3, 0))
    write(run, (1, 0), (2, 0))
    assert names(run) == ["epoch-0001.npz", "epoch-0002.npz", "epoch-0003.npz"]


@pytest.mark.parametrize(
    ("positions", "newest"),
    [
        ([(9, 0), (10, 0)], (10, 0)),
        ([(2, 0), (2, 6)], (2, 6)),
        ([(2, 999_999), (2, 1_000_000)], (2, 1_000_000)),
        ([(2, 6), (3, 0)], (3, 0)),
        ([(9_999, 0), (10_000, 0)], (10_000, 0)),
    ],
)
def test_the_newest_is_the_one_that_trained_longest(
    run: RunFolder, positions, newest, notes
) -> None:
    write(run, *reversed(positions))
    found = newest_checkpoint(run, notes)
    assert (found.epoch, found.step) == newest
    assert found.variables[0][0, 0] == newest[0]


def test_there_never_was_any(run: RunFolder, tmp_path: Path, notes) -> None:
    for name in ("epoch-1.npz", "epoch-0001.npz.tmp", "epoch-0001-step-5.npz", "lock"):
        (run.checkpoints / name).write_text("something else")
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "checkpoint").write_text("no folder")
    for other in (run, RunFolder(tmp_path / "missing"), RunFolder(tmp_path / "file")):
        assert not has_checkpoint(other)
        assert newest_checkpoint(other, notes) is None
    write(run, (1, 0))
    assert has_checkpoint(run)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def another_archive(path: Path) -> None:
    np.savez(path, other=np.zeros(3))


def another_epoch(path: Path) -> None:
    path.write_bytes((path.parent / "epoch-0001.npz").read_bytes())


@pytest.mark.parametrize("damage", [cut, empty, another_archive, another_epoch])
def test_a_damaged_one_is_skipped_and_reported(run: RunFolder, damage, notes) -> None:
    write(run, (1, 0), (2, 0))
    newest = run.checkpoints / "epoch-0002.npz"
    damage(newest)
    assert newest_checkpoint(run, notes).epoch == 1
    assert notes.lines == [f"{newest}: damaged; trying the one before"]


def change_tree(path: Path, changes: dict[str, Any]) -> None:
    arrays = read_arrays(path)
    tree = {**json.loads(arrays["tree.json"].tobytes()), **changes}
    arrays["tree.json"] = np.frombuffer(json.dumps(tree).encode(), np.uint8)
    np.savez(path, **arrays)


@pytest.mark.parametrize("changes", [{}, {"metrics": [1.0]}, {"metrics": None}])
def test_within_an_epoch_the_metrics_are_needed(run: RunFolder, changes, notes) -> None:
    write(run, (1, 0), (1, 5))
    assert newest_checkpoint(run, notes).metrics == []
    path = run.checkpoints / "epoch-0001.npz"
    path.replace(run.checkpoints / "epoch-0001-step-000005.npz")
    change_tree(run.checkpoints / "epoch-0001-step-000005.npz", changes)
    with pytest.raises(RunError, match="every checkpoint in it is damaged"):
        newest_checkpoint(run, notes)


@pytest.mark.parametrize(
    "wrong",
    [
        {"stopped": 1},
        {"variables": [1.0]},
        {"about": {"first_kernel": None, "images": 5, "settings": "{}"}},
        {"about": {"first_kernel": None, "images": "0123", "settings": {}}},
        {"about": {"first_kernel": [1.0], "images": "0123", "settings": "{}"}},
        {"about": {"images": "0123", "settings": "{}"}},
        {"about": {"first_kernel": None, "images": "0123", "settings": "{}", "more": 1}},
        {"variables": 3},
        {"parts": {}},
        {"parts": {"MetricsFile": {"rows": []}}},
    ],
)
def test_a_tree_that_no_training_wrote_is_damage(
    run: RunFolder, wrong: dict[str, Any], notes
) -> None:
    write(run, (1, 0))
    change_tree(run.checkpoints / "epoch-0001.npz", wrong)
    with pytest.raises(RunError) as caught:
        newest_checkpoint(run, notes)
    assert caught.value.message == f"{run.checkpoints}: every checkpoint in it is damaged"
    assert caught.value.hint == "train the run again: kcnn fit"


@pytest.mark.parametrize(
    ("error", "reason"),
    [(PermissionError(13, "Permission denied"), "Permission denied"), (NoRoomError("big"), "big")],
)
def test_one_that_may_be_whole_is_not_skipped(
    run: RunFolder, error: Exception, reason: str, notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(run, (1, 0), (2, 0))

    def fail(path: Path) -> None:
        raise error

    monkeypatch.setattr(module, "read_arrays", fail)
    with pytest.raises(RunError) as caught:
        newest_checkpoint(run, notes)
    newest = run.checkpoints / "epoch-0002.npz"
    assert caught.value.message.startswith(f"{newest}: cannot be read: {reason}")
    assert "remove it, to resume from the one before" in caught.value.hint


def test_a_full_disk_leaves_those_before(small_disk: Path, notes) -> None:
    run = RunFolder(small_disk)
    run.checkpoints.mkdir()
    write(run, (1, 0), (2, 0))
    large = checkpoint_after(3, variables=[np.zeros(100_000)])
    with pytest.raises(RunError):
        write_checkpoint(run, large)
    assert names(run) == ["epoch-0001.npz", "epoch-0002.npz"]
    assert newest_checkpoint(run, notes).epoch == 2


def test_only_a_finished_epoch_can_have_stopped_a_training() -> None:
    assert checkpoint_after(3, stopped=True).is_stopped
    assert not checkpoint_after(3, stopped=True, step=1).is_stopped
    assert not checkpoint_after(3).is_stopped
    assert checkpoint_after(3).position == "epoch 3"


def test_the_tree_byte_for_byte(run: RunFolder) -> None:
    write(run, (1, 0), (1, 5))
    first, second = (read_arrays(run.checkpoints / name)["tree.json"] for name in names(run)[::-1])
    begin = (
        '{"about": {"images": "0123", "settings": "{}", "first_kernel": null}, "stopped": false, '
        '"variables": [{"tree.json": "array_0"}, {"tree.json": "array_1"}], '
        '"parts": {"MetricsFile": {"rows": [{"loss": 0.5}]}}'
    )
    assert first.tobytes().decode() == begin + "}"
    assert second.tobytes().decode() == begin + ', "metrics": []}'
