from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kcnn.console.compare import comparison_text, setting_text
from kcnn.stats import Interval, PairedTest
from kcnn.studies.comparison import ComparedRun, Comparison, SeedGroup


def compared(number: int, seed: int, right: int, **more: object) -> ComparedRun:
    known = ComparedRun(
        run=f"net/run-00{number}", path=Path(f"run-00{number}"), settings={}, seed=seed,
        test_images=1_000, test_right=right, test_interval=Interval(0.5, 0.6),
        best_test_accuracy=None, val_accuracy=0.5, accuracy=0.75, parameters=1_234, seconds=61.0,
    )  # fmt: skip
    return replace(known, **more)


def group(number: int, **more: object) -> SeedGroup:
    known = SeedGroup((f"net/run-00{number}",), (0,), 0.55, None, None, 0.031, None)
    return replace(known, **more)


class TestComparison:
    def test_two_runs(self) -> None:
        text = comparison_text(
            Comparison(
                runs=(compared(1, 0, 550), compared(2, 0, 580, seconds=None)),
                differences={"train.batch_size": [32, 64], "data.augment": [[], None]},
                groups=(group(1), group(2)),
                paired=PairedTest(20, 50, 0.00004, "chi-square"),
                group_difference=None,
                difference=0.003,
            )
        )
        settings, runs, words, curves = text.split("\n\n")
        assert settings == (
            "setting           group 1  group 2\n"
            "────────────────  ───────  ───────\n"
            "train.batch_size  32       64\n"
            "data.augment      []       –"
        )
        assert " ".join(runs.splitlines()[2].split()) == (
            "1 net/run-001 0 55.00 % 50.00–60.00 % – 50.00 % 75.00 % 1,234 1 min 01 s"
        )
        assert runs.splitlines()[3].endswith("1,234  –")
        assert " ".join(words.split()) == (
            "test images on 1,000 other test images, an accuracy may differ by up to ±3.10 points "
            "(95 %): this is the interval in the table. All runs saw the same images, so other "
            "images would change them in a similar way "
            "image by image only net/run-001 is right on 20, only net/run-002 on 50; McNemar "
            "(chi-square) p = below 0.0001: more than chance on these images; another seed may "
            "differ "
            "seeds needed for a difference of 0.30 points (--difference): unknown without "
            "the spread; compare "
            "runs of the same settings with several seeds (kcnn reproduce trains them)"
        )
        assert curves == "plot their curves together: kcnn plot run-001 run-002"
        assert all(len(line) <= 100 for line in words.splitlines())

    @pytest.mark.parametrize(("balanced", "shown"), [(0.552, False), (0.41, True), (None, False)])
    def test_balanced_accuracy_where_it_is_another(
        self, balanced: float | None, shown: bool
    ) -> None:
        runs = (compared(1, 0, 550, balanced_accuracy=balanced), compared(2, 1, 580))
        comparison = Comparison(runs, {}, (group(1), group(2)), None, None, 0.003)
        table = comparison_text(comparison).split("\n\n")[1].splitlines()
        assert ("test accuracy  balanced accuracy  95 % interval" in table[0]) == shown
        if shown:
            assert " ".join(table[2].split()).startswith("1 net/run-001 0 55.00 % 41.00 % 50.00–")
            assert " ".join(table[3].split()).startswith("2 net/run-002 1 58.00 % – 50.00–")
        assert comparison.as_json()["runs"][0]["balanced_accuracy"] == balanced

    @pytest.mark.parametrize(
        ("differences", "words"),
        [({"train.seed": [0, 1]}, "only in their seed"), ({}, "in no setting at all")],
    )
    def test_a_single_group(self, differences: dict, words: str) -> None:
        several = group(
            1, runs=("net/run-001", "net/run-002"), seeds=(0, 1), standard_deviation=0.012,
            interval=Interval(0.5, 0.6), seeds_needed=20_000,
        )  # fmt: skip
        comparison = Comparison(
            (compared(1, 0, 550), compared(2, 1, 580)), differences, (several,),
            PairedTest(9, 10, 0.25, "exact"), None, 0.003,
        )  # fmt: skip
        text = " ".join(comparison_text(comparison).split())
        assert text.startswith(f"the runs differ {words} group run seed ")
        assert (
            "seed spread 1 2 seeds: mean 55.00 %, standard deviation 1.20 points from seed to "
            "seed; 95 % t-interval of the mean 50.00–60.00 %, on these test images"
        ) in text
        assert "McNemar (exact) p = 0.25: chance alone could do that" in text
        assert (
            "seeds needed more than 10,000 of each recipe would show a difference of 0.30 points "
            "(--difference) "
            "four times in five, at a standard deviation of 1.20 points"
        ) in text
        repeated = replace(several, standard_deviation=None, interval=None, seeds_needed=None)
        again = comparison_text(replace(comparison, groups=(repeated,)))
        assert "one seed (the same one each time): how far another seed" in " ".join(again.split())

    @pytest.mark.parametrize(
        ("interval", "verdict"),
        [
            (Interval(-0.01, 0.03), "-1.00 to +3.00 points (Welch): seeds alone may explain it"),
            (Interval(0.01, 0.03), "+1.00 to +3.00 points (Welch): more than seeds alone explain"),
        ],
    )
    def test_two_groups(self, interval: Interval, verdict: str) -> None:
        comparison = Comparison(
            (compared(1, 0, 550), compared(2, 1, 580)), {}, (group(1), group(2, mean=0.57)),
            None, interval, 0.003,
        )  # fmt: skip
        text = " ".join(comparison_text(comparison).split())
        assert f"group 2 − 1 +2.00 points, 95 % interval {verdict} seeds needed" in text

    def test_takes_the_less_certain_of_two_groups(self) -> None:
        first = group(1, sampling_error=0.02, standard_deviation=0.012, seeds_needed=252)
        second = group(2, sampling_error=0.01, standard_deviation=0.006, seeds_needed=64)
        runs = (compared(1, 0, 550), compared(2, 1, 580))
        for groups in ((first, second), (second, first)):
            comparison = Comparison(runs, {}, groups, None, None, 0.003)
            text = " ".join(comparison_text(comparison).split())
            assert "may differ by up to ±2.00 points (95 %)" in text
            assert "seeds needed about 252 of each recipe would show" in text
            assert text.count("at a standard deviation of 1.20 points") == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, None), (0.5, "0.5"), ([1, {"a": None}], "[1, {a: null}]"), (True, "true")],
)
def test_writes_a_setting_as_in_a_recipe(value: object, text: str | None) -> None:
    assert setting_text(value) == text
