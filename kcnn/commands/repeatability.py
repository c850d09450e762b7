"""kcnn doctor --repeatable: do two fits of the same recipe and seed give the same bytes here?"""

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
        progress: Shows the work.

    Returns:
        The files that differ, times apart; none where training repeats bit for bit.

    Raises:
        TrainingError: A fit failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        runs = []
        for name in ("first", "second"):
            with progress.task(f"Training {_RECIPE}, the {name} time"):
                runs.append(_fit(Path(folder), name))
        return [name for name, (one, other) in _pairs(*runs).items() if one != other]


def _fit(folder: Path, name: str) -> RunFolder:
    command = [sys.executable, "-m", "kcnn", "fit", _RECIPE, *SETTINGS]
    command += ["--quiet", "--name", name, "--output-dir", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode:
        told = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        reason = told[0].removeprefix("error: ") if told else "no reason given"
        raise TrainingError(f"kcnn fit {_RECIPE}: {reason}", f"kcnn fit {_RECIPE} may say more")
    return RunFolder(folder / _RECIPE / name)


def _pairs(one: RunFolder, other: RunFolder) -> dict[str, tuple[object, object]]:
    """Reads what has to be the same in two runs, by name of file."""
    return {
        "metrics.csv": (_without_seconds(one), _without_seconds(other)),
        **{
            path(one).name: (path(one).read_bytes(), path(other).read_bytes())
            for path in (
                lambda run: run.steps,
                lambda run: run.predictions,
                lambda run: run.filters,
            )
        },
        "weights": (_weights(one), _weights(other)),
    }


def _without_seconds(run: RunFolder) -> list[dict[str, float]]:
    return [
        {name: value for name, value in row.items() if name != "seconds"}
        for row in read_metrics(run)
    ]


def _weights(run: RunFolder) -> list[bytes]:
    from kcnn.model.saved import load_model

    return [weights.tobytes() for weights in load_model(run).get_weights()]
