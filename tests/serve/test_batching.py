"""Requests are joined into batches, bounded, and all answered."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from kcnn.serve.batching import Batcher, QueueFullError, StoppingError


def images(*values: int) -> np.ndarray:
    return np.array(values, np.uint8).reshape(-1, 1, 1, 1)


def sums(batch: np.ndarray) -> np.ndarray:
    """Return each image's sum of pixels, and its half."""
    total = batch.reshape(len(batch), -1).sum(axis=1, dtype=np.float32)
    return np.stack([total, total / 2], axis=1)


class Held:
    """Predict sums, but only when allowed to; remember the sizes of the batches."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.began = threading.Semaphore(0)
        self.may_go = threading.Event()

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        self.sizes.append(len(batch))
        self.began.release()
        assert self.may_go.wait(30)
        return sums(batch)


def test_each_request_gets_its_own_answer() -> None:
    batcher = Batcher(sums, max_waiting=10_000)
    with ThreadPoolExecutor(8) as pool:
        asked = [images(*range(start, start + 1 + start % 5)) for start in range(200)]
        answers = list(pool.map(lambda given: batcher.submit(given).result(30), asked))
    batcher.close()
    for given, answer in zip(asked, answers, strict=True):
        np.testing.assert_array_equal(answer, sums(given))


def test_what_arrives_during_a_batch_forms_the_next_ones() -> None:
    predict = Held()
    batcher = Batcher(predict, max_waiting=100, max_batch=4)
    first = batcher.submit(images(1))
    assert predict.began.acquire(timeout=30)  # alone, without a delay
    others = [batcher.submit(images(value)) for value in range(2, 9)]
    assert batcher.waiting == 7
    predict.may_go.set()
    assert [future.result(30)[0, 0] for future in [first, *others]] == list(range(1, 9))
    batcher.close()
    assert predict.sizes == [1, 4, 3]


def test_a_large_request_is_divided_and_answered_in_order() -> None:
    sizes: list[int] = []
    batcher = Batcher(sums, 1, max_batch=4, on_batch=lambda count, seconds: sizes.append(count))
    np.testing.assert_array_equal(
        batcher.submit(images(*range(10))).result(30), sums(images(*range(10)))
    )
    batcher.close()
    assert sizes == [4, 4, 2]


def test_a_full_queue_refuses_and_says_when_to_come_again() -> None:
    predict = Held()
    batcher = Batcher(predict, max_waiting=3, max_batch=2)
    accepted = [batcher.submit(images(1))]
    assert predict.began.acquire(timeout=30)
    accepted += [batcher.submit(images(2)), batcher.submit(images(3, 4))]
    with pytest.raises(QueueFullError) as refused:
        batcher.submit(images(5))
    assert refused.value.seconds >= 1
    predict.may_go.set()
    assert [len(future.result(30)) for future in accepted] == [1, 1, 2]
    batcher.submit(images(5)).result(30)
    batcher.close()


def test_close_answers_what_was_accepted_and_takes_no_more() -> None:
    predict = Held()
    batcher = Batcher(predict, max_waiting=100, max_batch=2)
    accepted = [batcher.submit(images(value)) for value in range(7)]
    closing = threading.Thread(target=batcher.close)
    closing.start()
    predict.may_go.set()
    closing.join(30)
    assert all(future.done() for future in accepted)
    assert accepted[6].result()[0, 0] == 6
    with pytest.raises(StoppingError):
        batcher.submit(images(1))


def test_an_error_reaches_the_requests_of_its_batch_only() -> None:
    def predict(batch: np.ndarray) -> np.ndarray:
        if batch.max() == 13:
            raise MemoryError("too little")
        return sums(batch)

    batcher = Batcher(predict, max_waiting=100, max_batch=2)
    bad = batcher.submit(images(1, 2, 13, 4, 5))
    good = batcher.submit(images(7))
    with pytest.raises(MemoryError, match="too little"):
        bad.result(30)
    # The first batch of the bad request was right; the good one came after it, or with it.
    assert good.result(30)[0, 0] == 7
    batcher.close()
    assert batcher.waiting == 0


def test_cancelled_requests_are_left_out() -> None:
    predict = Held()
    batcher = Batcher(predict, max_waiting=100)
    first = batcher.submit(images(1))
    assert predict.began.acquire(timeout=30)
    cancelled, last = batcher.submit(images(2)), batcher.submit(images(3))
    assert cancelled.cancel()
    predict.may_go.set()
    assert first.result(30)[0, 0] == 1
    assert last.result(30)[0, 0] == 3
    batcher.close()
    assert predict.sizes == [1, 1]
