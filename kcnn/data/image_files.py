"""Image files on disk: which there are, without reading any of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kcnn.errors import DataError
from kcnn.progress import Progress
from kcnn.text.numbers import count_text

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif"})
MAX_NAMED = 10  # files, or kinds of files, in one line


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Raise a DataError that names the path where the operating system refuses to look at it."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None


def find_images(paths: Iterable[Path], progress: Progress) -> list[Path]:
    """List image files: each file that is named, and all images in and below each folder.

    Args:
        paths: Files and folders.
        progress: Receives a note on files of other kinds in the folders.

    Returns:
        Files as they were named, a folder's images sorted by path; hidden ones are left out.

    Raises:
        DataError: A path does not exist or cannot be read, or a folder has no images.
    """
    images: list[Path] = []
    others: Counter[str] = Counter()
    for path in paths:
        with reading(path):
            if path.is_dir():
                inside, beside = images_below(path)
                if not inside:
                    raise DataError(f"{path}: no PNG, JPEG, BMP or GIF images in this folder")
                images.extend(inside)
                others.update(beside)
            elif path.exists():
                images.append(path)
            else:
                raise DataError(f"{path}: no such file or folder")
    if others:
        progress.note(describe_left_out(others))
    return images


def images_below(folder: Path) -> tuple[list[Path], Counter[str]]:
    """List the image files in and below a folder, sorted by path, without hidden ones.

    The system lists names together with their kinds, and only links are looked up one by one. So a
    million files take seconds.

    Returns:
        The images, and how many files of each other kind there are, `.webp` for instance.

    Raises:
        OSError: A folder cannot be read.
    """
    images: list[Path] = []
    others: Counter[str] = Counter()
    folders = [folder]
    while folders:
        with os.scandir(inner := folders.pop()) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                path = inner / entry.name
                if entry.is_dir(follow_symlinks=False):
                    folders.append(path)
                elif entry.is_file():
                    suffix = path.suffix.lower()
                    if suffix in SUFFIXES:
                        images.append(path)
                    else:
                        others[suffix] += 1
    images.sort(key=lambda path: path.parts)  # several times as fast as comparing paths
    return images, others


def images_in(folder: Path) -> list[Path]:
    """List the image files directly in a folder, in no order, without hidden ones."""
    return [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    ]


def describe_left_out(others: Mapping[str, int]) -> str:
    """Return a note on files of other kinds that were left out."""
    total = sum(others.values())
    files = count_text(total, "file that is", "files that are")
    return f"left out {files} not PNG, JPEG, BMP or GIF: {describe_kinds(others)}"


def describe_kinds(others: Mapping[str, int]) -> str:
    """Return the number of files of each kind, the most frequent first: `2 .webp, 1 .heic`."""
    kinds = sorted(others, key=lambda kind: (-others[kind], kind))
    named = [f"{others[kind]:,} {kind or 'without a suffix'}" for kind in kinds[:MAX_NAMED]]
    more = ["…"] if len(kinds) > MAX_NAMED else []
    return ", ".join([*named, *more])
