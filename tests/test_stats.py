"""Compare with values from textbooks and other programs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from kcnn import stats
from kcnn.stats import (
    MAX_SEEDS,
    POWER,
    TWO_SEEDS_SUFFICE,
    Interval,
    difference_interval,
    fold_interval,
    fraction_error,
    mcnemar,
    mean_fraction_interval,
    mean_interval,
    prediction_interval,
    seeds_needed,
    standard_deviation,
    wilson_interval,
)

# Hours of sleep gained, from Student (1908): the dataset `sleep` of R.
DEXTRO = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
LAEVO = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
# Hahn and Meeker (1991), section 3.1: five measured voltages.
VOLTAGES = [51.4, 49.5, 48.7, 49.3, 51.6]


def ends(interval: Interval | None) -> tuple[float, float]:
    assert interval is not None
    return interval.low, interval.high


class TestMeanInterval:
    def test_equals_the_interval_of_r(self) -> None:
        assert ends(mean_interval(DEXTRO)) == pytest.approx((-0.5297804, 2.0297804), abs=1e-6)
        assert standard_deviation(DEXTRO) == pytest.approx(1.789010, abs=1e-6)

    def test_a_single_value_has_no_interval(self) -> None:
        assert mean_interval([0.9]) is None
        assert standard_deviation([0.9]) is None

    def test_equal_values_have_an_interval_of_length_zero(self) -> None:
        assert ends(mean_interval([0.5, 0.5, 0.5])) == (0.5, 0.5)

    def test_refuses_no_values(self) -> None:
        with pytest.raises(ValueError, match="at least one value"):
            mean_interval([])


class TestPredictionInterval:
    def test_equals_the_interval_of_hahn_and_meeker(self) -> None:
        assert ends(prediction_interval(VOLTAGES)) == pytest.approx((46.1, 54.1), abs=0.05)

    def test_covers_95_percent_of_new_measurements(self) -> None:
        draws = np.random.default_rng(0).normal(size=(4000, 4))
        intervals = [prediction_interval(list(row[:3])) for row in draws]
        covered = [
            interval.covers(row[3])
            for interval, row in zip(intervals, draws, strict=True)
            if interval
        ]
        assert np.mean(covered) == pytest.approx(0.95, abs=0.01)

    def test_covers_measurements_on_other_images(self) -> None:
        seeds, images = np.random.default_rng(0).normal(size=(2, 4000, 4))
        ours = seeds[:, :3] + 5 * images[:, :1]  # on the same images
        theirs = seeds[:, 3] + 5 * images[:, 1]
        intervals = [prediction_interval(list(row), standard_error=5) for row in ours]
        covered = [
            interval.covers(value)
            for interval, value in zip(intervals, theirs, strict=True)
            if interval
        ]
        assert np.mean(covered) == pytest.approx(0.96, abs=0.01)

    def test_standard_errors_of_two_draws_add_as_squares(self) -> None:
        own = prediction_interval(VOLTAGES)
        wide = prediction_interval(VOLTAGES, standard_error=2.0)
        assert own is not None and wide is not None
        draws = 1.959964 * math.sqrt(2.0**2 + 2.0**2)
        assert wide.half_width == pytest.approx(math.hypot(own.half_width, draws), abs=1e-5)

    def test_uses_the_normal_distribution_for_a_known_spread(self) -> None:
        interval = prediction_interval([0.0, 2.0], known_spread=True)
        assert interval is not None
        assert interval.half_width == pytest.approx(1.959964 * math.sqrt(2) * math.sqrt(1.5))

    def test_a_single_value_has_no_interval(self) -> None:
        assert prediction_interval([0.9], standard_error=0.1) is None


class TestDifferenceInterval:
    def test_equals_welch_s_interval_of_r(self) -> None:
        expected = (-0.2054832, 3.3654832)
        assert ends(difference_interval(DEXTRO, LAEVO)) == pytest.approx(expected, abs=1e-6)

    def test_a_single_value_has_no_interval(self) -> None:
        assert difference_interval([1.0], LAEVO) is None

    @pytest.mark.parametrize(("first", "second"), [([], LAEVO), (LAEVO, []), ([], []), ([], [1.0])])
    def test_refuses_no_values(self, first: list[float], second: list[float]) -> None:
        with pytest.raises(ValueError, match="at least one value"):
            difference_interval(first, second)

    def test_two_groups_without_spread(self) -> None:
        assert ends(difference_interval([0.5, 0.5], [0.75, 0.75])) == (0.25, 0.25)

    @pytest.mark.filterwarnings("error")
    def test_a_group_without_spread(self) -> None:
        interval = difference_interval([357 / 360] * 2, [355 / 360, 358 / 360])
        assert interval is not None
        assert interval.covers(-1 / 720)


class TestWilsonInterval:
    # Newcombe (1998), Statistics in Medicine 17, table I, method 3.
    @pytest.mark.parametrize(
        ("successes", "n", "low", "high"),
        [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0000, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ],
    )
    def test_equals_the_interval_of_newcombe(
        self, successes: int, n: int, low: float, high: float
    ) -> None:
        assert ends(wilson_interval(successes, n)) == pytest.approx((low, high), abs=5e-5)

    def test_perfect_predictions_still_have_an_interval(self) -> None:
        interval = wilson_interval(360, 360)
        assert interval.high == pytest.approx(1)
        assert 0.98 < interval.low < 0.99

    @pytest.mark.parametrize(("successes", "n"), [(0, 0), (3, 2), (-1, 2)])
    def test_refuses_impossible_counts(self, successes: int, n: int) -> None:
        with pytest.raises(ValueError, match="successes"):
            wilson_interval(successes, n)


class TestMeanFractionInterval:
    def test_of_one_fraction_is_its_own(self) -> None:
        assert ends(mean_fraction_interval([(30, 40)])) == pytest.approx(
            ends(wilson_interval(30, 40))
        )

    def test_of_two_by_hand(self) -> None:
        # Wilson: 7 of 10 is 0.3968 to 0.8922, 27 of 30 is 0.7438 to 0.9654; both distances to the
        # lower ends make √(0.3032² + 0.1562²)/2 = 0.1705.
        interval = mean_fraction_interval([(7, 10), (27, 30)])
        assert ends(interval) == pytest.approx((0.8 - 0.1705, 0.8 + 0.1015), abs=1e-4)

    def test_perfect_classes_are_uncertain_too(self) -> None:
        interval = mean_fraction_interval([(10, 10), (10, 10)])
        assert interval.high == pytest.approx(1)
        assert interval.low < 0.85

    def test_covers_the_mean_as_often_as_it_says(self) -> None:
        rng = np.random.default_rng(0)
        rates, sizes = np.array([0.95, 0.7, 0.5, 0.9]), np.array([20, 40, 15, 100])
        covered = 0
        for _ in range(500):
            found = rng.binomial(sizes, rates).tolist()
            parts = list(zip(found, sizes.tolist(), strict=True))
            covered += mean_fraction_interval(parts).covers(float(rates.mean()))
        assert 0.92 < covered / 500 < 0.98

    def test_refuses_nothing(self) -> None:
        with pytest.raises(ValueError, match="at least one"):
            mean_fraction_interval([])


def test_fraction_error() -> None:
    assert fraction_error(0.5, 10_000) == 0.005
    assert fraction_error(1.0, 10) == 0


class TestMcnemar:
    def test_equals_the_chi_square_of_agresti(self) -> None:
        # Agresti, "Categorical Data Analysis", approval of a prime minister asked twice: 150 people
        # changed one way and 86 the other. Corrected, (150 - 86 - 1)²/236 = 16.818.
        test = mcnemar(150, 86)
        assert test.method == "chi-square"
        assert test.p_value == pytest.approx(scipy_stats.chi2.sf(16.818, 1), rel=1e-3)

    def test_uses_the_exact_test_if_few_differ(self) -> None:
        test = mcnemar(3, 12)
        assert (test.method, test.p_value) == ("exact", pytest.approx(0.03515625))
        assert mcnemar(12, 12).method == "exact"
        assert mcnemar(12, 13).method == "chi-square"

    def test_p_value_is_1_without_a_difference(self) -> None:
        assert mcnemar(0, 0).p_value == 1
        assert mcnemar(20, 20).p_value == 1

    def test_is_symmetric(self) -> None:
        assert mcnemar(10, 40).p_value == mcnemar(40, 10).p_value

    def test_refuses_a_negative_count(self) -> None:
        with pytest.raises(ValueError, match="negative"):
            mcnemar(-1, 3)


class TestSeedsNeeded:
    # Cohen (1988), table 2.4.1, two-sided 0.05 and power 0.80; G*Power prints the same.
    @pytest.mark.parametrize(("effect", "seeds"), [(0.5, 64), (0.8, 26), (1.0, 17), (0.2, 394)])
    def test_equals_the_table_of_cohen(self, effect: float, seeds: int) -> None:
        assert seeds_needed(1.0, effect) == seeds
        assert seeds_needed(0.004, 0.004 * effect) == seeds

    def test_needs_at_least_two_seeds(self) -> None:
        assert seeds_needed(0.0, 0.1) == 2
        assert seeds_needed(1.0, 1000.0) == 2

    def test_computes_a_power_where_scipy_returns_nan(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        powers = []

        def power(*question: float) -> float:
            powers.append(power_of(*question))
            return powers[-1]

        power_of = stats._power
        monkeypatch.setattr(stats, "_power", power)
        # SciPy returns NaN for some of these ratios, such as 0.02 and 0.1.
        deviations = (0.02, 0.1, *np.geomspace(0.005, 0.5, 500))
        seeds = [seeds_needed(deviation, 1.0) for deviation in sorted(deviations)]
        assert np.isfinite(powers).all()
        assert (seeds[0], seeds[-1]) == (2, 6)
        assert seeds == sorted(seeds)

    def test_two_seeds_suffice_for_a_large_difference(self) -> None:
        assert stats._power(1.0, TWO_SEEDS_SUFFICE, 2) > POWER
        for difference in (TWO_SEEDS_SUFFICE, TWO_SEEDS_SUFFICE - 1e-9):
            assert seeds_needed(1.0, difference) == 2
        assert seeds_needed(1.0, 5.5) == 3

    def test_the_number_of_seeds_is_limited(self) -> None:
        assert seeds_needed(1.0, 1e-300) == MAX_SEEDS

    @pytest.mark.parametrize(("deviation", "difference"), [(1.0, 0.0), (-1.0, 1.0), (1.0, -1.0)])
    def test_refuses_impossible_arguments(self, deviation: float, difference: float) -> None:
        with pytest.raises(ValueError, match="no number of seeds"):
            seeds_needed(deviation, difference)


def test_interval_over_folds_by_hand() -> None:
    # Student's 97.5 % quantile with 4 degrees of freedom is 2.776445.
    values = [0.7, 0.75, 0.8, 0.85, 0.9]
    deviation = math.sqrt(sum((value - 0.8) ** 2 for value in values) / 4)
    interval = fold_interval(values, 0.25)
    assert interval is not None
    assert interval.half_width == pytest.approx(2.776445 * deviation * math.sqrt(0.2 + 0.25))
    independent = mean_interval(values)
    assert independent is not None
    # The folds share their training images: the interval is 1.5 times as wide.
    assert interval.half_width / independent.half_width == pytest.approx(1.5)
    assert fold_interval([0.8], 0.25) is None


def test_no_interval_over_no_folds() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        fold_interval([], 0.25)
