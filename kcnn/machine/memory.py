"""Free memory, peak memory, and batch sizes that need little of it.

psutil knows neither the limit of a container nor, on Linux and macOS, the peak. Those are read from
the cgroup files and from `resource`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

MAX_PREDICTION_BATCH = 500  # larger batches are no faster
MAX_LAYER_VALUES = 2**26  # in one layer's output for a batch; 256 MB in float32

_CGROUPS_OF_THIS_PROCESS = Path("/proc/self/cgroup")
_CGROUPS = Path("/sys/fs/cgroup")


def prediction_batch_size(values: int) -> int:
    """Return how many images a model may predict at once; fewer if its layers are large.

    Args:
        values: How many values the largest of its layers computes for one image.
    """
    return max(1, min(MAX_PREDICTION_BATCH, MAX_LAYER_VALUES // values))


def free_memory() -> int | None:
    """Return the free memory in bytes; None if it is unknown.

    In a container with a memory limit, at most what the limit leaves.
    """
    import psutil  # here, because `kcnn --help` does not need it

    try:
        available = int(psutil.virtual_memory().available)
    except (OSError, RuntimeError):  # no /proc
        return None
    return max(0, min([available, *_left_in_cgroups()]))


def fits_quarter_of_memory(size: int) -> bool:
    """Return whether so many bytes are at most a quarter of the free memory, or that is unknown.

    What is kept only to save time leaves the rest to the training and to other programs.
    """
    free = free_memory()
    return free is None or 4 * size <= free


def peak_memory_mb() -> int:
    """Return the peak memory of this process in MB; a GPU's own memory is not counted."""
    if sys.platform == "win32":
        import psutil

        return round(psutil.Process().memory_info().peak_wset / 1e6)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # In bytes on macOS, in units of 1024 bytes on Linux.
    return round(peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6)


def _left_in_cgroups() -> Iterator[int]:
    """Yield the bytes that each cgroup limit (version 1 or 2) leaves this process; Linux only."""
    try:
        lines = _CGROUPS_OF_THIS_PROCESS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:  # such as `0::/user.slice` and `4:memory:/docker/3a1b`
        number, controllers, path = line.split(":", 2)
        if number == "0":
            root, limit, usage = _CGROUPS, "memory.max", "memory.current"
        elif "memory" in controllers.split(","):
            root, limit = _CGROUPS / "memory", "memory.limit_in_bytes"
            usage = "memory.usage_in_bytes"
        else:
            continue
        # A container sees its own cgroup as the root, while the path may be the host's.
        folder = root / path.lstrip("/")
        for group in (
            folder,
            *(parent for parent in folder.parents if root in parent.parents),
            root,
        ):
            left = _left_in_cgroup(group, limit, usage)
            if left is not None:
                yield left


def _left_in_cgroup(group: Path, limit: str, usage: str) -> int | None:
    """Return the bytes that a cgroup's limit leaves; None if it has no limit."""
    try:
        allowed = int((group / limit).read_text(encoding="utf-8"))
        used = int((group / usage).read_text(encoding="utf-8"))
        statistics = (group / "memory.stat").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):  # `max` is no number
        return None
    # The usage includes the file cache, which the system drops when memory is needed.
    cached = sum(
        int(line.split()[1])
        for line in statistics
        if line.startswith(("inactive_file ", "active_file "))
    )
    return allowed - max(0, used - cached)
