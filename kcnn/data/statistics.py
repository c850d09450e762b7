"""Mean and variance of pixel values, exact, without a copy of the images as floats."""

from __future__ import annotations

import numpy as np


def channel_statistics(images: np.ndarray) -> tuple[list[float], list[float]]:
    """Compute each channel's mean and variance from its histogram.

    Args:
        images: uint8, shape (count, height, width, channels).

    Returns:
        Mean and variance of each channel, in pixel values 0..255.
    """
    values = np.arange(256, dtype=np.float64)
    means, variances = [], []
    for channel in range(images.shape[-1]):
        counts = _histogram(images[..., channel])
        mean = float(counts @ values) / counts.sum()
        means.append(mean)
        variances.append(float(counts @ (values - mean) ** 2) / counts.sum())
    return means, variances


def _histogram(plane: np.ndarray, chunk: int = 4096) -> np.ndarray:
    """Count values in chunks: bincount converts its input to 64-bit integers."""
    counts = np.zeros(256, dtype=np.int64)
    for start in range(0, len(plane), chunk):
        counts += np.bincount(plane[start : start + chunk].reshape(-1), minlength=256)
    return counts
