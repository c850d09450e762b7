"""Images in a folder that has a sub-folder for each class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kcnn.data.dataset import Dataset, MemoryImages
from kcnn.data.images import read_image, unreadable
from kcnn.data.listing import ClassFiles, FileListing
from kcnn.data.splits import take_stratified
from kcnn.errors import DataError
from kcnn.progress import Advance, Progress

SPLIT_SEED = 0


def read_folder(
    path: Path,
    listing: FileListing,
    image_size: tuple[int, int],
    channels: int,
    test: float,
    progress: Progress,
) -> Dataset:
    """Read a folder of images.

    Args:
        path: The folder.
        listing: Its files. Where it has no `test` folder, a fixed fraction of every class becomes
            the test set.
        image_size: Height and width to resize to.
        channels: 1 for gray, 3 for red, green, blue.
        test: That fraction.
        progress: Shows the images read, and what was left out of the listing.

    Raises:
        DataError: Images cannot be read, or so small a fraction is no image.
    """
    for note in listing.notes:
        progress.note(note)
    lists = [*_split(listing, test), *([listing.validation] if listing.validation else [])]
    total = sum(map(len, lists))
    refused: list[DataError] = []
    with progress.task(f"Reading {path.name}", total, "images") as advance:
        parts = [
            MemoryImages(
                _read(listing, files.names, image_size, channels, advance, refused),
                np.array(files.labels, np.int32),
            )
            for files in lists
        ]
    if refused:
        raise unreadable(refused, total)
    return Dataset(
        path.resolve().name,
        parts[0],
        parts[1],
        listing.class_names,
        str(path),
        parts[2] if len(parts) > 2 else None,
    )


def _split(listing: FileListing, test: float) -> tuple[ClassFiles, ClassFiles]:
    files = listing.train
    if listing.test is not None:
        return files, listing.test
    taken = take_stratified(np.array(files.labels), float(test), SPLIT_SEED, "data.test")
    return _select(files, ~taken), _select(files, taken)


def _select(files: ClassFiles, chosen: np.ndarray) -> ClassFiles:
    return files.select(np.flatnonzero(chosen).tolist())


def _read(
    listing: FileListing,
    names: Sequence[str],
    size: tuple[int, int],
    channels: int,
    advance: Advance,
    refused: list[DataError],
) -> np.ndarray:
    """Read images; collect the errors of those that cannot be read, to report them together."""
    images = np.empty((len(names), *size, channels), np.uint8)
    for index, name in enumerate(names):
        try:
            images[index] = read_image(listing.path(name), size, channels)
        except DataError as error:
            refused.append(error)
        advance(1)
    return images
