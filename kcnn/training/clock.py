"""How long the parts of a fit take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


class Clock:
    """Measure the parts of a fit, in seconds.

    Args:
        started: The date and time when the run began; None for now.
    """

    def __init__(self, started: datetime | None = None) -> None:
        self.started = started or datetime.now(UTC)
        self.parts: dict[str, float] = {}
        self._begin = time.perf_counter()
        self._earlier = 0.0

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Measure the time of the block."""
        begin = time.perf_counter()
        yield
        self.parts[part] = round(time.perf_counter() - begin, 3)

    def add_earlier(self, part: str, seconds: float) -> None:
        """Add the time that earlier processes spent on a part before the run was stopped."""
        self.parts[part] = round(self.parts[part] + seconds, 3)
        self._earlier += seconds

    @property
    def total(self) -> float:
        """The time of all parts so far, and of the time between them."""
        return round(self._earlier + time.perf_counter() - self._begin, 3)
