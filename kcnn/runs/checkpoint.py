"""What resuming needs, on disk: a file an epoch, or oftener, of which the last two are kept."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kcnn.errors import RunError
from kcnn.files.atomic import atomic
from kcnn.files.npz import NoRoomError, read_arrays
from kcnn.progress import Progress
from kcnn.runs.folder import RunFolder

KEPT = 2
_FILE = re.compile(r"epoch-(\d{4,9})(?:-step-(\d{6,12}))?\.npz")
_TREE = "tree.json"


@dataclass(frozen=True)
class Checkpoint:
    """A training as it was when an epoch had ended, or some steps after that.

    Args:
        epoch: Epochs finished.
        state: Mappings with names of text, lists, arrays, and what JSON can hold.
        step: Steps taken of the next epoch.
    """

    epoch: int
    state: Mapping[str, Any]
    step: int = 0

    @property
    def place(self) -> str:
        """Where the training was, in words."""
        return f"epoch {self.epoch}" + (f" and {self.step} steps" if self.step else "")

    @property
    def about(self) -> Mapping[str, Any]:
        """What all checkpoints of a run say of it."""
        return self.state["about"]

    @property
    def is_stopped(self) -> bool:
        """Whether training was stopped early."""
        return self.step == 0 and self.state["stopped"]


def write_checkpoint(run: RunFolder, checkpoint: Checkpoint) -> None:
    """Writes a checkpoint whole or not at all, then removes all but it and the one before.

    Raises:
        RunError: It cannot be written; those before it are still there.
    """
    arrays: dict[str, np.ndarray] = {}
    tree = json.dumps(_without_arrays(checkpoint.state, arrays))
    arrays[_TREE] = np.frombuffer(tree.encode("utf-8"), np.uint8)
    within = f"-step-{checkpoint.step:06d}" if checkpoint.step else ""
    path = run.checkpoints / f"epoch-{checkpoint.epoch:04d}{within}.npz"
    with atomic(path, sum(array.nbytes for array in arrays.values())) as temporary:
        np.savez(temporary, **arrays)  # type: ignore[arg-type]  # which names the file, not a flag
    files = _files(run)
    earlier = [place for place in files if place < (checkpoint.epoch, checkpoint.step)]
    for place in earlier[: 1 - KEPT]:
        with suppress(OSError):
            files[place].unlink()


def has_checkpoint(run: RunFolder) -> bool:
    """Says whether a run has anything to go on from."""
    return bool(_files(run))


def newest_checkpoint(run: RunFolder, progress: Progress) -> Checkpoint | None:
    """Reads the newest checkpoint that is whole; None where there never was any.

    Args:
        run: The run.
        progress: Told of damaged ones that were passed over.

    Raises:
        RunError: There are some, and all are damaged; or the newest may be whole, but cannot be
            read now.
    """
    files = _files(run)
    for (epoch, step), path in reversed(files.items()):
        try:
            return Checkpoint(epoch, _read(path, epoch), step)
        except (OSError, NoRoomError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise RunError(
                f"{path}: cannot be read: {reason}",
                "mend that and go on; or remove it, to go on from the one before",
            ) from None
        except Exception:  # a damaged archive raises nearly anything
            progress.note(f"{path}: damaged; looking at the one before")
    if files:
        raise RunError(
            f"{run.checkpoints}: every checkpoint in it is damaged", "train the run again: kcnn fit"
        )
    return None


def _files(run: RunFolder) -> dict[tuple[int, int], Path]:
    """Finds the checkpoints of a run by epoch and step, the oldest first."""
    try:
        children = list(run.checkpoints.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    found = {
        (int(match[1]), int(match[2] or 0)): child
        for child in children
        if (match := _FILE.fullmatch(child.name))
    }
    return dict(sorted(found.items()))


def _read(path: Path, epoch: int) -> Mapping[str, Any]:
    arrays = read_arrays(path)
    state = _with_arrays(json.loads(arrays.pop(_TREE).tobytes()), arrays)
    _require_whole(state, epoch)
    return state


def _require_whole(state: Any, epoch: int) -> None:
    """Makes sure of what is read before, or long after, a training takes its state back."""
    about, rows = state["about"], state["parts"]["MetricsFile"]["rows"]
    kernel = about["first_kernel"]
    if not (
        isinstance(state["stopped"], bool)
        and isinstance(about["images"], str)
        and isinstance(about["settings"], str)
        and (kernel is None or isinstance(kernel, np.ndarray))
        and all(isinstance(one, np.ndarray) for one in state["variables"])
        and len(rows) == epoch
    ):
        raise ValueError("not as a checkpoint is written")


def _without_arrays(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Puts a number in each array's place and the array aside."""
    if isinstance(value, np.ndarray):
        arrays[name := f"array_{len(arrays)}"] = value
        return {_TREE: name}
    if isinstance(value, Mapping):
        return {name: _without_arrays(one, arrays) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_arrays(one, arrays) for one in value]
    return value


def _with_arrays(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(value, list):
        return [_with_arrays(one, arrays) for one in value]
    if isinstance(value, dict):
        if set(value) == {_TREE}:
            return arrays[value[_TREE]]
        return {name: _with_arrays(one, arrays) for name, one in value.items()}
    return value
