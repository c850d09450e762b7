"""The text of kcnn predict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kcnn.console.tables import table
from kcnn.text.numbers import ordinal, short_per_cent

if TYPE_CHECKING:
    from kcnn.commands.predict import Predictions


def predictions_text(predictions: Predictions) -> str:
    """Return a row per image: its most probable classes."""
    images = predictions.images
    count = max(len(image.classes) for image in images)
    rows = [
        (image.path, *(f"{name} {short_per_cent(fraction)}" for name, fraction in image.classes))
        for image in images
    ]
    return table(("image", "class", *map(ordinal, range(2, count + 1))), rows)
