"""Holds published numbers against the numbers of several seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kcnn.recipe.schema import Published
from kcnn.runs import RunFolder
from kcnn.stats import (
    Interval,
    mean_interval,
    prediction_interval,
    share_error,
    standard_deviation,
)
from kcnn.summary import Summary, read_summary

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
        """
        is_tested = self.name.removeprefix("best_").startswith("test_")
        return share_error(self.mean, self.images) if is_tested and self.is_share else 0.0

    @property
    def is_share(self) -> bool:
        """Whether it counts images that were right."""
        return self.metric.endswith("accuracy")

    def expected(self, known_spread: bool = False) -> Interval | None:
        """Gives the range in which one more run is expected, be it on other test images."""
        return prediction_interval(
            self.values, standard_error=self.standard_error, known_spread=known_spread
        )

    def shown(self, value: float) -> str:
        """Writes one of its values: shares in per cent."""
        return f"{100 * value:.2f} %" if self.is_share else f"{value:.4g}"

    def shown_range(self, interval: Interval) -> str:
        """Writes a range of its values."""
        if self.is_share:
            share = interval.of_shares()
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
            "interval": _pair(self.interval),
            "expected": _pair(self.expected()),
        }


@dataclass(frozen=True)
class Verdict:
    """What became of one published number.

    Args:
        metric: What it is said to be.
        value: The number.
        source: Where it stands.
        verdict: `reproduced`, `below` or `above` (ours against the published), `too few seeds`, or
            `not measured`.
        quantity: Ours; None when not measured.
        reason: One sentence that says why.
        neighbour: The quantity of ours that it fits instead, if there is one.
    """

    metric: str
    value: float
    source: str
    verdict: str
    quantity: Quantity | None
    reason: str
    neighbour: Quantity | None = None

    @property
    def shown_value(self) -> str:
        """The published number with all its digits."""
        share = self.metric.endswith("accuracy")
        return f"{100 * self.value:.6g} %" if share else f"{self.value:.6g}"

    @property
    def hint(self) -> str | None:
        """Says which quantity of ours the number fits instead."""
        if self.quantity is None or self.neighbour is None:
            return None
        return (
            f"{self.shown_value} is published as {self.quantity.label}, but lies where our "
            f"{self.neighbour.label} does ({self.neighbour.shown(self.neighbour.mean)})"
        )

    def as_json(self) -> dict[str, Any]:
        """Gives it as plain JSON values."""
        quantity = self.quantity
        return {
            "metric": self.metric,
            "value": self.value,
            "source": self.source,
            "verdict": self.verdict,
            "reason": self.reason,
            "mean": quantity and quantity.mean,
            "expected": _pair(quantity.expected() if quantity else None),
            "fits": self.neighbour and self.neighbour.name,
            "hint": self.hint,
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


def judge(published: Published, quantities: Sequence[Quantity]) -> Verdict:
    """Says whether a published number was reproduced.

    It was when it lies where one more run of ours would be expected: in the 95 % prediction
    interval of the seeds, mean ± t·s·√(1 + 1/n), widened by the sampling errors of two draws of
    test images, ours and theirs. A published number is one run, so the interval of the mean would
    be too narrow for it; and it may have been measured on other test images, to which the spread of
    our seeds on one test set is blind. On the very same images the widening is cautious: it calls a
    number reproduced rather than accuse its author.

    Outside of that range ours is `below` or `above`. Inside of it, a number may owe its place to
    Student's t alone, which is wide when few seeds leave the spread uncertain: if it would fall
    outside with the same spread known for sure, more seeds may decide either way, and the verdict
    is `too few seeds`. So it is for one seed, which has no spread at all.

    A figure is published in so many digits: 98 % stands for whatever from 97.5 to 98.5 %, and it
    lies in a range when one of these does.

    Args:
        published: The number.
        quantities: What our runs measured.
    """
    ours = next((one for one in quantities if one.name == published.metric), None)
    if ours is None:
        reason = "our runs did not measure it; val_ metrics need data.validation"
        return Verdict(
            published.metric, published.value, published.source, "not measured", None, reason
        )
    verdict = _verdict(published, ours)
    neighbour = _neighbour(published, ours, quantities) if verdict in ("below", "above") else None
    reason = _reason(verdict, ours, published)
    return Verdict(
        published.metric, published.value, published.source, verdict, ours, reason, neighbour
    )


def _verdict(published: Published, ours: Quantity) -> str:
    expected, narrow = ours.expected(), ours.expected(known_spread=True)
    if expected is None or narrow is None:
        return "too few seeds"
    meant = _meant(published)
    if not expected.meets(meant):
        return "below" if ours.mean < published.value else "above"
    return "reproduced" if narrow.meets(meant) else "too few seeds"


def _meant(published: Published) -> Interval:
    """Gives what may have been measured where a rounded figure is published."""
    return Interval(published.value - published.rounding, published.value + published.rounding)


def _reason(verdict: str, ours: Quantity, published: Published) -> str:
    expected, narrow = ours.expected(), ours.expected(known_spread=True)
    if expected is None or narrow is None:
        return (
            f"one seed ({ours.shown(ours.mean)}) has no spread: neither agreement nor difference "
            "can be concluded; run at least 3"
        )
    where = f"one more run of ours is expected in {ours.shown_range(expected)}"
    if verdict == "reproduced" and expected.covers(published.value):
        return f"{where}, and it lies there"
    if verdict == "reproduced":
        return f"{where}; rounded as it is, it may be {ours.shown_range(_meant(published))}"
    if verdict == "too few seeds":
        return (
            f"{where}; it lies there only because {len(ours.values)} seeds leave their spread "
            f"uncertain (known for sure, it would be {ours.shown_range(narrow)}): neither "
            "agreement nor difference can be concluded; run more"
        )
    return f"{where}, and it lies outside: ours is {verdict}"


def _neighbour(
    published: Published, ours: Quantity, quantities: Sequence[Quantity]
) -> Quantity | None:
    fitting = [
        one
        for one in quantities
        if one is not ours
        and one.metric == ours.metric
        and _verdict(published, one) == "reproduced"
    ]
    return min(fitting, key=lambda one: abs(one.mean - published.value), default=None)


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


def _pair(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]
