"""The text of kcnn export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kcnn.text.numbers import count_text, per_cent

if TYPE_CHECKING:
    from kcnn.commands.export import ExportResult


def export_text(result: ExportResult) -> str:
    """Return where the export is, what the gate found, and how to use it."""
    images = count_text(result.images, "test image")
    accuracy = "" if result.accuracy is None else f"accuracy {per_cent(result.accuracy)}, "
    return (
        f"{result.path}  {result.size / 1e6:.1f} MB\n"
        f"checked in a fresh process with plain TensorFlow on {images}: "
        f"{accuracy}largest difference of a probability "
        f"{result.largest_difference:.1e}, "
        f"{count_text(result.different_classes, 'different class', 'different classes')}\n"
        f"use it: {result.usage}"
    )
