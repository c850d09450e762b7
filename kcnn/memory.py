"""Free memory, and batch sizes that need little of it."""

from __future__ import annotations

from pathlib import Path

MOST_IMAGES_AT_A_TIME = 500  # more are no faster
MOST_VALUES_AT_A_TIME = 2**26  # of one layer; 256 MB in float32


def images_at_a_time(values: int) -> int:
    """Gives how many images a network may answer at once: many, but fewer where they are large.

    Args:
        values: How many numbers the largest of its layers makes of one image.
    """
    return max(1, min(MOST_IMAGES_AT_A_TIME, MOST_VALUES_AT_A_TIME // values))


def free_memory() -> int | None:
    """Gives the bytes of memory that programs may still use; None where nobody tells."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    kilobytes = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return 1024 * int(kilobytes[0]) if kilobytes else None
