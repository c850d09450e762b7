"""The form of what is worth a second look."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Oddity:
    """Something a reader of the recipe may not expect.

    Args:
        layer: The layer's name.
        sentence: What is odd there, without the layer's name, and what to do about it.
    """

    layer: str
    sentence: str
