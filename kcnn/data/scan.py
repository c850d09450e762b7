"""Look at image files before training: is each an image, is it whole, and which one is it?

Only the beginning and the end of each file are read, by all cores: seconds for 10,000 files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kcnn.data.image.inspection import ImageFacts, inspect_image
from kcnn.data.image.read import unreadable
from kcnn.errors import DataError
from kcnn.files.atomic import write_csv, writing
from kcnn.machine.threads import map_in_threads
from kcnn.progress import Progress

_CHUNK = 64  # files that a thread looks at before it reports


@dataclass(frozen=True)
class Refused:
    """A file that cannot be read.

    Args:
        name: Its name, relative to the dataset's folder.
        error: What is wrong with it.
    """

    name: str
    error: DataError


class UnreadableImagesError(DataError):
    """Images of a dataset cannot be read.

    Args:
        refused: The files, one at least.
        total: Number of all images that were looked at.
    """

    def __init__(self, refused: Sequence[Refused], total: int) -> None:
        message = unreadable([file.error for file in refused], total).message
        super().__init__(message, "remove or replace them, or leave them out: data.unreadable=skip")
        self.refused = tuple(refused)
        self.total = total

    def __reduce__(self) -> tuple[object, ...]:
        """Return what pickle needs to build it in another process."""
        return type(self), (self.refused, self.total)


def write_unreadable(folder: Path, refused: Sequence[Refused]) -> Path:
    """Write which files cannot be read, and why, to `unreadable.csv`; replace an earlier one.

    Args:
        folder: The folder of the file; it is created if it is missing.
        refused: The files.

    Returns:
        The file that was written.

    Raises:
        RunError: It cannot be written.
    """
    path = folder / "unreadable.csv"
    with writing(path):
        folder.mkdir(parents=True, exist_ok=True)
    write_csv(path, ("file", "problem"), [(file.name, file.error.message) for file in refused])
    return path


def scan_files(
    root: Path,
    names: Sequence[str],
    progress: Progress,
    title: str = "Checking the images",
    look: Callable[[Path], ImageFacts] = inspect_image,
) -> list[ImageFacts | Refused]:
    """Look at image files with all cores.

    Args:
        root: The folder that the names are relative to.
        names: The files.
        progress: Shows how many are done.
        title: The title of the progress display.
        look: What is done with each file.

    Returns:
        For each file its facts, or why it cannot be read.

    Raises:
        Stopped: A signal came.
    """

    def look_at(chunk: Sequence[str]) -> list[ImageFacts | Refused]:
        return [_look(root, name, look) for name in chunk]

    chunks = [names[start : start + _CHUNK] for start in range(0, len(names), _CHUNK)]
    found: list[ImageFacts | Refused] = []
    with progress.task(title, len(names), "images") as advance:
        for part in map_in_threads(look_at, chunks, len):
            found += part
            advance(len(part))
    return found


def _look(root: Path, name: str, look: Callable[[Path], ImageFacts]) -> ImageFacts | Refused:
    try:
        return look(root / name)
    except DataError as error:
        return Refused(name, error)
