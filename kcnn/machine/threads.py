"""Apply a function to many items with all cores; for work that releases Python's lock."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import TypeVar

from kcnn.machine.cores import core_count
from kcnn.machine.signals import stop_if_requested

MAX_THREADS = 16
_AHEAD = 2  # items a thread, so that none waits while the caller works
# Threads that mostly need Python's lock hand it to and fro, which takes longer than a short step:
# two threads read files of a kilobyte at half the speed of one.
_SHORT_STEP = 150e-6  # seconds
_FIRST_ITEM = 0.005  # seconds more for the first item, for which code is loaded
_IN_A_ROW = 3  # later items that took long; a single one may have waited for the processor

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_threads(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    steps: Callable[[Item], int] = lambda _: 1,
) -> Iterator[Result]:
    """Apply a function to items with all cores, a few items ahead of the caller.

    One thread begins. The others help as soon as its steps turn out to be long enough for that.

    Args:
        work: The function; it is called by several threads at the same time.
        items: The items, taken one by one.
        steps: Returns how many steps the work on an item has, such as files to read.

    Yields:
        The results, in the order of the items.

    Raises:
        Exception: What the function raises; no further items are begun then.
        Stopped: A signal came; it is raised between two results.
    """

    def timed(item: Item) -> tuple[Result, float]:
        start = time.perf_counter()
        return work(item), time.perf_counter() - start

    def new_pool(threads: int) -> ThreadPoolExecutor:
        pool = ThreadPoolExecutor(threads, thread_name_prefix="kcnn")
        stack.callback(pool.shutdown, cancel_futures=True)
        return pool

    most = min(core_count(), MAX_THREADS)
    waiting: deque[tuple[Future[tuple[Result, float]], float]] = deque()
    with ExitStack() as stack:
        threads, pool, extra, in_a_row = 1, new_pool(1), _FIRST_ITEM, 0
        for item in items:
            waiting.append((pool.submit(timed, item), steps(item) * _SHORT_STEP + extra))
            # The first item is waited for at once: there may be few items, each of them long.
            if threads < most and (extra or len(waiting) > _AHEAD):
                in_a_row = in_a_row + 1 if _takes_longer(*waiting[0]) else 0
                if in_a_row == (1 if extra else _IN_A_ROW):
                    threads, pool = most, new_pool(most)
            extra = 0.0
            if len(waiting) > _AHEAD * threads:
                stop_if_requested()
                yield waiting.popleft()[0].result()[0]
        while waiting:
            stop_if_requested()
            yield waiting.popleft()[0].result()[0]


def _takes_longer(future: Future[tuple[Result, float]], seconds: float) -> bool:
    """Return whether work took longer than so many seconds, or takes longer from now on."""
    wait([future], seconds)
    if not future.done():
        return True
    return future.exception() is None and future.result()[1] > seconds
