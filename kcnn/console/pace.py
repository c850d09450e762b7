"""How much of several trainings is done, and how long the rest will take."""

from __future__ import annotations

import time

from kcnn.text.numbers import duration


def steps_before(step: int, steps: int) -> int:
    """Return the steps of an epoch that earlier processes took.

    Args:
        step: First step that was reported. Keras may run several steps per execution; their number
            divides the epoch.
        steps: Steps of an epoch.
    """
    return step - 1 if steps % step else 0


class Pace:
    """Fraction done and time left of several trainings.

    Args:
        total: Number of trainings, those that have not begun included.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.ended = 0
        self._lengths: dict[int, tuple[int, int]] = {}  # epochs and steps of each trial
        self._fractions: dict[int, float] = {}  # done of each trial
        self._before: dict[int, float] = {}  # done of each trial by earlier processes
        self._started = time.monotonic()

    def begin(self, trial: int, epochs: int, steps: int) -> None:
        """Record the length of a trial's training.

        Args:
            trial: The trial's number.
            epochs: Its epochs.
            steps: Steps of an epoch.
        """
        self._lengths[trial] = epochs, steps

    def advance(self, trial: int, epoch: int, step: int) -> float:
        """Record how far a trial is. A resumed one begins with what was done before.

        Args:
            trial: The trial's number.
            epoch: Its present epoch, from 1.
            step: The last step of that epoch that is done, from 1.

        Returns:
            Fraction of the trial that is done.
        """
        epochs, steps = self._lengths[trial]
        before = (epoch - 1) * steps
        self._before.setdefault(trial, (before + steps_before(step, steps)) / (epochs * steps))
        self._fractions[trial] = (before + step) / (epochs * steps)
        return self._fractions[trial]

    def finish_epoch(self, trial: int, epoch: int) -> float:
        """Record that a trial finished an epoch; return the fraction that is done."""
        return self.advance(trial, epoch, self._lengths[trial][1])

    def end(self, trial: int) -> None:
        """Record that a trial ended."""
        self.ended += 1
        self._fractions[trial] = 1.0

    @property
    def done(self) -> float:
        """Fraction of all trainings that is done."""
        return sum(self._fractions.values()) / self.total

    @property
    def left(self) -> str:
        """Time that the rest takes at the pace so far; empty while it is unknown."""
        done_here = self.done - sum(self._before.values()) / self.total
        if done_here <= 0 or self.done >= 1:
            return ""
        seconds = (time.monotonic() - self._started) * (1 - self.done) / done_here
        return f"{duration(seconds)} left for all"
