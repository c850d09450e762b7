"""The most memory that a fit took."""

from __future__ import annotations

import sys


def peak_memory_mb() -> int | None:
    """Gives the most memory that this process had at once; None where the system does not tell.

    What a GPU has of its own is not counted.
    """
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6)
