"""The error for a file or folder that the operating system refuses to read."""

from __future__ import annotations

import errno
from pathlib import Path

from kcnn.errors import DataError


def cannot_read(path: Path | str, error: OSError) -> DataError:
    """Return the error for a file or folder that cannot be read, with what to do about it.

    Args:
        path: The file or folder.
        error: Of the operating system.
    """
    return DataError(f"{path}: cannot be read: {error.strerror or error}", how_to_read(error))


def how_to_read(error: OSError) -> str:
    """Return what to do about a file or folder that cannot be read."""
    match error.errno:
        case errno.EACCES | errno.EPERM:
            return "change its permissions so that you may read it (chmod u+r FILE, u+rx FOLDER)"
        case errno.ENAMETOOLONG:
            return "the path is too long: give the file or its folders shorter names"
        case errno.ELOOP:
            return "it is a link to itself: remove it"
        case errno.ENOENT | errno.ENOTDIR:
            return "bring it back: it was moved, renamed or removed"
        case errno.EMFILE | errno.ENFILE:
            return "too many files are open: close other programs, or raise ulimit -n"
    return "is its drive connected? Otherwise copy it there once more"
