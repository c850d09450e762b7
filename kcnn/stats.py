"""Intervals and tests: how certain a result is, and whether two results differ."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVEL = 0.95  # of confidence: the fraction of intervals that cover the true value
SIGNIFICANCE = 0.05  # the fraction of tests that may find a difference where there is none
POWER = 0.8  # the fraction of tests that shall find a difference that is there
EXACT_TEST_BELOW = 25  # discordant pairs
MAX_SEEDS = 1_000_000
TWO_SEEDS_SUFFICE = 7  # standard deviations: two seeds find this with a power of 0.91


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
        """Return whether a value lies in it, its ends included."""
        return self.low <= value <= self.high

    def overlaps(self, other: Interval) -> bool:
        """Return whether it has a value in common with another."""
        return self.low <= other.high and other.low <= self.high

    def clipped(self) -> Interval:
        """Return the part from 0 to 1; Student's interval of fractions may reach beyond."""
        return Interval(min(max(self.low, 0.0), 1.0), max(min(self.high, 1.0), 0.0))


@dataclass(frozen=True)
class PairedTest:
    """A comparison of two classifiers on the same images.

    Args:
        a_right_b_wrong: Images that only the first got right.
        a_wrong_b_right: Images that only the second got right.
        p_value: Probability of a split at least as uneven if both are equally good.
        method: `exact` or `chi-square`.
    """

    a_right_b_wrong: int
    a_wrong_b_right: int
    p_value: float
    method: str


def standard_deviation(values: Sequence[float]) -> float | None:
    """Return the sample standard deviation (n − 1); None for a single value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def mean_interval(values: Sequence[float]) -> Interval | None:
    """Return Student's t-interval of a mean: mean ± t·s/√n, with n − 1 degrees of freedom.

    Student (1908), "The probable error of a mean", Biometrika 6.

    Args:
        values: A measurement for each seed, independent and about normally distributed.

    Returns:
        The interval, of length 0 if all values are equal; None for a single value, whose spread is
        not known.

    Raises:
        ValueError: There are no values.
    """
    return _around_mean(values, math.sqrt(1 / len(values)) if values else 0)


def fold_interval(values: Sequence[float], test_to_train: float) -> Interval | None:
    """Return the interval of a mean over the folds of a cross-validation.

    Any two of the trainings share most of their images, so the folds are not independent, and
    Student's interval is too narrow. The variance of the mean is corrected from s²/k to
    s²·(1/k + test images/training images): Nadeau and Bengio (2003), "Inference for the
    generalization error", Machine Learning 52. The correction is an approximation.

    Args:
        values: A measurement for each fold.
        test_to_train: The number of images tested divided by that of images trained on.

    Returns:
        mean ± t·s·√(1/k + test_to_train) with k − 1 degrees of freedom; None for a single value.

    Raises:
        ValueError: There are no values.
    """
    return _around_mean(values, math.sqrt(1 / len(values) + test_to_train) if values else 0)


def prediction_interval(
    values: Sequence[float], standard_error: float = 0.0, known_spread: bool = False
) -> Interval | None:
    """Return the range in which a new measurement will lie: mean ± t·s·√(1 + 1/n), widened.

    The interval of a mean shrinks to nothing as seeds are added. This one does not, because a new
    run is as far from the mean as ours are: Hahn and Meeker (1991), "Statistical Intervals",
    section 4.7. Other test images would shift all our values alike, and the new measurement by
    another amount. Both errors are independent of the spread and of each other, so the squares of
    all three are added.

    Args:
        values: A measurement for each seed.
        standard_error: The standard error of a sample of test images. Our values have the same
            sample; the new measurement may have another.
        known_spread: Use the normal distribution instead of Student's, as if the standard
            deviation of the values were exact. The difference of both ranges is due to few values.

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
    """Return Welch's t-interval of the difference of two means, second minus first.

    Welch (1947), "The generalization of 'Student's' problem when several different population
    variances are involved", Biometrika 34.

    Args:
        first: A measurement for each seed.
        second: The same for the other group; the spreads need not be equal.

    Returns:
        The interval; None if a group has a single value, whose spread is not known.

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
        # SciPy warns of a group without spread, but equal results of several seeds are possible.
        warnings.simplefilter("ignore", RuntimeWarning)
        test = stats.ttest_ind(second, first, equal_var=False)
    interval = test.confidence_interval(LEVEL)
    return Interval(float(interval.low), float(interval.high))


def wilson_interval(successes: int, n: int) -> Interval:
    """Return Wilson's score interval of a fraction: the uncertainty due to n test images alone.

    Wilson (1927), "Probable inference, the law of succession, and statistical inference", Journal
    of the American Statistical Association 22. It stays within 0 and 1, even if all were right.

    Args:
        successes: Images that were classified correctly.
        n: All images.

    Raises:
        ValueError: There are no images, or the successes are not between 0 and n.
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"expected 0 to n successes of n > 0, got {successes} of {n}")
    interval = stats.binomtest(successes, n).proportion_ci(LEVEL, method="wilson")
    return Interval(float(interval.low), float(interval.high))


def mean_fraction_interval(parts: Sequence[tuple[int, int]]) -> Interval:
    """Return the interval of the mean of fractions, such as of the recalls of all classes.

    Wilson's intervals of the fractions are combined by the distances of their ends: Zou and Donner
    (2008), "Construction of confidence limits about effect measures: A general approach",
    Statistics in Medicine 27. So a class of which all images were right counts as uncertain too.

    Args:
        parts: For each fraction, the successes and the images. The images of one are independent of
            those of another.

    Raises:
        ValueError: There are no parts, or one is no fraction.
    """
    _require_values(parts)
    fractions = [successes / n for successes, n in parts]
    intervals = [wilson_interval(successes, n) for successes, n in parts]
    below = math.hypot(
        *(p - interval.low for p, interval in zip(fractions, intervals, strict=True))
    )
    above = math.hypot(
        *(interval.high - p for p, interval in zip(fractions, intervals, strict=True))
    )
    mean = sum(fractions) / len(parts)
    return Interval(mean - below / len(parts), mean + above / len(parts))


def fraction_error(fraction: float, n: int) -> float:
    """Return the standard error of a fraction: √(p(1 − p)/n).

    Args:
        fraction: As measured, from 0 to 1.
        n: Number of images.

    Returns:
        How far the fraction on n other images typically lies from it; 0 for a fraction of 0 or 1.
    """
    return math.sqrt(max(0.0, fraction * (1 - fraction)) / n)


def mcnemar(a_right_b_wrong: int, a_wrong_b_right: int) -> PairedTest:
    """Test whether two classifiers are equally good, on the images where only one is right.

    McNemar (1947), "Note on the sampling error of the difference between correlated proportions",
    Psychometrika 12. With fewer than 25 such images the exact binomial test; else chi-square with
    one degree of freedom and Edwards's (1948) continuity correction, (|b − c| − 1)²/(b + c).

    Args:
        a_right_b_wrong: Images that only the first got right.
        a_wrong_b_right: Images that only the second got right.

    Returns:
        Both counts, the p-value (1 without such images) and the test that was used.

    Raises:
        ValueError: A count is negative.
    """
    if min(a_right_b_wrong, a_wrong_b_right) < 0:
        raise ValueError("expected counts of images, got a negative one")
    discordant = a_right_b_wrong + a_wrong_b_right
    if discordant == 0:
        return PairedTest(0, 0, 1.0, "exact")
    if discordant < EXACT_TEST_BELOW:
        p_value = stats.binomtest(a_right_b_wrong, discordant, 0.5).pvalue
        return PairedTest(a_right_b_wrong, a_wrong_b_right, float(p_value), "exact")
    statistic = max(0, abs(a_right_b_wrong - a_wrong_b_right) - 1) ** 2 / discordant
    p_value = stats.chi2.sf(statistic, df=1)
    return PairedTest(a_right_b_wrong, a_wrong_b_right, float(p_value), "chi-square")


def seeds_needed(standard_deviation: float, difference: float) -> int:
    """Return how many seeds each of two recipes needs for a test to find a difference of means.

    For a two-sided t-test of two groups with equal spread, at SIGNIFICANCE and with POWER; the
    power is that of the noncentral t distribution. See Cohen (1988), "Statistical Power Analysis
    for the Behavioral Sciences", chapter 2.

    Args:
        standard_deviation: Of one recipe's results from seed to seed.
        difference: Between the two means, in the same unit, above 0.

    Returns:
        Seeds for each recipe, from 2 to MAX_SEEDS.

    Raises:
        ValueError: The difference is not above 0, or the deviation is negative.
    """
    if not (difference > 0 and standard_deviation >= 0):
        raise ValueError(f"no number of seeds: {difference=}, {standard_deviation=}")
    # Beyond eight deviations, SciPy's noncentral t is often NaN.
    if difference >= TWO_SEEDS_SUFFICE * standard_deviation:
        return 2
    quantiles = float(stats.norm.ppf(1 - SIGNIFICANCE / 2) + stats.norm.ppf(POWER))
    # The normal distribution needs slightly fewer seeds than Student's, so start there.
    root = min(quantiles * standard_deviation / difference, MAX_SEEDS)
    seeds = max(2, math.ceil(min(2 * root**2, MAX_SEEDS)))
    while seeds < MAX_SEEDS and _power(standard_deviation, difference, seeds) < POWER:
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


def _require_values(values: Sequence[object]) -> None:
    if not values:
        raise ValueError("expected at least one value")


def _normal_quantile() -> float:
    return float(stats.norm.ppf((1 + LEVEL) / 2))
