"""What several runs of the same settings measured: one value a seed."""

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
from kcnn.text.numbers import per_cent, per_cent_range

_NOT_MEASURED = ("epoch", "learning_rate", "seconds", "phase", "images", "weights", "flip", "shift")
_WATCHED = "first_"  # prefix of metrics on a few chosen images
# The sections of summary.json, and the prefix that recipes use for the metrics in each.
_SECTIONS = {"test": "test_", "test_augmented": "test_augmented_", "train": "", "best": "best_"}
_PARTS = ("best_", "test_", "augmented_", "val_")


@dataclass(frozen=True)
class Quantity:
    """One metric that every run measured.

    Args:
        name: Its name in recipes (`test_accuracy`, `val_accuracy`, `accuracy`, …). The prefix
            `best_` means at the best validation epoch, `test_augmented_` means with test-time
            augmentation.
        values: One value a seed.
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
        """Its name without the images and the epoch: `accuracy` of `best_val_accuracy`."""
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
        """The standard error from the choice of the test images; 0 if it is not a test fraction.

        Every seed draws its own validation images, so the spread of the seeds includes their error.
        Precision, F1 and AUC are not fractions of the images, but their error is about as large: on
        random predictions, up to 1.5 times as large for precision, half as large or less for AUC.
        """
        is_tested = self.name.removeprefix("best_").startswith("test_")
        return fraction_error(self.mean, self.images) if is_tested and self.is_fraction else 0.0

    @property
    def is_fraction(self) -> bool:
        """Whether it lies between 0 and 1, as accuracies do."""
        return is_fraction(self.metric)

    def expected(self, known_spread: bool = False) -> Interval | None:
        """Return the 95 % prediction interval of one more run, possibly on other test images.

        Args:
            known_spread: Treat the standard deviation of the seeds as exact; see
                `kcnn.stats.prediction_interval`.
        """
        return prediction_interval(
            self.values, standard_error=self.standard_error, known_spread=known_spread
        )

    def format_value(self, value: float) -> str:
        """Format one of its values: fractions in per cent."""
        return per_cent(value) if self.is_fraction else f"{value:.4g}"

    def format_range(self, interval: Interval) -> str:
        """Format a range of its values: fractions in per cent."""
        if self.is_fraction:
            within = interval.clipped()
            return per_cent_range(within.low, within.high)
        return f"{interval.low:.4g}–{interval.high:.4g}"

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "name": self.name,
            "values": list(self.values),
            "images": self.images,
            "mean": self.mean,
            "standard_deviation": self.standard_deviation,
            "interval": ends(self.interval),
            "expected": ends(self.expected()),
        }


def measure_runs(runs: Sequence[RunFolder]) -> list[Quantity]:
    """Return the metrics that all of some finished runs measured; those of the test set first.

    Args:
        runs: Runs that differ only by their seed.

    Raises:
        RunError: The summary of a run cannot be read, or has a value that is no measurement.
    """
    summaries = [read_summary(run) for run in runs]
    measured = [dict(_measured(summary)) for summary in summaries]
    return [
        Quantity(name, tuple(metrics[name] for metrics in measured), _images(name, summaries[0]))
        for name in measured[0]
        if all(name in metrics for metrics in measured)
    ]


def ends(interval: Interval | None) -> list[float] | None:
    """Return the ends of an interval as plain JSON values; None if there is no interval."""
    return None if interval is None else [interval.low, interval.high]


def _measured(summary: Summary) -> Iterator[tuple[str, float]]:
    """Yield the metrics of one run with the names that recipes use for them."""
    summary.known("test.accuracy", summary.metric("test.accuracy"))
    for section, prefix in _SECTIONS.items():
        for name in summary.names(section):
            if name.endswith(_NOT_MEASURED) or name.startswith(_WATCHED):
                continue
            value = summary.metric(f"{section}.{name}")
            if value is not None:
                yield f"{prefix}{name}", value


def _images(name: str, summary: Summary) -> int:
    kind = name.removeprefix("best_").partition("_")[0]
    images = {"test": "images.test", "val": "images.validation"}.get(kind, "images.train")
    return summary.known(images, summary.count(images) or None)
