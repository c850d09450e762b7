"""What several runs of the same settings measured, a value a seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import is_fraction
from kcnn.runs.summary import Summary, read_summary
from kcnn.stats import (
    Interval,
    fraction_error,
    mean_interval,
    prediction_interval,
    standard_deviation,
)

_NOT_MEASURED = ("epoch", "learning_rate", "seconds", "images", "weights", "flip", "shift")
_WATCHED = "first_"  # before what only a few chosen images were asked for
# The sections of a summary, and what recipes write before the names in them.
_SECTIONS = {"test": "test_", "test_augmented": "test_augmented_", "train": "", "best": "best_"}
_PARTS = ("best_", "test_", "augmented_", "val_")


@dataclass(frozen=True)
class Quantity:
    """One thing that every run measured.

    Args:
        name: As recipes call it (`test_accuracy`, `val_accuracy`, `accuracy`, …); `best_` before it
            means at the best validation epoch, `test_augmented_` with test-time augmentation.
        values: One a seed.
        images: How many images each value was measured on.
    """

    name: str
    values: tuple[float, ...]
    images: int

    @property
    def mean(self) -> float:
        """The mean over the seeds."""
        return float(np.mean(self.values))

    @property
    def standard_deviation(self) -> float | None:
        """From seed to seed; None for a single seed."""
        return standard_deviation(self.values)

    @property
    def interval(self) -> Interval | None:
        """Student's 95 % interval of the mean; None for a single seed."""
        return mean_interval(self.values)

    @property
    def metric(self) -> str:
        """What is measured, on whichever images and after whichever epoch."""
        name = self.name
        for part in _PARTS:
            name = name.removeprefix(part)
        return name

    @property
    def label(self) -> str:
        """Its name in words: `validation accuracy`."""
        name = self.name.removeprefix("best_")
        images = {"test": "test", "val": "validation"}.get(name.partition("_")[0], "training")
        if name.startswith("test_augmented_"):
            images = "augmented test"
        epoch = " at the best epoch" if name != self.name else ""
        return f"{images} {self.metric.replace('_', ' ')}{epoch}"

    @property
    def standard_error(self) -> float:
        """How far other test images would move a share; 0 for whatever else.

        Every seed draws validation images of its own, so the spread of the seeds tells of those.
        Precision, F1 and AUC are no shares of the images, but other images move them about as far:
        tried on random answers, a precision up to half as far again, an AUC half as far or less.
        """
        is_tested = self.name.removeprefix("best_").startswith("test_")
        return fraction_error(self.mean, self.images) if is_tested and self.is_fraction else 0.0

    @property
    def is_fraction(self) -> bool:
        """Whether it lies between 0 and 1, as accuracies do."""
        return is_fraction(self.metric)

    def expected(self, known_spread: bool = False) -> Interval | None:
        """Gives the range in which one more run is expected, be it on other test images."""
        return prediction_interval(
            self.values, standard_error=self.standard_error, known_spread=known_spread
        )

    def shown(self, value: float) -> str:
        """Writes one of its values: shares in per cent."""
        return f"{100 * value:.2f} %" if self.is_fraction else f"{value:.4g}"

    def shown_range(self, interval: Interval) -> str:
        """Writes a range of its values."""
        if self.is_fraction:
            share = interval.clipped()
            return f"{100 * share.low:.2f}–{100 * share.high:.2f} %"
        return f"{interval.low:.4g}–{interval.high:.4g}"

    def as_json(self) -> dict[str, Any]:
        """Gives it as plain JSON values."""
        return {
            "name": self.name,
            "values": list(self.values),
            "images": self.images,
            "mean": self.mean,
            "standard_deviation": self.standard_deviation,
            "interval": pair(self.interval),
            "expected": pair(self.expected()),
        }


def measure_runs(runs: Sequence[RunFolder]) -> list[Quantity]:
    """Collects what all of some finished runs of the same settings measured, the test set first.

    Raises:
        RunError: A run's summary cannot be read, or holds what is no measurement.
    """
    summaries = [read_summary(run) for run in runs]
    measured = [dict(_measured(summary)) for summary in summaries]
    return [
        Quantity(name, tuple(one[name] for one in measured), _images(name, summaries[0]))
        for name in measured[0]
        if all(name in one for one in measured)
    ]


def pair(interval: Interval | None) -> list[float] | None:
    """Gives the ends of an interval as plain JSON values; None where there is none."""
    return None if interval is None else [interval.low, interval.high]


def _measured(summary: Summary) -> Iterator[tuple[str, float]]:
    """Lists the numbers of one run by the names that recipes have for them."""
    summary.known("test.accuracy", summary.metric("test.accuracy"))
    for section, before in _SECTIONS.items():
        for name in summary.names(section):
            if name.endswith(_NOT_MEASURED) or name.startswith(_WATCHED):
                continue
            value = summary.metric(f"{section}.{name}")
            if value is not None:
                yield f"{before}{name}", value


def _images(name: str, summary: Summary) -> int:
    kind = name.removeprefix("best_").partition("_")[0]
    images = {"test": "images.test", "val": "images.validation"}.get(kind, "images.train")
    return summary.known(images, summary.count(images) or None)
