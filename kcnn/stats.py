"""Intervals and tests on results: how sure a number is, and whether two of them differ."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVEL = 0.95  # of confidence: the share of intervals that cover the true value
SIGNIFICANCE = 0.05  # the share of tests that may find a difference where there is none
POWER = 0.8  # the share that shall find one that is there
FEW_DISCORDANT_PAIRS = 25
MOST_SEEDS = 1_000_000
SURELY_SEEN = 7  # deviations: seen with a power of 0.91 by two seeds, the fewest there are


@dataclass(frozen=True)
class Interval:
    """A range that covers the true value at LEVEL, the level of confidence."""

    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half of its length."""
        return (self.high - self.low) / 2

    def covers(self, value: float) -> bool:
        """Says whether a value lies in it, its ends included."""
        return self.low <= value <= self.high

    def meets(self, other: Interval) -> bool:
        """Says whether it has a value in common with another."""
        return self.low <= other.high and other.low <= self.high

    def of_shares(self) -> Interval:
        """Gives the part from 0 to 1: Student's interval ignores that a share ends there."""
        return Interval(min(max(self.low, 0.0), 1.0), max(min(self.high, 1.0), 0.0))


@dataclass(frozen=True)
class PairedTest:
    """Two classifiers on the same images, held against each other.

    Args:
        a_right_b_wrong: Images that only the first got right.
        a_wrong_b_right: Images that only the second got right.
        p_value: How likely a split at least as uneven is when both are equally good.
        method: `exact` or `chi-square`.
    """

    a_right_b_wrong: int
    a_wrong_b_right: int
    p_value: float
    method: str


def standard_deviation(values: Sequence[float]) -> float | None:
    """Estimates the standard deviation that values were drawn with (n − 1); None for one value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def mean_interval(values: Sequence[float]) -> Interval | None:
    """Gives Student's t-interval of a mean: mean ± t·s/√n, with n − 1 degrees of freedom.

    Student (1908), "The probable error of a mean", Biometrika 6.

    Args:
        values: One measurement a seed, drawn independently and about normally.

    Returns:
        The interval, of no length when all values are equal; None for a single value, which has
        no spread to tell.

    Raises:
        ValueError: There are no values.
    """
    return _around_mean(values, math.sqrt(1 / len(values)) if values else 0)


def prediction_interval(
    values: Sequence[float], standard_error: float = 0.0, known_spread: bool = False
) -> Interval | None:
    """Gives the range that one new measurement falls in: mean ± t·s·√(1 + 1/n), widened.

    A mean's interval shrinks to nothing as seeds are added; this one does not, for a single new run
    is as far from the mean as ours are. See Hahn and Meeker (1991), "Statistical Intervals",
    section 4.7. Other images move the values, all alike, and the new measurement by itself: two
    errors that are independent of the spread and of each other, so all are added as squares.

    Args:
        values: One measurement a seed.
        standard_error: Of one draw of images; the values share one, and a new measurement may have
            another.
        known_spread: Takes the values' standard deviation for exact: the normal distribution in
            place of Student's. What lies between both ranges is owed to having few values.

    Returns:
        The interval; None for a single value.

    Raises:
        ValueError: There are no values.
    """
    factor = math.sqrt(1 + 1 / len(values)) if values else 0
    own = _around_mean(values, factor, known_spread)
    if own is None:
        return None
    middle = float(np.mean(values))
    of_draws = _normal_quantile() * math.sqrt(2) * standard_error
    half = math.hypot(own.half_width, of_draws)
    return Interval(middle - half, middle + half)


def difference_interval(first: Sequence[float], second: Sequence[float]) -> Interval | None:
    """Gives Welch's t-interval of the difference of two means, second minus first.

    Welch (1947), "The generalization of 'Student's' problem when several different population
    variances are involved", Biometrika 34.

    Args:
        first: One measurement a seed.
        second: The same of the other group; the spreads need not be equal.

    Returns:
        The interval; None when a group has a single value, which has no spread to tell.

    Raises:
        ValueError: A group has no values.
    """
    _require_values(first)
    _require_values(second)
    if min(len(first), len(second)) < 2:
        return None
    difference = float(np.mean(second) - np.mean(first))
    if len({*first}) == len({*second}) == 1:
        return Interval(difference, difference)
    with warnings.catch_warnings():
        # SciPy warns of a group without spread, which other groups of seeds may well have.
        warnings.simplefilter("ignore", RuntimeWarning)
        test = stats.ttest_ind(second, first, equal_var=False)
    interval = test.confidence_interval(LEVEL)
    return Interval(float(interval.low), float(interval.high))


def wilson_interval(successes: int, n: int) -> Interval:
    """Gives Wilson's score interval of a share: how far n test images alone make it uncertain.

    Wilson (1927), "Probable inference, the law of succession, and statistical inference", Journal
    of the American Statistical Association 22. It stays within 0 and 1, also where all were right.

    Args:
        successes: Images classified rightly.
        n: Images in all.

    Raises:
        ValueError: There are no images, or the successes are not between 0 and n.
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"expected 0 to n successes of n > 0, got {successes} of {n}")
    interval = stats.binomtest(successes, n).proportion_ci(LEVEL, method="wilson")
    return Interval(float(interval.low), float(interval.high))


def share_error(share: float, n: int) -> float:
    """Gives the standard error of a share: √(p(1 − p)/n).

    Args:
        share: As measured, from 0 to 1.
        n: On how many images.

    Returns:
        How far the share of other n images lies from it as a rule; 0 for a share of 0 or 1.
    """
    return math.sqrt(max(0.0, share * (1 - share)) / n)


def mcnemar(a_right_b_wrong: int, a_wrong_b_right: int) -> PairedTest:
    """Tests whether two classifiers are equally good, from the images on which they disagree.

    McNemar (1947), "Note on the sampling error of the difference between correlated proportions",
    Psychometrika 12. With fewer than 25 such images the exact binomial test; else chi-square with
    one degree of freedom and Edwards's (1948) continuity correction, (|b − c| − 1)²/(b + c).

    Args:
        a_right_b_wrong: Images that only the first got right.
        a_wrong_b_right: Images that only the second got right.

    Returns:
        Both counts, the p-value and which test gave it; 1 where they disagree on no image.

    Raises:
        ValueError: A count is negative.
    """
    if min(a_right_b_wrong, a_wrong_b_right) < 0:
        raise ValueError("expected counts of images, got a negative one")
    discordant = a_right_b_wrong + a_wrong_b_right
    if discordant == 0:
        return PairedTest(0, 0, 1.0, "exact")
    if discordant < FEW_DISCORDANT_PAIRS:
        p_value = stats.binomtest(a_right_b_wrong, discordant, 0.5).pvalue
        return PairedTest(a_right_b_wrong, a_wrong_b_right, float(p_value), "exact")
    statistic = max(0, abs(a_right_b_wrong - a_wrong_b_right) - 1) ** 2 / discordant
    p_value = stats.chi2.sf(statistic, df=1)
    return PairedTest(a_right_b_wrong, a_wrong_b_right, float(p_value), "chi-square")


def seeds_needed(standard_deviation: float, difference: float) -> int:
    """Says how many seeds each of two recipes needs for a difference of means to be seen.

    For a two-sided t-test of two groups with equal spread, at SIGNIFICANCE and with POWER; the
    power is that of the noncentral t distribution. See Cohen (1988), "Statistical Power Analysis
    for the Behavioral Sciences", chapter 2.

    Args:
        standard_deviation: Of one recipe's results from seed to seed.
        difference: Between the two means, in the same unit, above 0.

    Returns:
        Seeds a recipe, at least 2 and at most MOST_SEEDS.

    Raises:
        ValueError: The difference is not above 0, or the deviation is negative.
    """
    if not (difference > 0 and standard_deviation >= 0):
        raise ValueError(f"no number of seeds: {difference=}, {standard_deviation=}")
    # SciPy need not be asked, and beyond eight deviations its noncentral t is often NaN.
    if difference >= SURELY_SEEN * standard_deviation:
        return 2
    quantiles = float(stats.norm.ppf(1 - SIGNIFICANCE / 2) + stats.norm.ppf(POWER))
    # The normal distribution's answer is never above that of Student's, and close below it.
    root = min(quantiles * standard_deviation / difference, MOST_SEEDS)
    seeds = max(2, math.ceil(min(2 * root**2, MOST_SEEDS)))
    while seeds < MOST_SEEDS and _power(standard_deviation, difference, seeds) < POWER:
        seeds += 1
    return seeds


def _power(standard_deviation: float, difference: float, seeds: int) -> float:
    freedom = 2 * seeds - 2
    limit = stats.t.ppf(1 - SIGNIFICANCE / 2, freedom)
    shift = difference / standard_deviation * math.sqrt(seeds / 2)
    return float(stats.nct.sf(limit, freedom, shift) + stats.nct.cdf(-limit, freedom, shift))


def _around_mean(
    values: Sequence[float], factor: float, known_spread: bool = False
) -> Interval | None:
    _require_values(values)
    deviation = standard_deviation(values)
    if deviation is None:
        return None
    students = float(stats.t.ppf((1 + LEVEL) / 2, len(values) - 1))
    quantile = _normal_quantile() if known_spread else students
    middle, half = float(np.mean(values)), quantile * deviation * factor
    return Interval(middle - half, middle + half)


def _require_values(values: Sequence[float]) -> None:
    if not values:
        raise ValueError("expected at least one value")


def _normal_quantile() -> float:
    return float(stats.norm.ppf((1 + LEVEL) / 2))
