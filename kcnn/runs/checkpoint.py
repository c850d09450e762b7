"""checkpoint/: the state of a training after an epoch or some steps, from which a run resumes.

A checkpoint is an .npz file: `tree.json` holds everything but arrays, and names them. The last two
are kept, because the newest may be damaged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
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
class Origin:
    """What all checkpoints of a run have in common.

    Args:
        images: Hash of all images and labels.
        settings: The settings that decide the training, as JSON.
        first_kernel: The first convolution's kernel before training; None without a convolution.
    """

    images: str
    settings: str
    first_kernel: np.ndarray | None


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training after an epoch, or after some steps of the next.

    Args:
        epoch: Epochs that are finished.
        origin: What the training began with.
        stopped: Whether training was stopped early.
        variables: Weights, moving averages, random states and the optimizer's variables.
        parts: The state of each callback by the name of its class: mappings with texts as keys,
            lists, arrays, and what JSON can hold.
        step: Steps of the next epoch that are done.
        metrics: Running metrics of the next epoch, if some of its steps are done.
        fine_tuned_after: Epochs before fine-tuning began; None before it.
    """

    epoch: int
    origin: Origin
    stopped: bool
    variables: Sequence[np.ndarray]
    parts: Mapping[str, Mapping[str, Any]]
    step: int = 0
    metrics: Sequence[np.ndarray] = ()
    fine_tuned_after: int | None = None

    @property
    def position(self) -> str:
        """How far the training was, in words."""
        return f"epoch {self.epoch}" + (f" and {self.step} steps" if self.step else "")

    @property
    def is_stopped(self) -> bool:
        """Whether training was stopped early, at the end of an epoch."""
        return self.step == 0 and self.stopped


def write_checkpoint(run: RunFolder, checkpoint: Checkpoint) -> None:
    """Write a checkpoint whole or not at all; then remove all but it and the one before.

    Raises:
        RunError: It cannot be written; those before it are still there.
    """
    arrays: dict[str, np.ndarray] = {}
    tree = json.dumps(_without_arrays(_as_tree(checkpoint), arrays))
    arrays[_TREE] = np.frombuffer(tree.encode("utf-8"), np.uint8)
    within = f"-step-{checkpoint.step:06d}" if checkpoint.step else ""
    path = run.checkpoints / f"epoch-{checkpoint.epoch:04d}{within}.npz"
    with atomic(path, sum(array.nbytes for array in arrays.values())) as temporary:
        np.savez(temporary, **arrays)  # type: ignore[arg-type]  # which names the file, not a flag
    files = _files(run)
    earlier = [key for key in files if key < (checkpoint.epoch, checkpoint.step)]
    for key in earlier[: 1 - KEPT]:
        with suppress(OSError):
            files[key].unlink()


def has_checkpoint(run: RunFolder) -> bool:
    """Return whether a run has a checkpoint to resume from."""
    return bool(_files(run))


def newest_checkpoint(run: RunFolder, progress: Progress) -> Checkpoint | None:
    """Read the newest checkpoint that is not damaged.

    Args:
        run: The run.
        progress: Receives a note for each damaged one.

    Returns:
        None if there never was a checkpoint.

    Raises:
        RunError: All are damaged; or the newest may be whole, but cannot be read now.
    """
    files = _files(run)
    for (epoch, step), path in reversed(files.items()):
        try:
            return _read(path, epoch, step)
        except (OSError, NoRoomError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise RunError(
                f"{path}: cannot be read: {reason}",
                "fix that and resume; or remove it, to resume from the one before",
            ) from None
        except Exception:  # a damaged archive raises nearly anything
            progress.note(f"{path}: damaged; trying the one before")
    if files:
        raise RunError(
            f"{run.checkpoints}: every checkpoint in it is damaged", "train the run again: kcnn fit"
        )
    return None


def _files(run: RunFolder) -> dict[tuple[int, int], Path]:
    """Return the checkpoints of a run by epoch and step, the oldest first."""
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


def _as_tree(checkpoint: Checkpoint) -> dict[str, Any]:
    tree = {
        "about": vars(checkpoint.origin),
        "stopped": checkpoint.stopped,
        "variables": checkpoint.variables,
        "parts": checkpoint.parts,
    }
    if checkpoint.step:
        tree["metrics"] = checkpoint.metrics
    if checkpoint.fine_tuned_after is not None:
        tree["fine_tuned_after"] = checkpoint.fine_tuned_after
    return tree


def _read(path: Path, epoch: int, step: int) -> Checkpoint:
    arrays = read_arrays(path)
    tree = _with_arrays(json.loads(arrays.pop(_TREE).tobytes()), arrays)
    checkpoint = Checkpoint(
        epoch,
        Origin(**tree["about"]),
        tree["stopped"],
        tree["variables"],
        tree["parts"],
        step,
        tree["metrics"] if step else (),
        tree.get("fine_tuned_after"),
    )
    _require_whole(checkpoint)
    return checkpoint


def _require_whole(checkpoint: Checkpoint) -> None:
    """Check what is needed before, or long after, a training restores its state."""
    origin = checkpoint.origin
    if not (
        isinstance(checkpoint.stopped, bool)
        and isinstance(origin.images, str)
        and isinstance(origin.settings, str)
        and (origin.first_kernel is None or isinstance(origin.first_kernel, np.ndarray))
        and all(isinstance(variable, np.ndarray) for variable in checkpoint.variables)
        and all(isinstance(metric, np.ndarray) for metric in checkpoint.metrics)
        and len(checkpoint.parts["MetricsFile"]["rows"]) == checkpoint.epoch
        and (checkpoint.fine_tuned_after is None or type(checkpoint.fine_tuned_after) is int)
    ):
        raise ValueError("not a checkpoint of kcnn")


def _without_arrays(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Replace each array by a name, and collect the arrays by these names."""
    if isinstance(value, np.ndarray):
        arrays[name := f"array_{len(arrays)}"] = value
        return {_TREE: name}
    if isinstance(value, Mapping):
        return {name: _without_arrays(inner, arrays) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_arrays(inner, arrays) for inner in value]
    return value


def _with_arrays(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(value, list):
        return [_with_arrays(inner, arrays) for inner in value]
    if isinstance(value, dict):
        if set(value) == {_TREE}:
            return arrays[value[_TREE]]
        return {name: _with_arrays(inner, arrays) for name, inner in value.items()}
    return value
