"""The weights of a model's first convolution, for the picture before and after training."""

from __future__ import annotations

import keras
import numpy as np

from kcnn.files.atomic import atomic
from kcnn.runs.folder import RunFolder


def first_kernel(model: keras.Model) -> np.ndarray | None:
    """Copies the kernel of the first convolution.

    Args:
        model: Any model.

    Returns:
        float32, shape (height, width, input channels, filters); None without a convolution.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            return keras.ops.convert_to_numpy(layer.kernel).astype(np.float32)
    return None


def write_kernels(run: RunFolder, before: np.ndarray | None, after: np.ndarray | None) -> None:
    """Writes filters.npz; a network without a convolution has none.

    Args:
        run: The run.
        before: The kernel that training began with.
        after: The same kernel when it ended.

    Raises:
        RunError: The run's folder cannot be written.
    """
    if before is not None and after is not None:
        with atomic(run.filters) as temporary:
            np.savez(temporary, before=before, after=after)
