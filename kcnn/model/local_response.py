"""Local response normalization as a Keras layer; Keras has none."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("kcnn")
class LocalResponseNormalization(keras.layers.Layer):
    """Divides each value by the activity of neighbouring channels at its place.

    From Krizhevsky, Sutskever and Hinton (2012), section 3.3, with their constants as defaults.

    Args:
        depth_radius: Neighbouring channels on either side.
        bias: What is added to the sum of squares; k in the paper.
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
        """Normalizes maps of shape (batch, height, width, channels)."""
        if inputs.dtype == tf.float64:  # which TensorFlow's kernel does not take
            return self._by_formula(inputs)
        # In float32: TensorFlow's kernel has no gradient in bfloat16 on a processor.
        normalized = tf.nn.local_response_normalization(
            tf.cast(inputs, tf.float32), self.depth_radius, self.bias, self.alpha, self.beta
        )
        return tf.cast(normalized, inputs.dtype)

    def _by_formula(self, inputs: tf.Tensor) -> tf.Tensor:
        channels, radius = inputs.shape[-1], self.depth_radius
        squares = tf.pad(tf.square(inputs), [[0, 0], [0, 0], [0, 0], [radius, radius]])
        near = tf.add_n([squares[..., i : i + channels] for i in range(2 * radius + 1)])
        return inputs / (self.bias + self.alpha * near) ** self.beta

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Gives the shape unchanged."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Gives what saving needs."""
        return {
            **super().get_config(),
            "depth_radius": self.depth_radius,
            "bias": self.bias,
            "alpha": self.alpha,
            "beta": self.beta,
        }
