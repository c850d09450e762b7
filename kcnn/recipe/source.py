"""Where each setting of a recipe was written, so that every message can name its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

Location = tuple[str | int, ...]


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
    lines: Mapping[Location, int]
    overrides: Mapping[Location, str] = field(default_factory=dict)

    def problem(self, loc: Sequence[str | int], message: str) -> str:
        """Return a mistake in one line that begins with where it is.

        Args:
            loc: The setting's location, as in `("model", "layers", 0, "Conv2D")`.
            message: What is wrong there.
        """
        name = dotted(loc)
        return f"{self._where(tuple(loc))} {name + ': ' if name else ''}{message}"

    def line(self, loc: Sequence[str | int]) -> int:
        """Return the line of a setting, or of the nearest one around it that the file has."""
        return self.lines.get(_nearest(self.lines, loc), 1)

    def position(self, loc: Sequence[str | int]) -> int:
        """Return the position in the file of a setting, or of the nearest one around it."""
        return self._positions.get(_nearest(self.lines, loc), 0)

    @cached_property
    def _positions(self) -> dict[Location, int]:
        return {loc: position for position, loc in enumerate(self.lines)}

    def _where(self, loc: Location) -> str:
        override = self._override(loc)
        return (
            f"{self.file}:{self.line(loc)}:" if override is None else f"command line, {override}:"
        )

    def _override(self, loc: Location) -> str | None:
        around = _nearest(self.overrides, loc)
        if around in self.overrides:  # it replaced whatever the file has there
            return self.overrides[around]
        if loc in self.lines:
            return None
        inside = (text for other, text in self.overrides.items() if is_within(other, loc))
        return next(inside, None)


def _nearest(known: Mapping[Location, object], loc: Sequence[str | int]) -> Location:
    """Shorten a location until it is known; return the empty one if nothing of it is."""
    shortened = tuple(loc)
    while shortened and shortened not in known:
        shortened = shortened[:-1]
    return shortened


def is_within(loc: Sequence[str | int], outer: Location) -> bool:
    """Return whether a location is another one or inside it."""
    return tuple(loc[: len(outer)]) == outer


def dotted(loc: Sequence[str | int]) -> str:
    """Return a location as people type it: `model.layers[0].Conv2D`."""
    text = ""
    for step in loc:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
