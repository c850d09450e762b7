"""Work by several threads: its order, how far it runs ahead, and how it ends."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kcnn.machine import threads
from kcnn.machine.signals import Stopped, stops_deferred
from kcnn.machine.threads import map_in_threads

THREADS = 3


@pytest.fixture(autouse=True)
def three_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "core_count", lambda: THREADS)


def test_results_come_in_the_order_of_the_items() -> None:
    def late_if_even(item: int) -> int:
        time.sleep(0.002 * (item % 2 == 0))
        return item * item

    assert list(map_in_threads(late_if_even, range(50))) == [item * item for item in range(50)]
    assert list(map_in_threads(late_if_even, [])) == []


def test_threads_work_at_the_same_time() -> None:
    all_there = threading.Barrier(THREADS, timeout=10)
    results = list(map_in_threads(lambda item: all_there.wait() >= 0, range(2 * THREADS)))
    assert results == [True] * 2 * THREADS


def names_of_threads(work: Callable[[int], object], **options: Any) -> set[str]:
    def named(item: int) -> str:
        work(item)
        return threading.current_thread().name

    return set(map_in_threads(named, range(200), **options))


def test_one_thread_does_what_is_short() -> None:
    """Threads that need Python's lock for most of a step would slow each other down."""
    assert len(names_of_threads(str)) == 1
    # A step of 50 µs is short; an item has 40 of them.
    assert len(names_of_threads(lambda _: time.sleep(0.002), steps=lambda _: 40)) == 1


def test_all_threads_do_what_is_long_or_becomes_so() -> None:
    assert len(names_of_threads(lambda _: time.sleep(0.001))) > 1
    assert len(names_of_threads(lambda item: time.sleep(0.001 * (item > 50)))) > 1


def test_takes_few_items_ahead_of_the_caller() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    for done, _ in enumerate(map_in_threads(str, items()), start=1):
        assert len(taken) <= done + 2 * THREADS


def test_an_error_ends_the_work() -> None:
    begun: list[int] = []

    def fail_first(item: int) -> int:
        begun.append(item)
        if item == 0:
            raise ValueError("the first")
        time.sleep(0.2)
        return item

    with pytest.raises(ValueError, match="the first"):
        list(map_in_threads(fail_first, range(100)))
    assert len(begun) <= 2 * THREADS  # what was only waiting is not begun
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("kcnn")]


@pytest.mark.parametrize("count", [4, 100])
def test_a_signal_ends_the_work_between_two_results(count: int) -> None:
    """Of four items, all are handed to the threads before the first result is there."""
    results = []
    with pytest.raises(Stopped), stops_deferred():
        for result in map_in_threads(str, range(count)):
            results.append(result)
            signal.raise_signal(signal.SIGINT)
    assert results == ["0"]
