"""Apply a function to many items with all cores; for work that releases Python's lock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from kcnn.machine.cores import core_count
from kcnn.machine.signals import stop_if_requested

MAX_THREADS = 16
_AHEAD = 2  # items a thread, so that none waits while the caller works

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_threads(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Apply a function to items with all cores, a few items ahead of the caller.

    Args:
        work: The function; it is called by several threads at the same time.
        items: The items, taken one by one.

    Yields:
        The results, in the order of the items.

    Raises:
        Exception: What the function raises; no further items are begun then.
        Stopped: A signal came; it is raised between two results.
    """
    threads = min(core_count(), MAX_THREADS)
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="kcnn") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > _AHEAD * threads:
                    stop_if_requested()
                    yield waiting.popleft().result()
            while waiting:
                stop_if_requested()
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
