"""Files of weights, recognized by their first bytes."""

from __future__ import annotations

from pathlib import Path

from kcnn.files.read import opened

# HDF5, and the zip archive that a `.keras` file is.
_SIGNATURES = (b"\x89HDF\r\n\x1a\n", b"PK\x03\x04")


def begins_like_weights(path: Path) -> bool:
    """Return whether a file begins as `.h5`, `.weights.h5` and `.keras` files do.

    Raises:
        OSError: It is missing, or cannot be read.
        RunError: It is not a regular file.
    """
    with opened(path) as stream:
        return stream.read(max(map(len, _SIGNATURES))).startswith(_SIGNATURES)
