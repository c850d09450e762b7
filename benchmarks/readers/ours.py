"""kcnn: threads that take the images of some batches one by one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kcnn.data.image.read import read_images
from readers.epochs import BATCH, Batches, serve

AT_ONCE = 4 * BATCH


def prepare(folder: str, side: int) -> Callable[[], Batches]:
    """Return what reads all images of a folder once."""
    paths = sorted(Path(folder).rglob("*.*"))

    def epoch() -> Batches:
        for start in range(0, len(paths), AT_ONCE):
            images = read_images(paths[start : start + AT_ONCE], (side, side), 3)
            yield from (images[first : first + BATCH] for first in range(0, len(images), BATCH))

    return epoch


if __name__ == "__main__":
    serve(prepare)
