"""steps.csv: the loss of each training step, as textbooks plot it."""

from __future__ import annotations

import numpy as np

from kcnn.errors import RunError
from kcnn.files.atomic import write_text
from kcnn.files.read import DAMAGED_HINT, read_csv
from kcnn.runs.folder import RunFolder
from kcnn.text.numbers import six_digits

_HEADER = "step,loss\n"
_MISSING_HINT = "the run was stopped before its first epoch ended, or made by an older kcnn"


class StepsFile:
    """Writes steps.csv; a training of many steps formats each only once.

    Args:
        run: The run.
    """

    def __init__(self, run: RunFolder) -> None:
        self._path = run.steps
        self._lines = [_HEADER]
        self.losses: list[float] = []

    def append(self, losses: np.ndarray) -> None:
        """Add the losses of further steps, and write the whole file.

        Raises:
            RunError: It cannot be written.
        """
        first = len(self.losses) + 1
        self.losses += losses.tolist()
        self._lines += [f"{step},{six_digits(loss)}\n" for step, loss in enumerate(losses, first)]
        write_text(self._path, "".join(self._lines))


def read_steps(run: RunFolder) -> np.ndarray:
    """Read steps.csv.

    Returns:
        The loss of every training step, float64 of shape (steps,).

    Raises:
        RunError: It is missing, or holds something else than the numbers of steps and losses.
    """
    table = read_csv(run.steps, _MISSING_HINT)
    if not table.rows:
        raise RunError(f"{run.steps}: no rows in it", DAMAGED_HINT)
    try:
        return np.array([float(loss) for _, loss in table.rows])
    except ValueError:
        raise RunError(f"{run.steps}: expected a loss for each step", DAMAGED_HINT) from None
