from __future__ import annotations

import keras
import numpy as np

from kcnn.model.first_kernel import first_kernel


def test_returns_a_copy_of_the_first_kernel() -> None:
    convolution = keras.layers.Conv2D(3, 2, kernel_initializer="ones")
    model = keras.Sequential(
        [keras.Input((8, 8, 2)), keras.layers.ReLU(), convolution, keras.layers.Conv2D(5, 1)]
    )
    kernel = first_kernel(model)
    assert kernel.shape == (2, 2, 2, 3)
    assert kernel.dtype == np.float32
    convolution.kernel.assign(keras.ops.zeros_like(convolution.kernel))
    assert (kernel == 1).all()


def test_returns_none_without_convolutions() -> None:
    model = keras.Sequential([keras.Input((8, 8, 2)), keras.layers.Flatten()])
    assert first_kernel(model) is None
