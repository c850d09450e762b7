"""Image files on disk: which there are, without reading any of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kcnn.data.cannot_read import cannot_read
from kcnn.data.folder_scan import FolderScan
from kcnn.data.image.formats import KINDS
from kcnn.errors import DataError
from kcnn.progress import Progress
from kcnn.text.numbers import count_text

MAX_NAMED = 10  # files, or kinds of files, in one line


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Raise a DataError that names the path where the operating system refuses to look at it."""
    try:
        yield
    except OSError as error:
        raise cannot_read(error.filename or path, error) from None


def find_images(paths: Iterable[Path], progress: Progress) -> list[Path]:
    """List image files: each file that is named, and all images in and below each folder.

    Args:
        paths: Files and folders.
        progress: Receives a note on other files in the folders.

    Returns:
        Files as they were named, a folder's images sorted by path; hidden ones are left out.

    Raises:
        DataError: A path does not exist or cannot be read, a folder has no images, or a link in it
            leads nowhere.
    """
    images: list[Path] = []
    all_folders = FolderScan()
    for path in paths:
        with reading(path):
            if path.is_dir():
                scan = FolderScan()  # a new one: a folder may be named twice
                inside = scan.images_below(path)
                scan.require_complete()
                if not inside:
                    raise DataError(
                        f"{path}: no {KINDS} images in this folder",
                        "name a folder that has images in it or below it",
                    )
                images.extend(path / name for name in inside)
                all_folders.others.update(scan.others)
                all_folders.system.update(scan.system)
            elif path.is_symlink() and not path.exists():
                raise DataError(
                    f"{path}: a link to {path.readlink()}, which is not there",
                    "remove it, or bring back what it links to",
                )
            elif path.exists():
                images.append(path)
            else:
                raise DataError(
                    f"{path}: no such file or folder", "name an image, or a folder of images"
                )
    for note in notes_on(all_folders):
        progress.note(note)
    return images


def notes_on(scan: FolderScan) -> list[str]:
    """Return what a scan left out, in at most two lines."""
    notes = []
    if scan.others:
        notes.append(describe_left_out(scan.others))
    if scan.system:
        notes.append(
            f"left out what is hidden or belongs to the system: {_most_frequent(scan.system)}"
        )
    return notes


def describe_left_out(others: Mapping[str, int]) -> str:
    """Return a note on files of other kinds that were left out."""
    total = sum(others.values())
    files = count_text(total, "file that is", "files that are")
    return f"left out {files} not {KINDS}: {describe_kinds(others)}"


def describe_kinds(others: Mapping[str, int]) -> str:
    """Return the number of files of each kind, the most frequent first: `2 .webp, 1 .heic`."""
    return _most_frequent({kind or "without a suffix": count for kind, count in others.items()})


def _most_frequent(counts: Mapping[str, int]) -> str:
    names = sorted(counts, key=lambda name: (-counts[name], name))
    named = [f"{counts[name]:,} {name}" for name in names[:MAX_NAMED]]
    more = ["…"] if len(names) > MAX_NAMED else []
    return ", ".join([*named, *more])
