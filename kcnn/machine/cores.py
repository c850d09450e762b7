"""The processor cores that a process may use, and how several processes divide them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise

# Read by TensorFlow when it starts its threads: within an operation, and between operations.
_THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def usable_cores() -> tuple[int, ...]:
    """Return the numbers of the cores that this process may run on.

    macOS and Windows have no `os.sched_getaffinity`; there, all cores count.
    """
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def core_count() -> int:
    """Count the cores that this process may use, by its affinity and TensorFlow's own setting."""
    cores = len(usable_cores())
    try:
        wanted = int(os.environ[_THREADS[0]])
    except (KeyError, ValueError):
        return cores
    return min(cores, wanted) if wanted > 0 else cores


def split_evenly(numbers: Sequence[int], parts: int) -> list[tuple[int, ...]]:
    """Split numbers, in their order, into parts whose sizes differ by at most one.

    Args:
        numbers: The numbers of cores or GPUs.
        parts: How many parts; at most as many as there are numbers. The larger ones come first.
    """
    size, larger = divmod(len(numbers), parts)
    ends = [part * size + min(part, larger) for part in range(parts + 1)]
    return [tuple(numbers[begin:end]) for begin, end in pairwise(ends)]


def pin_to_cores(cores: Sequence[int]) -> None:
    """Keep this process, and TensorFlow's threads in it, on some cores.

    Call this before TensorFlow starts. macOS and Windows cannot keep a process on cores (no
    `os.sched_setaffinity`); there, TensorFlow at least starts only as many threads.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    os.environ.update(dict.fromkeys(_THREADS, str(len(cores))))
