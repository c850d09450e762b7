"""Holds published numbers against the numbers of several seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kcnn.recipe.schema import Published
from kcnn.runs.metrics import is_fraction
from kcnn.stats import Interval
from kcnn.studies.quantities import Quantity, pair


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
        return f"{100 * self.value:.6g} %" if is_fraction(self.metric) else f"{self.value:.6g}"

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
            "expected": pair(quantity.expected() if quantity else None),
            "fits": self.neighbour and self.neighbour.name,
            "hint": self.hint,
        }


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

    Returns:
        The verdict, with the quantity of ours that it is on and, where the number lies outside of
        its range, the one it fits instead.
    """
    ours = next((one for one in quantities if one.name == published.metric), None)
    if ours is None:
        reason = "our runs did not measure it; val_ metrics need data.validation"
        return Verdict(
            published.metric, published.value, published.source, "not measured", None, reason
        )
    verdict, reason = _verdict_and_reason(published, ours)
    neighbour = _neighbour(published, ours, quantities) if verdict in ("below", "above") else None
    return Verdict(
        published.metric, published.value, published.source, verdict, ours, reason, neighbour
    )


def _verdict_and_reason(published: Published, ours: Quantity) -> tuple[str, str]:
    expected, narrow = ours.expected(), ours.expected(known_spread=True)
    if expected is None or narrow is None:
        return "too few seeds", (
            f"one seed ({ours.shown(ours.mean)}) has no spread: neither agreement nor difference "
            "can be concluded; run at least 3"
        )
    where = f"one more run of ours is expected in {ours.shown_range(expected)}"
    meant = _meant(published)
    if not expected.overlaps(meant):
        verdict = "below" if ours.mean < published.value else "above"
        return verdict, f"{where}, and it lies outside: ours is {verdict}"
    if not narrow.overlaps(meant):
        return "too few seeds", (
            f"{where}; it lies there only because {len(ours.values)} seeds leave their spread "
            f"uncertain (known for sure, it would be {ours.shown_range(narrow)}): neither "
            "agreement nor difference can be concluded; run more"
        )
    if expected.covers(published.value):
        return "reproduced", f"{where}, and it lies there"
    return "reproduced", f"{where}; rounded as it is, it may be {ours.shown_range(meant)}"


def _meant(published: Published) -> Interval:
    """Gives what may have been measured where a rounded figure is published."""
    return Interval(published.value - published.rounding, published.value + published.rounding)


def _neighbour(
    published: Published, ours: Quantity, quantities: Sequence[Quantity]
) -> Quantity | None:
    fitting = [
        one
        for one in quantities
        if one is not ours
        and one.metric == ours.metric
        and _verdict_and_reason(published, one)[0] == "reproduced"
    ]
    return min(fitting, key=lambda one: abs(one.mean - published.value), default=None)
