"""The most memory that a fit took."""

from __future__ import annotations

import sys


def peak_memory_mb() -> int:
    """Return the peak memory of this process in MB; a GPU's own memory is not counted."""
    if sys.platform == "win32":
        import psutil

        return round(psutil.Process().memory_info().peak_wset / 1e6)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6)
