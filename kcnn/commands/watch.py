"""kcnn watch: follow a run that another process trains."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from kcnn.runs.find import find_run
from kcnn.runs.lock import is_locked
from kcnn.runs.log import read_new_lines
from kcnn.runs.summary import read_status

SECONDS_BETWEEN_READS = 0.5


def watch(run: str | None, output_dir: Path) -> Iterator[str]:
    """Follow a run's log until no process trains it any more.

    Args:
        run: A run as `kcnn.runs.find.find_run` takes it; None for the newest.
        output_dir: The folder of all runs.

    Yields:
        The lines of log.txt, present ones first, then new ones as they come.

    Raises:
        RunError: There is no such run, or its log cannot be read.
    """
    found = find_run(run, output_dir)
    position = 0
    while True:
        is_trained = is_locked(found)  # asked before the log is read, whose last line must be seen
        lines, length = read_new_lines(found, position)
        yield from lines
        position += length
        if length:
            continue  # there may be more
        if not is_trained:
            yield f"{found.title}: {read_status(found)}, and no process trains it"
            return
        time.sleep(SECONDS_BETWEEN_READS)
