"""Initializers that Keras does not have."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


@keras.saving.register_keras_serializable("kcnn")
class Dirac(keras.initializers.VarianceScaling):
    """Initialize a convolution so that it returns its input (Zagoruyko and Komodakis, 2017).

    The first filters, as many as there are input channels, have a 1 in the middle of their own
    channel and 0 elsewhere. Further filters are uniform between -1/√(fan in) and 1/√(fan in), as in
    airbench94 (Jordan, 2024, arXiv:2404.00498).

    Args:
        seed: Seed of the further filters; None for Keras's next seed.
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(scale=1 / 3, mode="fan_in", distribution="uniform", seed=seed)

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> Any:
        """Return a kernel of shape (height, width, channels, filters)."""
        height, width, channels, filters = shape
        further = super().__call__(shape, dtype)
        identity = np.zeros(shape, "float32")
        first = np.arange(min(channels, filters))
        identity[(height - 1) // 2, (width - 1) // 2, first, first] = 1
        is_first = np.arange(filters) < channels
        return keras.ops.where(is_first, keras.ops.cast(identity, further.dtype), further)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, from which Keras builds it again."""
        return {"seed": super().get_config()["seed"]}
