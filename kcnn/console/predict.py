"""The text of kcnn predict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kcnn.console.tables import table

if TYPE_CHECKING:
    from kcnn.commands.predict import Predictions


def predictions_text(predictions: Predictions) -> str:
    """Return a row per image: its most probable classes."""
    images = predictions.images
    count = max(len(image.classes) for image in images)
    rows = [
        (image.path, *(f"{name} {100 * probability:.1f} %" for name, probability in image.classes))
        for image in images
    ]
    return table(("image", "class", *["then"] * (count - 1)), rows)
