"""Keras's Adam, AdamW and SGD, each weight updated by a single operation."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


class FusedAdam(keras.optimizers.Adam):
    """Keras's Adam (Kingma and Ba, 2015, arXiv:1412.6980), on one device.

    Keras computes an update in a dozen operations, each of which reads and writes as many values
    as the weight has. TensorFlow's kernel reads and writes them once. The formula is the same; the
    last digits of the weights may differ.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update a weight and its two averages."""
        if self.amsgrad:  # which the kernel does not have
            super().update_step(gradient, variable, learning_rate)
            return
        index, dtype = self._get_variable_index(variable), variable.dtype
        step = tf.cast(self.iterations + 1, dtype)
        beta_1, beta_2 = tf.cast(self.beta_1, dtype), tf.cast(self.beta_2, dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=beta_1**step,
            beta2_power=beta_2**step,
            lr=tf.cast(learning_rate, dtype),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=tf.cast(self.epsilon, dtype),
            grad=tf.cast(gradient, dtype),
        )


class FusedAdamW(FusedAdam, keras.optimizers.AdamW):
    """Keras's AdamW (Loshchilov and Hutter, 2019, arXiv:1711.05101), updated as by `FusedAdam`.

    AdamW differs from Adam in the default of `weight_decay` alone. Keras applies the decay outside
    of `update_step`.
    """


class FusedSGD(keras.optimizers.SGD):
    """Keras's SGD, on one device, by the kernel that TensorFlow has for Keras's momentum."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update a weight and its momentum."""
        if self.momentum == 0:  # then Keras has no momentums for the kernel
            super().update_step(gradient, variable, learning_rate)
            return
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=self.momentums[self._get_variable_index(variable)].value.handle,
            lr=tf.cast(learning_rate, variable.dtype),
            grad=tf.cast(gradient, variable.dtype),
            momentum=tf.cast(self.momentum, variable.dtype),
            use_nesterov=self.nesterov,
        )
