"""The perceptual hash of thumbnails, and all pairs of hashes that are close."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kcnn.data.survey.survey import SIDE

_LOW = 8  # frequencies in each direction
_BLOCK = 4096  # thumbnails at once
ROWS, _COLUMNS = 64, 16_384  # hashes compared at once: 8 MB


def perceptual_hashes(thumbnails: np.ndarray) -> np.ndarray:
    """Compute 64 bits of each image that survive resizing, compression and changes of brightness.

    A bit is 1 if one of the 64 lowest frequencies of the discrete cosine transform is above their
    median (Zauner 2010, "Implementation and benchmarking of perceptual image hash
    functions", chapter 3.2.1).

    Args:
        thumbnails: uint8, (count, SIDE, SIDE).

    Returns:
        uint64, (count,).
    """
    grid = np.arange(SIDE)
    transform = np.cos(np.pi / SIDE * (grid + 0.5) * np.arange(_LOW)[:, None]).astype(np.float32)
    hashes = [
        _bits(transform @ thumbnails[start : start + _BLOCK].astype(np.float32) @ transform.T)
        for start in range(0, len(thumbnails), _BLOCK)
    ]
    return np.concatenate([np.empty(0, np.uint64), *hashes])


def _bits(frequencies: np.ndarray) -> np.ndarray:
    values = frequencies.reshape(len(frequencies), -1)
    # The first is the brightness, which the median leaves out.
    bits = values > np.median(values[:, 1:], axis=1, keepdims=True)
    hashes: np.ndarray = np.packbits(bits, axis=1).view(np.uint64)[:, 0]
    return hashes


def close_pairs(hashes: np.ndarray, distance: int, first_row: int) -> Iterator[np.ndarray]:
    """Yield pairs of hashes that differ in few bits, for some rows of the table of all pairs.

    Every pair is compared: 100,000 hashes take some ten seconds of one core, and no index is
    faster by much, since it would have to find hashes that differ in up to ten of 64 bits.

    Args:
        hashes: uint64, (count,).
        distance: Limit of the bits that differ.
        first_row: The first of ROWS rows.

    Yields:
        Indices, (pairs, 2), the smaller one first.
    """
    rows = hashes[first_row : first_row + ROWS, None]
    for start in range(first_row, len(hashes), _COLUMNS):
        differing = np.bitwise_count(rows ^ hashes[None, start : start + _COLUMNS])
        row, column = np.divmod(np.flatnonzero(differing <= distance), differing.shape[1])
        row, column = row + first_row, column + start
        later = row < column
        if later.any():
            yield np.stack([row[later], column[later]], axis=1)
