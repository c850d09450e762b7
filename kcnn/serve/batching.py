"""Micro-batching: requests that arrive while a batch is computed form the next batch."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

Predict = Callable[[np.ndarray], np.ndarray]
OnBatch = Callable[[int, float], None]

MAX_BATCH = 32  # images; larger ones are hardly faster an image, and let others wait longer
MAX_SECONDS_TO_RETRY = 60
_WEIGHT_OF_NEWEST = 0.2  # in the moving average of seconds an image


class QueueFullError(Exception):
    """Too many images wait already.

    Args:
        seconds: After how many seconds to ask again.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class StoppingError(Exception):
    """The server is stopping and takes no more images."""


@dataclass
class _Request:
    """Images of one request. A large request may be divided among batches."""

    images: np.ndarray
    future: Future[np.ndarray] = field(default_factory=Future)
    taken: int = 0
    parts: list[np.ndarray] = field(default_factory=list)


class Batcher:
    """Predict in one thread, many images at once.

    One thread only: the interpreters of LiteRT are not safe for threads, and use all cores for one
    batch themselves. There is no delay: while the thread has no work, an image is computed at once.

    Args:
        predict: uint8 (count, height, width, channels) -> float32 (count, classes).
        max_waiting: Number of images that may wait for a batch.
        max_batch: Number of images in a batch.
        on_batch: Called after each batch with its number of images and its seconds.
    """

    def __init__(
        self,
        predict: Predict,
        max_waiting: int,
        max_batch: int = MAX_BATCH,
        on_batch: OnBatch = lambda images, seconds: None,
    ) -> None:
        self._predict = predict
        self._max_waiting = max_waiting
        self._max_batch = max_batch
        self._on_batch = on_batch
        self._changed = threading.Condition()
        self._requests: deque[_Request] = deque()
        self._waiting = 0  # images
        self._seconds_an_image = 0.0
        self._is_stopping = False
        self._thread = threading.Thread(target=self._work, name="predict", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Number of images that wait for a batch."""
        return self._waiting

    def submit(self, images: np.ndarray) -> Future[np.ndarray]:
        """Let images be predicted, after those that wait already.

        Args:
            images: uint8, (count, height, width, channels), one image at least.

        Returns:
            The probabilities to come: float32, (count, classes).

        Raises:
            QueueFullError: More images would wait than may. An empty queue takes any number.
            StoppingError: `close` was called.
        """
        with self._changed:
            if self._is_stopping:
                raise StoppingError
            if self._requests and self._waiting + len(images) > self._max_waiting:
                raise QueueFullError(self.seconds_to_retry())
            request = _Request(images)
            self._requests.append(request)
            self._waiting += len(images)
            self._changed.notify()
        return request.future

    def seconds_to_retry(self) -> int:
        """Return after how many whole seconds the images that wait now should be done."""
        seconds = math.ceil(self._waiting * self._seconds_an_image)
        return min(max(1, seconds), MAX_SECONDS_TO_RETRY)

    def close(self) -> None:
        """Predict all images that were accepted, then end the thread."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while pieces := self._next_batch():
            began = perf_counter()
            try:
                predictions = self._predict(np.concatenate([images for _, images in pieces]))
            except Exception as error:
                self._fail(pieces, error)
                continue
            count = len(predictions)
            seconds = perf_counter() - began
            weight = _WEIGHT_OF_NEWEST if self._seconds_an_image else 1.0
            self._seconds_an_image += weight * (seconds / count - self._seconds_an_image)
            self._on_batch(count, seconds)
            start = 0
            for request, images in pieces:
                request.parts.append(predictions[start : start + len(images)])
                start += len(images)
                is_complete = sum(map(len, request.parts)) == len(request.images)
                if is_complete and not request.future.done():
                    request.future.set_result(np.concatenate(request.parts))

    def _next_batch(self) -> list[tuple[_Request, np.ndarray]]:
        """Wait for images; return the next ones with their requests, none if it is time to end."""
        pieces: list[tuple[_Request, np.ndarray]] = []
        room = self._max_batch
        with self._changed:
            while not pieces:
                while not self._requests:
                    if self._is_stopping:
                        return []
                    self._changed.wait()
                while self._requests and room:
                    request = self._requests[0]
                    images = request.images[request.taken : request.taken + room]
                    # Nobody waits any more for a request that was cancelled or has failed.
                    is_wanted = request.taken or request.future.set_running_or_notify_cancel()
                    if not is_wanted or request.future.done():
                        self._waiting -= len(request.images) - request.taken
                        self._requests.popleft()
                        continue
                    pieces.append((request, images))
                    request.taken += len(images)
                    room -= len(images)
                    self._waiting -= len(images)
                    if request.taken == len(request.images):
                        self._requests.popleft()
        return pieces

    def _fail(self, pieces: list[tuple[_Request, np.ndarray]], error: Exception) -> None:
        for request, _ in pieces:
            if not request.future.done():
                request.future.set_exception(error)
