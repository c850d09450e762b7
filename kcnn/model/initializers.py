"""Initializers that Keras does not have."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


@keras.saving.register_keras_serializable("kcnn")
class Dirac(keras.initializers.VarianceScaling):
    """Kernels of convolutions that hand their input on (Zagoruyko and Komodakis, 2017).

    Each of the first filters, as many as there are input channels, has a 1 in the middle of its own
    channel and 0 elsewhere. Those beyond are uniform between plus and minus 1 / sqrt(fan in), as
    airbench94 has them (Jordan, 2024, arXiv:2404.00498).

    Args:
        seed: Draws the others; Keras's next one when None.
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(scale=1 / 3, mode="fan_in", distribution="uniform", seed=seed)

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> Any:
        """Makes a kernel of shape (height, width, channels, filters)."""
        height, width, channels, filters = shape
        others = super().__call__(shape, dtype)
        handed_on = np.zeros(shape, "float32")
        same = np.arange(min(channels, filters))
        handed_on[(height - 1) // 2, (width - 1) // 2, same, same] = 1
        is_same = np.arange(filters) < channels
        return keras.ops.where(is_same, keras.ops.cast(handed_on, others.dtype), others)

    def get_config(self) -> dict[str, Any]:
        """Gives its arguments, so that it can be made again."""
        return {"seed": super().get_config()["seed"]}
