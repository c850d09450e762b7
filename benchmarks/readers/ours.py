"""kcnn: the images of a dataset of files in batches, as `kcnn evaluate` reads them."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from functools import partial
from pathlib import Path

from kcnn.data.batches import read_batches
from kcnn.data.file_images import FileFormat, FileImages
from kcnn.data.listing import ClassFiles
from readers.epochs import BATCH, Batches, serve


def prepare(folder: str, side: int) -> Callable[[], Batches]:
    """Return what reads all images of a folder once."""
    root = Path(folder)
    names = tuple(path.relative_to(root).as_posix() for path in sorted(root.rglob("*.*")))
    files = ClassFiles(names, array("i", [0]) * len(names))
    return partial(read_batches, FileImages(root, files, FileFormat((side, side), 3)), BATCH)


if __name__ == "__main__":
    serve(prepare)
