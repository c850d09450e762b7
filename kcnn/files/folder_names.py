"""Names of folders and files made from other words."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import count
from pathlib import PurePosixPath

MAX_WORDS_LENGTH = 80
# Bytes of a name, of the 255 that file systems allow.
MAX_NAME_BYTES = 150
_MAX_SUFFIX = 10
# What Windows does not allow in names, and the names of its devices, with any suffix.
_FORBIDDEN = frozenset('<>:"/\\|?*')
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


def folder_name(words: str, content: str) -> str:
    """Return a name that is the same for the same content, and different for any other.

    Args:
        words: A name for people; what is unfit for a path becomes a dash.
        content: What the folder is for, in full.

    Returns:
        The words, as far as they fit into a path, and eight digits of the content's hash.
    """
    fit = re.sub(r"[^A-Za-z0-9._-]+", "-", words)
    digest = hashlib.sha256(content.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{fit[:MAX_WORDS_LENGTH]}-{digest[:8]}"


def valid_names(names: Sequence[str]) -> list[str]:
    """Return names for folders or files that every system accepts, all of them different.

    Windows and macOS do not tell upper from lower case, nor macOS composed from decomposed letters.

    Args:
        names: Any texts, such as names of classes, or of files with their suffixes.

    Returns:
        Each name, as far as it is valid: what is not becomes `_`, and a number tells names apart
        that would be the same.
    """
    valid = [_valid(name) for name in names]
    plain = Counter(map(_on_disk, valid))
    taken: set[str] = set()
    chosen = []
    for index, name in enumerate(valid):
        candidates = (_with_number(name, number) for number in count(index, len(names)))
        if _on_disk(name) in taken:
            name = next(
                other for other in candidates if _on_disk(other) not in taken | plain.keys()
            )
        taken.add(_on_disk(name))
        chosen.append(name)
    return chosen


def file_names(paths: Sequence[str]) -> list[str]:
    """Return a name for each of several files that come into one folder.

    Args:
        paths: Paths with forward slashes, all different.

    Returns:
        The last part of each path. Where files of several folders have the same name, it begins
        with their folders: `a/1.jpg` and `b/1.jpg` become `a-1.jpg` and `b-1.jpg`.
    """
    lasts = [path.rpartition("/")[2] for path in paths]
    seen = Counter(map(_on_disk, lasts))
    return valid_names(
        [
            last if seen[_on_disk(last)] == 1 else path.lstrip("./").replace("/", "-")
            for path, last in zip(paths, lasts, strict=True)
        ]
    )


def _valid(name: str) -> str:
    fit = "".join(
        "_" if letter in _FORBIDDEN or not letter.isprintable() else letter for letter in name
    )
    # Windows removes dots and spaces from the end.
    fit = re.sub(r"[. ]+$", lambda end: "_" * len(end[0]), fit.lstrip(" ")) or "_"
    if _DEVICE.fullmatch(fit):
        fit = f"_{fit}"
    stem, suffix = _split(fit)
    while len(f"{stem}{suffix}".encode()) > MAX_NAME_BYTES:
        stem = stem[:-1]
    return stem + suffix


def _with_number(name: str, number: int) -> str:
    stem, suffix = _split(name)
    return f"{stem}-{number}{suffix}"


def _split(name: str) -> tuple[str, str]:
    suffix = PurePosixPath(name).suffix
    # The dot of `No. 5, a class` begins no suffix.
    if not suffix[1:].isalnum() or len(suffix) > _MAX_SUFFIX:
        return name, ""
    return name.removesuffix(suffix), suffix


def _on_disk(name: str) -> str:
    """Return what is equal for names that some file system takes for the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
