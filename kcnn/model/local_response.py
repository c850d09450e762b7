"""Local response normalization, a layer that Keras does not have."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("kcnn")
class LocalResponseNormalization(keras.layers.Layer):
    """Divide each value by (bias + alpha·s)^beta, s the sum of squares over neighboring channels.

    From Krizhevsky, Sutskever and Hinton (2012), section 3.3, with their constants as defaults.

    Args:
        depth_radius: Number of neighboring channels on either side; n/2 in the paper.
        bias: k in the paper.
        alpha: Weight of the sum of squares.
        beta: Exponent.
    """

    def __init__(
        self,
        depth_radius: int = 2,
        bias: float = 2.0,
        alpha: float = 1e-4,
        beta: float = 0.75,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.depth_radius = depth_radius
        self.bias = bias
        self.alpha = alpha
        self.beta = beta

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Normalize inputs of shape (batch, height, width, channels)."""
        if inputs.dtype == tf.float64:  # TensorFlow's kernel has no float64
            return self._by_formula(inputs)
        # In float32, because TensorFlow's kernel has no gradient in bfloat16 on the CPU.
        normalized = tf.nn.local_response_normalization(
            tf.cast(inputs, tf.float32), self.depth_radius, self.bias, self.alpha, self.beta
        )
        return tf.cast(normalized, inputs.dtype)

    def _by_formula(self, inputs: tf.Tensor) -> tf.Tensor:
        channels, radius = inputs.shape[-1], self.depth_radius
        squares = tf.pad(tf.square(inputs), [[0, 0], [0, 0], [0, 0], [radius, radius]])
        starts = range(2 * radius + 1)
        sums = tf.add_n([squares[..., start : start + channels] for start in starts])
        return inputs / (self.bias + self.alpha * sums) ** self.beta

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, from which Keras builds the layer again."""
        return {
            **super().get_config(),
            "depth_radius": self.depth_radius,
            "bias": self.bias,
            "alpha": self.alpha,
            "beta": self.beta,
        }
