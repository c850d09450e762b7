"""Where each setting of a recipe was written, so that every message can name its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Source:
    """A recipe as it was given.

    Args:
        file: The file's name as the user wrote it.
        content: Its bytes.
        settings: Its plain content after overrides: mappings, lists, words and numbers.
        lines: The line of each setting, counted from 1.
        overrides: The settings given on the command line, as they were written.
    """

    file: Path
    content: bytes
    settings: Mapping[str, Any]
    lines: Mapping[Place, int]
    overrides: Mapping[Place, str] = field(default_factory=dict)

    def problem(self, place: Sequence[str | int], message: str) -> str:
        """Says a mistake in one line that begins with where it is.

        Args:
            place: The way to the setting, as in `("model", "layers", 0, "Conv2D")`.
            message: What is wrong there.
        """
        name = dotted(place)
        return f"{self._where(tuple(place))} {name + ': ' if name else ''}{message}"

    def line(self, place: Sequence[str | int]) -> int:
        """Gives the line of a setting, or of the nearest one around it that the file has."""
        return self.lines.get(_nearest(self.lines, place), 1)

    def _where(self, place: Place) -> str:
        override = _nearest(self.overrides, place)
        if override in self.overrides:  # it replaced whatever the file has there
            return f"command line, {self.overrides[override]}:"
        return f"{self.file}:{self.line(place)}:"


def _nearest(known: Mapping[Place, object], place: Sequence[str | int]) -> Place:
    """Shortens a place until it is known; the empty place when nothing of it is."""
    shortened = tuple(place)
    while shortened and shortened not in known:
        shortened = shortened[:-1]
    return shortened


def dotted(place: Sequence[str | int]) -> str:
    """Writes the way to a setting as people type it: `model.layers[0].Conv2D`."""
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
