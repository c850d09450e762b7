from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

from kcnn.training.optimizers.muon import ConvolutionMuon, orthogonalize

RANDOM = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("shape", [(27, 8), (8, 27), (16, 16)])
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_singular_values_are_close_to_1(shape: tuple[int, int], scale: float) -> None:
    matrix = scale * normal(*shape)
    near = orthogonalize(tf.constant(matrix), 5).numpy()
    values = np.linalg.svd(near, compute_uv=False)
    assert values.min() > 0.6
    assert values.max() < 1.25
    # The directions stay: only the lengths along them change.
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    along = left.T @ near @ right.T
    np.testing.assert_allclose(along, np.diag(np.diag(along)), atol=1e-3)
    assert (np.diag(along) > 0.6).all()


def test_a_gradient_of_0_changes_no_weight() -> None:
    np.testing.assert_array_equal(orthogonalize(tf.zeros((6, 4)), 5), np.zeros((6, 4)))


def orthogonal_by_hand(matrix: np.ndarray, steps: int) -> np.ndarray:
    wide = matrix.T / (np.linalg.norm(matrix) + 1e-7)
    for _ in range(steps):
        squares = wide @ wide.T
        wide = 3.4445 * wide - 4.7750 * squares @ wide + 2.0315 * squares @ squares @ wide
    return wide.T


@pytest.mark.parametrize("nesterov", [True, False])
@pytest.mark.parametrize("normalize", [True, False])
def test_two_steps_of_a_convolution_by_hand(nesterov: bool, normalize: bool) -> None:
    kernel = keras.Variable(normal(3, 3, 2, 4), name="kernel")
    by_hand, moving = kernel.numpy(), 0.0
    optimizer = ConvolutionMuon(0.1, momentum=0.6, nesterov=nesterov, normalize=normalize)
    for _ in range(2):
        gradient = normal(3, 3, 2, 4)
        optimizer.apply([tf.constant(gradient)], [kernel])
        moving = 0.6 * moving + gradient
        ahead = gradient + 0.6 * moving if nesterov else moving
        if normalize:
            by_hand = by_hand * 2 / np.linalg.norm(by_hand)
        step = orthogonal_by_hand(ahead.reshape(18, 4), 5).reshape(3, 3, 2, 4)
        by_hand = by_hand - 0.1 * step
        np.testing.assert_allclose(kernel.numpy(), by_hand, atol=1e-5)


@pytest.mark.parametrize("shape", [(5,), (6, 3), (3, 3, 4, 1)])
def test_trains_all_other_weights_by_sgd(shape: tuple[int, ...]) -> None:
    start = normal(*shape)
    weight, same = keras.Variable(start), keras.Variable(start)
    muon = ConvolutionMuon(0.2, sgd_learning_rate_ratio=0.25, sgd_momentum=0.7, weight_decay=0.1)
    # Decay goes by the optimizer's own rate, which is that of the convolutions.
    sgd = keras.optimizers.SGD(0.05, momentum=0.7, nesterov=True, weight_decay=0.4)
    for _ in range(3):
        gradient = tf.constant(normal(*shape))
        muon.apply([gradient], [weight])
        sgd.apply([gradient], [same])
        np.testing.assert_allclose(weight.numpy(), same.numpy(), rtol=1e-5, atol=1e-6)


def test_weight_decay_does_not_change_a_normalized_kernel() -> None:
    start, gradient = normal(3, 3, 2, 4), tf.constant(normal(3, 3, 2, 4))
    kernels = [keras.Variable(start), keras.Variable(start)]
    for kernel, decay in zip(kernels, (None, 0.5), strict=True):
        ConvolutionMuon(0.1, weight_decay=decay).apply([gradient], [kernel])
    np.testing.assert_allclose(*(kernel.numpy() for kernel in kernels), rtol=1e-5)


def test_is_restored_from_its_config() -> None:
    optimizer = ConvolutionMuon(0.3, ns_steps=3, sgd_momentum=0.5, clipnorm=1.0)
    again = ConvolutionMuon.from_config(optimizer.get_config())
    assert again.get_config() == optimizer.get_config()


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_learns_the_digits(trained: Callable, precision: str) -> None:
    result = trained(
        "model.layers=[{Conv2D: {filters: 16, kernel_size: 3, use_bias: false}}, "
        "BatchNormalization, ReLU, {Conv2D: {filters: 16, kernel_size: 3}}, ReLU, Flatten, "
        "{Dense: {units: 10}}]",
        "train.optimizer={ConvolutionMuon: {learning_rate: 0.1, sgd_learning_rate_ratio: 0.2}}",
        f"train.precision={precision}",
    )
    assert result.training.row_of_weights["val_accuracy"] > 0.9
