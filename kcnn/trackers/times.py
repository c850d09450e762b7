"""When epochs ended, for trackers that draw metrics over time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import accumulate

from kcnn.trackers.tracker import Row


def times_of(rows: Sequence[Row]) -> list[float]:
    """Return when each epoch ended, if the last one ended now and none was stopped between them.

    Args:
        rows: Rows of metrics.csv, which have the seconds of each epoch.

    Returns:
        Seconds since 1970, one for each row.
    """
    ended = list(accumulate(row["seconds"] for row in rows))
    return [time.time() - ended[-1] + seconds for seconds in ended]
