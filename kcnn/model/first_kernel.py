"""The kernel of a model's first convolution, for the plot of it before and after training."""

from __future__ import annotations

import keras
import numpy as np


def first_kernel(model: keras.Model) -> np.ndarray | None:
    """Return a copy of the kernel of the first convolution.

    Returns:
        float32, shape (height, width, input channels, filters); None without a convolution.
    """
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            return first_kernel(layer)
        if isinstance(layer, keras.layers.Conv2D):
            return keras.ops.convert_to_numpy(layer.kernel).astype(np.float32)
    return None
