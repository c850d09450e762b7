"""Read images in batches and in order, some ahead of the caller where they must be decoded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kcnn.data.dataset import Images
from kcnn.machine.signals import stop_if_requested
from kcnn.machine.threads import map_in_threads

_CHUNK = 32  # images that a thread reads at a time


def read_batches(images: Images, size: int) -> Iterator[np.ndarray]:
    """Read images in batches of a size, the last of which may be smaller.

    Images that must be decoded are read by all cores, while the caller works on the batch before.

    Args:
        images: The images.
        size: Images in a batch.

    Yields:
        uint8, (at most size, height, width, channels).

    Raises:
        DataError: A file cannot be read, or has changed.
        Stopped: A signal came; it is raised between two batches.
    """
    batches = [(start, min(start + size, len(images))) for start in range(0, len(images), size)]
    if images.is_in_memory:
        for start, stop in batches:
            stop_if_requested()
            yield images.read(np.arange(start, stop))
        return
    chunks = [
        np.arange(first, min(first + _CHUNK, stop))
        for start, stop in batches
        for first in range(start, stop, _CHUNK)
    ]
    parts = map_in_threads(images.read, chunks, len)
    for start, stop in batches:
        batch = [next(parts) for _ in range(start, stop, _CHUNK)]
        yield batch[0] if len(batch) == 1 else np.concatenate(batch)
