"""kcnn runs --watch: follows a run that another process trains."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from kcnn.errors import RunError
from kcnn.files.atomic import opened
from kcnn.runs.folder import RunFolder, find_run
from kcnn.runs.lock import is_held

SECONDS_BETWEEN_LOOKS = 0.5
BYTES_AT_A_TIME = 1_000_000


def watch(run: str | None, output_dir: Path) -> Iterator[str]:
    """Follows a run's log until nobody trains it any more.

    Args:
        run: A path or a short name; None for the newest run.
        output_dir: Where runs lie.

    Yields:
        The lines of log.txt, those that are there first, then new ones as they come.

    Raises:
        RunError: There is no such run, or its log cannot be read.
    """
    found = find_run(run, output_dir)
    position = 0
    while True:
        is_trained = is_held(found)  # before the log is read, whose last line must not be missed
        lines, length = _new_lines(found, position)
        yield from lines
        position += length
        if length:
            continue  # there may be more
        if not is_trained:
            yield f"{found.title}: {found.status()}, and no process trains it"
            return
        time.sleep(SECONDS_BETWEEN_LOOKS)


def _new_lines(run: RunFolder, position: int) -> tuple[list[str], int]:
    """Reads some whole lines from a place in the log on; what is half written is left for later.

    Returns:
        The lines, and how many bytes they take.
    """
    try:
        with opened(run.log) as stream:
            stream.seek(position)
            whole, end, _ = stream.read(BYTES_AT_A_TIME).rpartition(b"\n")
    except FileNotFoundError:
        return [], 0  # a run that has just begun, or none that keeps a log
    except OSError as error:
        raise RunError(
            f"{run.log}: cannot be read: {error.strerror}", "kcnn runs lists the runs"
        ) from None
    text = whole.decode("utf-8", errors="replace")
    return (text.split("\n") if end else []), len(whole) + len(end)
