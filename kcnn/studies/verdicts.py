"""Judge whether published numbers were reproduced, from the results of several seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kcnn.recipe.schema import Published
from kcnn.runs.metrics import is_fraction
from kcnn.stats import Interval
from kcnn.studies.quantities import Quantity, ends


@dataclass(frozen=True)
class Verdict:
    """Whether one published number was reproduced.

    Args:
        metric: The metric that it was published as.
        value: The published number.
        source: Where it was published.
        verdict: `reproduced`, `below` or `above` (ours against the published), `too few seeds`, or
            `not measured`.
        quantity: Our measurements of the metric; None if there are none.
        reason: One sentence that explains the verdict.
        closer: Our quantity that the number fits instead; None if it fits none.
    """

    metric: str
    value: float
    source: str
    verdict: str
    quantity: Quantity | None
    reason: str
    closer: Quantity | None = None

    @property
    def value_text(self) -> str:
        """The published number with all its digits."""
        return f"{100 * self.value:.6g} %" if is_fraction(self.metric) else f"{self.value:.6g}"

    @property
    def hint(self) -> str | None:
        """Which quantity of ours the number fits instead; None if it fits none."""
        if self.quantity is None or self.closer is None:
            return None
        return (
            f"{self.value_text} is published as {self.quantity.label}, but it fits our "
            f"{self.closer.label} ({self.closer.format_value(self.closer.mean)})"
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        quantity = self.quantity
        return {
            "metric": self.metric,
            "value": self.value,
            "source": self.source,
            "verdict": self.verdict,
            "reason": self.reason,
            "mean": quantity and quantity.mean,
            "expected": ends(quantity.expected() if quantity else None),
            "fits": self.closer and self.closer.name,
            "hint": self.hint,
        }


def judge(published: Published, quantities: Sequence[Quantity]) -> Verdict:
    """Judge whether a published number was reproduced.

    It is reproduced if it lies inside the 95 % prediction interval of our seeds,
    mean ± t·s·√(1 + 1/n). A published number is one run, so the interval of the mean would be too
    narrow for it. The number may also have been measured on other test images, and the spread of
    seeds on one test set does not include their error; so the interval is widened by the sampling
    errors of two test sets, ours and theirs. If both are the same images, this is cautious: it
    calls a number reproduced rather than accuse its author.

    Outside of the interval, ours is `below` or `above`. Inside, the verdict may depend on
    Student's t alone, which is wide when a few seeds leave the spread uncertain. If the number
    would lie outside with the same spread known exactly, more seeds could change the verdict, and
    it is `too few seeds`. So it is with one seed, which has no spread at all.

    A published number is rounded: 98 % stands for all values from 97.5 to 98.5 %. It lies inside
    the interval if one of them does.

    Args:
        published: The published number.
        quantities: What our runs measured.

    Returns:
        The verdict with our quantity and, if the number lies outside its interval, the quantity
        that it fits instead.
    """
    ours = next((quantity for quantity in quantities if quantity.name == published.metric), None)
    if ours is None:
        reason = "our runs did not measure it; val_ metrics need data.validation"
        return Verdict(
            published.metric, published.value, published.source, "not measured", None, reason
        )
    verdict, reason = _verdict_and_reason(published, ours)
    closer = _closer(published, ours, quantities) if verdict in ("below", "above") else None
    return Verdict(
        published.metric, published.value, published.source, verdict, ours, reason, closer
    )


def _verdict_and_reason(published: Published, ours: Quantity) -> tuple[str, str]:
    expected, narrow = ours.expected(), ours.expected(known_spread=True)
    if expected is None or narrow is None:
        return "too few seeds", (
            f"one seed ({ours.format_value(ours.mean)}) has no spread: neither agreement nor "
            "difference can be concluded; run at least 3"
        )
    interval = f"one more run of ours is expected in {ours.format_range(expected)}"
    rounded = _rounded_from(published)
    if not expected.overlaps(rounded):
        verdict = "below" if ours.mean < published.value else "above"
        return verdict, f"{interval}, and it lies outside: ours is {verdict}"
    if not narrow.overlaps(rounded):
        return "too few seeds", (
            f"{interval}; it lies there only because {len(ours.values)} seeds leave their spread "
            f"uncertain (with the spread known, it would be {ours.format_range(narrow)}): neither "
            "agreement nor difference can be concluded; run more"
        )
    if expected.covers(published.value):
        return "reproduced", f"{interval}, and it lies there"
    return "reproduced", f"{interval}; before rounding, it was in {ours.format_range(rounded)}"


def _rounded_from(published: Published) -> Interval:
    """Return the values that would be rounded to the published number."""
    return Interval(published.value - published.rounding, published.value + published.rounding)


def _closer(
    published: Published, ours: Quantity, quantities: Sequence[Quantity]
) -> Quantity | None:
    """Return the quantity of the same metric that the number fits instead, such as validation."""
    fitting = [
        quantity
        for quantity in quantities
        if quantity is not ours
        and quantity.metric == ours.metric
        and _verdict_and_reason(published, quantity)[0] == "reproduced"
    ]
    return min(fitting, key=lambda quantity: abs(quantity.mean - published.value), default=None)
