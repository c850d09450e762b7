from __future__ import annotations

import keras
import numpy as np
import pytest

from kcnn.model.initializers import Dirac


def convolved(images: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    return keras.ops.convert_to_numpy(keras.ops.conv(images, kernel, padding="same"))


@pytest.mark.parametrize("size", [(3, 3), (1, 5), (2, 2)])
def test_first_filters_return_their_channel(size: tuple[int, int]) -> None:
    images = np.random.default_rng(0).normal(size=(2, 6, 7, 3)).astype(np.float32)
    kernel = Dirac(seed=1)((*size, 3, 5))
    assert kernel.shape == (*size, 3, 5)
    np.testing.assert_array_equal(convolved(images, kernel)[..., :3], images)


def test_fewer_filters_than_channels() -> None:
    images = np.random.default_rng(0).normal(size=(2, 4, 4, 5)).astype(np.float32)
    np.testing.assert_array_equal(convolved(images, Dirac()((3, 3, 5, 2))), images[..., :2])


def test_further_filters_are_uniform_and_depend_on_the_seed() -> None:
    shape = (3, 3, 4, 100)
    further = np.array(Dirac(seed=1)(shape))[..., 4:]
    limit = 1 / 6  # fan in 36
    assert abs(further).max() <= limit
    assert further.max() > 0.99 * limit
    assert further.std() == pytest.approx(limit / 3**0.5, rel=0.03)
    np.testing.assert_array_equal(np.array(Dirac(seed=1)(shape))[..., 4:], further)
    assert not np.array_equal(np.array(Dirac(seed=2)(shape))[..., 4:], further)


def test_without_a_seed_the_filters_depend_on_keras_s_seed() -> None:
    kernels = []
    for seed in (3, 3, 4):
        keras.utils.set_random_seed(seed)
        kernels.append(np.array(Dirac()((3, 3, 1, 4))))
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[0], kernels[2])


def test_layer_is_equal_after_from_config() -> None:
    layer = keras.layers.Conv2D(4, 3, kernel_initializer=Dirac(seed=5))
    again = keras.layers.Conv2D.from_config(layer.get_config())
    images = np.zeros((1, 5, 5, 2), np.float32)
    layer(images), again(images)
    np.testing.assert_array_equal(layer.kernel, again.kernel)
