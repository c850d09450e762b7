"""Repeatability: do two fits with the same recipe and seed write the same bytes?"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from kcnn.errors import TrainingError
from kcnn.progress import Progress
from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import read_metrics

# Everything that is random in a training: weights, order, augmentation, dropout.
SETTINGS = (
    "train.epochs=2",
    "data.augment=[{RandomCrop: {padding: 1}}, {RandomRotation: {factor: 0.05}}]",
)
_RECIPE = "digits"


def differing_files(progress: Progress) -> list[str]:
    """Train digits twice, each time in a new process, and compare the files of both runs.

    Args:
        progress: Receives the events of the work.

    Returns:
        The files that differ in more than times; empty if training repeats bit for bit.

    Raises:
        TrainingError: A fit failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        runs = []
        for name in ("first", "second"):
            with progress.task(f"Training {_RECIPE}, the {name} time"):
                runs.append(_fit(Path(folder), name))
        return [name for name, (first, second) in _pairs(*runs).items() if first != second]


def _fit(folder: Path, name: str) -> RunFolder:
    command = [sys.executable, "-m", "kcnn", "fit", _RECIPE, *SETTINGS]
    command += ["--quiet", "--name", name, "--output-dir", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        reason = errors[0].removeprefix("error: ") if errors else "no reason given"
        raise TrainingError(f"kcnn fit {_RECIPE}: {reason}", f"kcnn fit {_RECIPE} may print more")
    return RunFolder(folder / _RECIPE / name)


def _pairs(first: RunFolder, second: RunFolder) -> dict[str, tuple[object, object]]:
    """Return the contents that have to be the same in two runs, by name of file."""
    pairs: dict[str, tuple[object, object]] = {}
    pairs["metrics.csv"] = (_without_seconds(first), _without_seconds(second))
    for name in ("steps.csv", "predictions.csv", "filters.npz"):
        pairs[name] = ((first.path / name).read_bytes(), (second.path / name).read_bytes())
    pairs["weights"] = (_weights(first), _weights(second))
    return pairs


def _without_seconds(run: RunFolder) -> list[dict[str, float]]:
    return [
        {name: value for name, value in row.items() if name != "seconds"}
        for row in read_metrics(run)
    ]


def _weights(run: RunFolder) -> list[bytes]:
    from kcnn.model.saved import load_model

    return [weights.tobytes() for weights in load_model(run).get_weights()]
