"""The processor's cores that a process may use, and sharing them out between several."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise

# Read by TensorFlow when it starts its threads: within an operation, and between operations.
_THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def usable_cores() -> tuple[int, ...]:
    """Gives the numbers of the cores that this process may run on; of all where nobody can tell."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def core_count() -> int:
    """Counts the cores that this process may use, by its affinity and TensorFlow's own setting."""
    cores = len(usable_cores())
    try:
        wanted = int(os.environ[_THREADS[0]])
    except (KeyError, ValueError):
        return cores
    return min(cores, wanted) if wanted > 0 else cores


def share_out(things: Sequence[int], parts: int) -> list[tuple[int, ...]]:
    """Deals things out in their order: parts that differ by one at most, the larger ones first.

    Args:
        things: Numbers of cores or GPUs.
        parts: How many, at most as many as there are things.
    """
    size, larger = divmod(len(things), parts)
    ends = [part * size + min(part, larger) for part in range(parts + 1)]
    return [tuple(things[begin:end]) for begin, end in pairwise(ends)]


def stay_on(cores: Sequence[int]) -> None:
    """Keeps this process, and TensorFlow's threads in it, on some cores.

    To be called before TensorFlow starts. Where a process cannot be kept on cores, macOS and
    Windows, TensorFlow at least starts no more threads than it has cores.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    os.environ.update(dict.fromkeys(_THREADS, str(len(cores))))
