"""A model in float64, for sums that float32 is too coarse for."""

from __future__ import annotations

import keras


class _ConvolutionOfGroups(keras.layers.Conv2D):
    """One convolution a group; Keras's way through XLA takes ten times as long in float64."""

    def convolution_op(self, inputs: keras.KerasTensor, kernel: keras.KerasTensor) -> object:
        """Convolves maps of shape (batch, height, width, channels)."""
        groups = zip(
            keras.ops.split(inputs, self.groups, axis=-1),
            keras.ops.split(kernel, self.groups, axis=-1),
            strict=True,
        )
        convolve = super().convolution_op
        return keras.ops.concatenate([convolve(*group) for group in groups], axis=-1)


class _UpSamplingByMatrices(keras.layers.UpSampling2D):
    """Interpolation as two matrix products; TensorFlow's kernels compute it in float32."""

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Enlarges maps of shape (batch, height, width, channels)."""
        height, width = inputs.shape[1:3]
        down = self._weights(keras.ops.eye(height)[:, :, None, None])[:, :, 0, 0]
        across = self._weights(keras.ops.eye(width)[:, None, :, None])[:, 0, :, 0]
        return keras.ops.einsum("hi,wj,bhwc->bijc", down, across, inputs)

    def _weights(self, unit_maps: keras.KerasTensor) -> keras.KerasTensor:
        """Enlarges maps with a single 1 each, for how much every output takes of it."""
        return keras.ops.cast(super().call(unit_maps), "float64")


def in_float64(model: keras.Model) -> keras.Model:
    """Builds a model again with every layer in float64, the scaling of pixels among them.

    Args:
        model: A functional model.

    Returns:
        A model of its own with the same weights.
    """
    copy = keras.models.clone_model(model, clone_function=_layer_in_float64)
    copy.set_weights(model.get_weights())
    return copy


def _layer_in_float64(layer: keras.Layer) -> keras.Layer:
    kind = type(layer)
    if kind is keras.layers.Conv2D and layer.groups > 1:
        kind = _ConvolutionOfGroups
    elif kind is keras.layers.UpSampling2D and layer.interpolation != "nearest":
        kind = _UpSamplingByMatrices
    return kind.from_config({**layer.get_config(), "dtype": "float64"})
