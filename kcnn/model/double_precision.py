"""Convert a model to float64, for checks that need more digits than float32 has."""

from __future__ import annotations

import keras

from kcnn.model.application import use_statistics


class _GroupedConvolution(keras.layers.Conv2D):
    """A convolution for each group. Keras compiles groups with XLA, ten times slower in float64."""

    def convolution_op(self, inputs: keras.KerasTensor, kernel: keras.KerasTensor) -> object:
        """Convolve inputs of shape (batch, height, width, channels)."""
        groups = zip(
            keras.ops.split(inputs, self.groups, axis=-1),
            keras.ops.split(kernel, self.groups, axis=-1),
            strict=True,
        )
        convolve = super().convolution_op
        return keras.ops.concatenate([convolve(*group) for group in groups], axis=-1)


class _MatrixUpSampling(keras.layers.UpSampling2D):
    """Interpolation as two matrix products, because TensorFlow's kernels are float32 only."""

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Enlarge inputs of shape (batch, height, width, channels)."""
        height, width = inputs.shape[1:3]
        rows = self._weights(keras.ops.eye(height)[:, :, None, None])[:, :, 0, 0]
        columns = self._weights(keras.ops.eye(width)[:, None, :, None])[:, 0, :, 0]
        return keras.ops.einsum("hi,wj,bhwc->bijc", rows, columns, inputs)

    def _weights(self, unit_images: keras.KerasTensor) -> keras.KerasTensor:
        """Enlarge images with a single 1: the result is its weight in each output."""
        return keras.ops.cast(super().call(unit_images), "float64")


def in_float64(model: keras.Model) -> keras.Model:
    """Return a copy of a model with every layer in float64, the scaling of pixels too.

    Args:
        model: A functional model.

    Returns:
        A new model with copies of the weights.
    """
    copy = keras.models.clone_model(model, clone_function=_layer_in_float64)
    copy.set_weights(model.get_weights())
    use_statistics(copy)
    return copy


def _layer_in_float64(layer: keras.Layer) -> keras.Layer:
    if isinstance(layer, keras.Model):
        return keras.models.clone_model(layer, clone_function=_layer_in_float64)
    kind = type(layer)
    if kind is keras.layers.Conv2D and layer.groups > 1:
        kind = _GroupedConvolution
    elif kind is keras.layers.UpSampling2D and layer.interpolation != "nearest":
        kind = _MatrixUpSampling
    return kind.from_config({**layer.get_config(), "dtype": "float64"})
