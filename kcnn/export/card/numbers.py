"""The numbers of a model card: on the test images, for each class, and of the exported file."""

from __future__ import annotations

from kcnn.export.card.facts import Facts
from kcnn.runs.label_scores import LabelScore
from kcnn.runs.metrics import LABEL_SCORES, TEST_SCORES, is_fraction
from kcnn.runs.scores import ClassScore
from kcnn.stats import Interval, mean_fraction_interval, wilson_interval
from kcnn.text.markdown import plain, table
from kcnn.text.numbers import bytes_text, per_cent, per_cent_range, six_digits

# Test scores that are a fraction of the images, so that the number of images gives an interval.
_OF_IMAGES = ("accuracy", "exact_match", "top_3_accuracy", "top_5_accuracy")
_WORDS = {"accuracy": "accuracy", **TEST_SCORES, **LABEL_SCORES}
_RIGHT = "---:"
_INTERVAL = "95 % interval"


def score_table(facts: Facts) -> str:
    """Return a row for each score of all classes together; "" if the run was not scored."""
    scores = facts.test_scores
    first = [name for name in _WORDS if name in scores]
    rows = [
        (
            _WORDS.get(name, plain(name.replace("_", " "))),
            per_cent(scores[name]) if is_fraction(name) else six_digits(scores[name]),
            _range(_interval(facts, name, scores[name])),
        )
        for name in [*first, *(name for name in scores if name not in first)]
    ]
    if not rows:
        return ""
    return table(("score", "value", _INTERVAL), rows, ("---", _RIGHT, _RIGHT))


def accuracy_interval(facts: Facts) -> Interval | None:
    """Return the interval of the test accuracy; None if it is not known."""
    accuracy = facts.test_scores.get("accuracy")
    return None if accuracy is None else _interval(facts, "accuracy", accuracy)


def _interval(facts: Facts, name: str, value: float) -> Interval | None:
    if name == "balanced_accuracy" and facts.per_class:
        return mean_fraction_interval([_found(score) for score in facts.per_class if score.support])
    if name not in _OF_IMAGES or not facts.test_images:
        return None
    # Of several labels too, accuracy counts as one decision an image: they depend on each other.
    return wilson_interval(round(value * facts.test_images), facts.test_images)


def class_table(facts: Facts) -> str:
    """Return a row for each class: its images, and how well it was recognized."""
    columns = ["class", "test images", "recall", _INTERVAL, "precision", "F1"]
    labels = [score for score in facts.per_class if isinstance(score, LabelScore)]
    if labels:
        columns += ["average precision", "threshold"]
    rows = []
    for score in facts.per_class:
        row: list[object] = [plain(score.name), score.support, per_cent(score.recall)]
        row += [_range(recall_interval(score)), per_cent(score.precision), per_cent(score.f1)]
        if isinstance(score, LabelScore):
            threshold = None if score.threshold is None else six_digits(score.threshold)
            row += [per_cent(score.average_precision), threshold]
        rows.append(row)
    return table(columns, rows, ("---", *[_RIGHT] * (len(columns) - 1)))


def recall_interval(score: ClassScore) -> Interval | None:
    """Return the interval of a class's recall; None if the test images do not show it."""
    return wilson_interval(*_found(score)) if score.support else None


def _found(score: ClassScore) -> tuple[int, int]:
    return round((score.recall or 0) * score.support), score.support


def file_table(facts: Facts) -> str:
    """Return what was measured of the exported file itself, in its own runtime."""
    measured = facts.measured
    interval = None
    if measured["accuracy_low"] is not None:
        interval = Interval(measured["accuracy_low"], measured["accuracy_high"])
    accuracy = per_cent(measured["accuracy"])
    rows = [
        ("format", plain(str(measured["format"]))),
        ("runtime", plain(str(measured["runtime"]))),
        ("size", bytes_text(measured["size"])),
        ("test images", measured["images"]),
        ("accuracy", accuracy if interval is None else f"{accuracy} ({_range(interval)})"),
        ("images with another class than the model's", measured["other_classes"]),
        ("largest difference of a probability", f"{measured['largest_difference']:.2g}"),
        ("mean difference of a probability", f"{measured['mean_difference']:.2g}"),
        ("an image, one at a time", _milliseconds(measured["ms_batch_1"])),
        ("an image, in batches of 32", _milliseconds(measured["ms_batch_32"])),
        ("memory of the process", _megabytes(measured["peak_memory_mb"])),
    ]
    return table(("measured", "value"), rows, ("---", _RIGHT))


def _range(interval: Interval | None) -> str | None:
    return None if interval is None else per_cent_range(interval.low, interval.high)


def _milliseconds(value: float | None) -> str | None:
    return None if value is None else f"{value:.3g} ms"


def _megabytes(value: float | None) -> str | None:
    return None if value is None else f"{value:,.0f} MB"
