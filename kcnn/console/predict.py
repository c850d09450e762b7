"""The text of kcnn predict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kcnn.console.tables import table
from kcnn.runs.label_scores import NO_LABEL_TEXT
from kcnn.text.numbers import ordinal, short_per_cent

if TYPE_CHECKING:
    from kcnn.commands.predict import Predictions


def predictions_text(predictions: Predictions) -> str:
    """Return a row per image: its most probable classes, or its labels if there may be several."""
    images = predictions.images
    if predictions.thresholds is not None:
        labeled = [(image.path, _labels(image.classes)) for image in images]
        return table(("image", "labels"), labeled) + f"\n\n{_above(predictions.thresholds)}"
    count = max(len(image.classes) for image in images)
    rows = [
        (image.path, *(f"{name} {short_per_cent(fraction)}" for name, fraction in image.classes))
        for image in images
    ]
    return table(("image", "class", *map(ordinal, range(2, count + 1))), rows)


def _labels(classes: Sequence[tuple[str, float]]) -> str:
    named = ", ".join(f"{name} {short_per_cent(fraction)}" for name, fraction in classes)
    return named or NO_LABEL_TEXT


def _above(thresholds: Sequence[float]) -> str:
    lowest, highest = min(thresholds), max(thresholds)
    if lowest == highest:
        return f"the labels with a probability above {lowest:g}"
    return (
        f"the labels with a probability above their thresholds, {lowest:.2g} to {highest:.2g}, "
        "which kcnn evaluate lists"
    )
