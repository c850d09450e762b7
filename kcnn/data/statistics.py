"""Mean and variance of pixel values, exact, without a copy of the images as floats."""

from __future__ import annotations

import numpy as np

from kcnn.data.batches import read_batches
from kcnn.data.dataset import Images
from kcnn.progress import Progress

_BATCH_SIZE = 256  # bincount converts its input to 64-bit integers


def channel_statistics(
    images: Images, progress: Progress | None = None
) -> tuple[list[float], list[float]]:
    """Compute each channel's mean and variance from its histogram.

    Args:
        images: The training images.
        progress: Shows how many have been read.

    Returns:
        Mean and variance of each channel, in pixel values 0..255.
    """
    channels = images.shape[-1]
    histograms = np.zeros((channels, 256), np.int64)
    with (progress or Progress()).task(
        "Computing the mean of the images", len(images), "images"
    ) as advance:
        for batch in read_batches(images, _BATCH_SIZE):
            for channel in range(channels):
                plane = batch[..., channel].reshape(-1)
                histograms[channel] += np.bincount(plane, minlength=256)
            advance(len(batch))
    values = np.arange(256, dtype=np.float64)
    means, variances = [], []
    for counts in histograms:
        mean = float(counts @ values) / counts.sum()
        means.append(mean)
        variances.append(float(counts @ (values - mean) ** 2) / counts.sum())
    return means, variances
