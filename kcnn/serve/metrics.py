"""Counters of the server, in the text format that Prometheus reads."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_BATCH_SIZES = (1, 2, 4, 8, 16, 32)


class Histogram:
    """How often values fell below each of some bounds.

    Args:
        bounds: The upper bounds, rising.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def lines(self, name: str) -> list[str]:
        """Return its lines; the counts add up, as Prometheus expects."""
        lines, total = [], 0
        for bound, count in zip([*self._bounds, None], self._counts, strict=True):
            total += count
            shown = "+Inf" if bound is None else f"{bound:g}"
            lines.append(f'{name}_bucket{{le="{shown}"}} {total}')
        return [*lines, f"{name}_sum {self._sum:.9g}", f"{name}_count {total}"]


class Metrics:
    """What happened since the server was started. Threads may use it at the same time.

    Args:
        about: Names and values that describe the server, such as the model.
    """

    def __init__(self, about: dict[str, str]) -> None:
        self._about = about
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._request_seconds = Histogram(_SECONDS)
        self._batch_sizes = Histogram(_BATCH_SIZES)
        self._batch_seconds = Histogram(_SECONDS)

    def count_request(self, endpoint: str, status: int, seconds: float) -> None:
        """Count an answered request.

        Args:
            endpoint: What was asked for, such as `predict`.
            status: The HTTP status of the answer.
            seconds: From the request's header to the answer.
        """
        with self._lock:
            self._requests[endpoint, status] += 1
            self._request_seconds.observe(seconds)

    def count_batch(self, images: int, seconds: float) -> None:
        """Count a batch that the model predicted."""
        with self._lock:
            self._batch_sizes.observe(images)
            self._batch_seconds.observe(seconds)

    def text(self, waiting: int) -> str:
        """Return all metrics.

        Args:
            waiting: Number of images that wait now.
        """
        with self._lock:
            about = ",".join(f'{name}="{_escaped(text)}"' for name, text in self._about.items())
            requests = [
                f'kcnn_requests_total{{endpoint="{endpoint}",status="{status}"}} {count}'
                for (endpoint, status), count in sorted(self._requests.items())
            ]
            lines = [
                *_heading("kcnn_model_info", "gauge", "The model that is served."),
                f"kcnn_model_info{{{about}}} 1",
                *_heading("kcnn_requests_total", "counter", "Answered requests."),
                *requests,
                *_heading("kcnn_request_seconds", "histogram", "Seconds from request to answer."),
                *self._request_seconds.lines("kcnn_request_seconds"),
                *_heading("kcnn_batch_images", "histogram", "Images in a batch."),
                *self._batch_sizes.lines("kcnn_batch_images"),
                *_heading("kcnn_batch_seconds", "histogram", "Seconds to predict a batch."),
                *self._batch_seconds.lines("kcnn_batch_seconds"),
                *_heading("kcnn_waiting_images", "gauge", "Images that wait for a batch."),
                f"kcnn_waiting_images {waiting}",
            ]
        return "\n".join(lines) + "\n"


def _heading(name: str, kind: str, about: str) -> list[str]:
    return [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
