from __future__ import annotations

import signal
import threading

import numpy as np
import pytest

from kcnn.data.batches import read_batches
from kcnn.data.convert import ConvertedImages
from kcnn.data.dataset import Images, MemoryImages
from kcnn.errors import DataError
from kcnn.machine.signals import Stopped, stops_deferred

COUNT = 200
IN_MEMORY = MemoryImages(
    np.arange(COUNT, dtype=np.uint8).reshape(-1, 1, 1, 1), np.zeros(COUNT, np.int32)
)
DECODED = ConvertedImages(IN_MEMORY, (2, 3), 1)


@pytest.mark.parametrize("images", [IN_MEMORY, DECODED], ids=["memory", "decoded"])
@pytest.mark.parametrize("size", [1, 7, 32, 64, 150, 500])
def test_batches_hold_every_image_once_in_order(images: Images, size: int) -> None:
    batches = list(read_batches(images, size))
    assert {len(batch) for batch in batches[:-1]} <= {size}
    assert all(batch.shape[1:] == images.shape for batch in batches)
    assert np.concatenate(batches)[:, 0, 0, 0].tolist() == list(range(COUNT))


@pytest.mark.parametrize("images", [IN_MEMORY, DECODED], ids=["memory", "decoded"])
def test_stops_between_two_batches(images: Images) -> None:
    read = []
    with pytest.raises(Stopped), stops_deferred():
        for batch in read_batches(images, 50):
            signal.raise_signal(signal.SIGINT)
            read.append(len(batch))
    assert read == [50]


class Damaged(MemoryImages):
    """Images of which number 120 cannot be read; they are not ready in memory."""

    is_in_memory = False

    def read(self, indices: np.ndarray) -> np.ndarray:
        if 120 in indices:
            raise DataError("photos/120.jpg: a damaged or cut off JPEG image")
        return super().read(indices)


def test_an_image_that_cannot_be_read_ends_the_batches_and_their_threads() -> None:
    read = 0
    with pytest.raises(DataError, match="120"):
        for batch in read_batches(Damaged(IN_MEMORY.pixels, IN_MEMORY.labels), 50):
            read += len(batch)
    assert read == 100
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("kcnn")]
