"""The text of kcnn compare: tables, then in plain words what chance alone would do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kcnn.console.fit import UNBALANCED
from kcnn.console.tables import table
from kcnn.recipe.differences import SEED
from kcnn.recipe.write import yaml_line
from kcnn.stats import SIGNIFICANCE, Interval, PairedTest
from kcnn.text.numbers import duration, per_cent, per_cent_range, points
from kcnn.text.shell import shell_word
from kcnn.text.wrap import wrapped

if TYPE_CHECKING:
    from kcnn.studies.comparison import ComparedRun, Comparison, SeedGroup

WIDTH = 100
INDENT = 16
MAX_SEEDS_SHOWN = 10_000


def comparison_text(comparison: Comparison) -> str:
    """Return what differs, how the runs did, and how much of that may be chance."""
    numbers = {
        run: number for number, group in enumerate(comparison.groups, 1) for run in group.runs
    }
    paths = " ".join(shell_word(run.path) for run in comparison.runs)
    return "\n\n".join(
        [
            _settings(comparison),
            _runs(comparison, numbers),
            "\n".join(_words(comparison)),
            f"plot their curves together: kcnn plot {paths}",
        ]
    )


def _settings(comparison: Comparison) -> str:
    """Return a row per setting that differs and a column per group; seeds are with the runs."""
    runs = [run.run for run in comparison.runs]
    firsts = [runs.index(group.runs[0]) for group in comparison.groups]
    rows = [
        (name, *(setting_text(values[first]) for first in firsts))
        for name, values in comparison.differences.items()
        if name != SEED
    ]
    if not rows:
        only = "only in their seed" if SEED in comparison.differences else "in no setting at all"
        return f"the runs differ {only}"
    return table(("setting", *(f"group {number}" for number in range(1, len(firsts) + 1))), rows)


def setting_text(value: Any) -> str | None:
    """Return a setting's value as a recipe has it; None for one that is not set."""
    return None if value is None else yaml_line(value)


def _runs(comparison: Comparison, numbers: dict[str, int]) -> str:
    rows: list[tuple[object, ...]] = [
        (
            numbers[run.run], run.run, run.seed, per_cent(run.test_accuracy),
            _range(run.test_interval), per_cent(run.best_test_accuracy),
            per_cent(run.val_accuracy), per_cent(run.accuracy), run.parameters,
            None if run.seconds is None else duration(run.seconds),
        )
        for run in comparison.runs
    ]  # fmt: skip
    columns: tuple[str, ...] = (
        "group", "run", "seed", comparison.measure, "95 % interval", "best epoch",
        "val accuracy", "training accuracy", "parameters", "training",
    )  # fmt: skip
    if comparison.several_labels:
        averages = [per_cent(run.mean_average_precision) for run in comparison.runs]
        rows = [(*row, average) for row, average in zip(rows, averages, strict=True)]
        columns = (*columns, "mean average precision")
    if any(_is_unbalanced(run) for run in comparison.runs):
        balanced = [per_cent(run.balanced_accuracy) for run in comparison.runs]
        rows = [(*row[:4], value, *row[4:]) for row, value in zip(rows, balanced, strict=True)]
        columns = (*columns[:4], "balanced accuracy", *columns[4:])
    return table(columns, rows)


def _is_unbalanced(run: ComparedRun) -> bool:
    """Return whether the mean of the classes is another than that of the images."""
    balanced = run.balanced_accuracy
    return balanced is not None and abs(balanced - run.test_accuracy) > UNBALANCED


def _words(comparison: Comparison) -> Iterator[str]:
    if comparison.several_labels:
        yield _line(
            "exact match",
            "an image counts as right if all of its labels are predicted and no other; the other "
            "accuracies are of single labels",
        )
    for number, group in enumerate(comparison.groups, 1):
        if len(group.runs) > 1:
            yield _line(f"seed spread {number}", _seed_spread(group))
    images = comparison.runs[0].test_images
    error = max(group.sampling_error for group in comparison.groups)
    yield _line(
        "test images",
        f"on {images:,} other test images, an accuracy may differ by up to "
        f"±{points(error)} (95 %): this is the interval in the table. All runs saw the same "
        "images, so other images would change them in a similar way",
    )
    if comparison.paired is not None:
        yield _line("image by image", _paired(comparison.paired, comparison))
    if comparison.group_difference is not None:
        yield _line("group 2 − 1", _difference(comparison))
    yield _line("seeds needed", _needed(comparison))


def _line(label: str, text: str) -> str:
    return wrapped(f"{label:<{INDENT}}{text}", WIDTH, later_indent=" " * INDENT)


def _seed_spread(group: SeedGroup) -> str:
    if group.standard_deviation is None or group.interval is None:
        return "one seed (the same one each time): how far another seed would be from it is unknown"
    return (
        f"{len(group.seeds)} seeds: mean {per_cent(group.mean)}, standard deviation "
        f"{points(group.standard_deviation)} from seed to seed; 95 % t-interval of the mean "
        f"{_range(group.interval)}, on these test images"
    )


def _paired(test: PairedTest, comparison: Comparison) -> str:
    first, second = (run.run for run in comparison.runs)
    verdict = (
        "more than chance on these images; another seed may differ"
        if test.p_value < SIGNIFICANCE
        else "chance alone could do that"
    )
    return (
        f"only {first} is right on {test.a_right_b_wrong:,}, only {second} on "
        f"{test.a_wrong_b_right:,}; McNemar ({test.method}) p = {_probability(test.p_value)}: "
        f"{verdict}"
    )


def _difference(comparison: Comparison) -> str:
    interval = comparison.group_difference
    assert interval is not None
    first, second = comparison.groups
    verdict = (
        "seeds alone may explain it" if interval.covers(0) else "more than seeds alone explain"
    )
    return (
        f"{points(second.mean - first.mean, sign=True)}, 95 % interval "
        f"{100 * interval.low:+.2f} to {points(interval.high, sign=True)} (Welch): {verdict}"
    )


def _needed(comparison: Comparison) -> str:
    difference = f"{points(comparison.difference)} (--difference)"
    known = [group for group in comparison.groups if group.seeds_needed is not None]
    if not known:
        return (
            f"for a difference of {difference}: unknown without the spread; compare runs of the "
            "same settings with several seeds (kcnn reproduce trains them)"
        )
    most = max(known, key=lambda group: group.seeds_needed or 0)
    assert most.seeds_needed is not None and most.standard_deviation is not None
    number = (
        f"more than {MAX_SEEDS_SHOWN:,}"
        if most.seeds_needed > MAX_SEEDS_SHOWN
        else f"about {most.seeds_needed:,}"
    )
    return (
        f"{number} of each recipe would show a difference of {difference} four times in five, at "
        f"a standard deviation of {points(most.standard_deviation)}"
    )


def _range(interval: Interval) -> str:
    fraction = interval.clipped()
    return per_cent_range(fraction.low, fraction.high)


def _probability(p_value: float) -> str:
    return "below 0.0001" if p_value < 0.0001 else f"{p_value:.2g}"
