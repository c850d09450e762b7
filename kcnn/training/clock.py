"""How long the parts of a fit take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


class Clock:
    """Times the parts of a fit, in seconds.

    Args:
        started: When the run began, on the calendar; now when None.
    """

    def __init__(self, started: datetime | None = None) -> None:
        self.started = started or datetime.now(UTC)
        self.parts: dict[str, float] = {}
        self._begin = time.perf_counter()
        self._earlier = 0.0

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Times what is done inside."""
        begin = time.perf_counter()
        yield
        self.parts[part] = round(time.perf_counter() - begin, 3)

    def add_earlier(self, part: str, seconds: float) -> None:
        """Adds what former processes spent on a part of the same run, which was stopped."""
        self.parts[part] = round(self.parts[part] + seconds, 3)
        self._earlier += seconds

    @property
    def total(self) -> float:
        """All of it so far."""
        return round(self._earlier + time.perf_counter() - self._begin, 3)
