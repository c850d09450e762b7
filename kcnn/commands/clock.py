"""How long the parts of a fit take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


class Clock:
    """Times the parts of a fit, in seconds.

    Attributes:
        started: When the run began, on the calendar.
    """

    def __init__(self) -> None:
        self.started = datetime.now(UTC)
        self.parts: dict[str, float] = {}
        self._begin = time.perf_counter()

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Times what is done inside."""
        begin = time.perf_counter()
        yield
        self.parts[part] = round(time.perf_counter() - begin, 3)

    @property
    def total(self) -> float:
        """All of it so far."""
        return round(time.perf_counter() - self._begin, 3)
