"""The layers a recipe may name: Keras's classes and arguments, one of ours, and two that nest.

A default given here is Keras's own and stands here only because shape arithmetic needs it; what a
recipe leaves out is never passed on. A test compares the two.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypeAliasType

from kcnn.recipe.fields import (
    ActivationName,
    Axes,
    BelowOne,
    Count,
    LayerName,
    LayerNames,
    Margin,
    NotNegative,
    Padding,
    PoolPadding,
    Positive,
    Settings,
    Size,
    UnitInterval,
    WholeNumber,
    accept,
    choice,
)
from kcnn.recipe.kinds import OneOf, table
from kcnn.recipe.weights import Constraint, Conv2DInitializer, Initializer, Regularizer


class Layer(Settings):
    """What every layer takes.

    Args:
        name: What later layers call it by; Keras's numbering when left out.
        inputs: The layers it reads, `image` for the input; the layer before it when left out.
    """

    name: LayerName | None = None
    inputs: LayerNames | None = None


class _Biased(Layer):
    activation: ActivationName = None
    use_bias: bool = True
    bias_initializer: Initializer | None = None
    bias_regularizer: Regularizer | None = None
    bias_constraint: Constraint | None = None
    trainable: bool | None = None


class _Kernel(Settings):
    kernel_initializer: Initializer | None = None
    kernel_regularizer: Regularizer | None = None
    kernel_constraint: Constraint | None = None


class _Window(_Biased):
    kernel_size: Size
    strides: Size = 1
    padding: Padding = "valid"
    dilation_rate: Size = 1


class Conv2D(_Window, _Kernel):
    """A convolution; `padding` may also be a number of pixels."""

    filters: Count
    groups: Count = 1
    kernel_initializer: Conv2DInitializer | None = None


class _Depthwise(Settings):
    depth_multiplier: Count = 1
    depthwise_initializer: Initializer | None = None
    depthwise_regularizer: Regularizer | None = None
    depthwise_constraint: Constraint | None = None


class DepthwiseConv2D(_Window, _Depthwise):
    """A convolution of each channel by itself."""


class SeparableConv2D(_Window, _Depthwise):
    """A convolution of each channel, then a 1 × 1 convolution over channels."""

    filters: Count
    pointwise_initializer: Initializer | None = None
    pointwise_regularizer: Regularizer | None = None
    pointwise_constraint: Constraint | None = None


class Conv2DTranspose(_Biased, _Kernel):
    """The transpose of a convolution: it enlarges the map by its strides."""

    filters: Count
    kernel_size: Size
    strides: Size = 1
    padding: PoolPadding = "valid"
    output_padding: Margin | None = None
    dilation_rate: Size = 1


class Dense(_Biased, _Kernel):
    """Every output reads every input."""

    units: Count


class _Pooling(Layer):
    strides: Size | None = None
    padding: PoolPadding = "valid"


class MaxPooling2D(_Pooling):
    """The largest value of each window."""

    pool_size: Size = 2


class AveragePooling2D(_Pooling):
    """The mean of each window; Keras gives `pool_size` no default here."""

    pool_size: Size


class _GlobalPooling(Layer):
    keepdims: bool = False


class GlobalMaxPooling2D(_GlobalPooling):
    """The largest value of each channel."""


class GlobalAveragePooling2D(_GlobalPooling):
    """The mean of each channel."""


class Flatten(Layer):
    """All values in one row."""


def _is_target_shape(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(type(one) is int and (one > 0 or one == -1) for one in value)
        and value.count(-1) <= 1
    )


class Reshape(Layer):
    """The same values in another shape."""

    target_shape: Annotated[
        list[int], accept(_is_target_shape, "whole numbers as in [7, 7, 64]; one may be -1")
    ]


class Dropout(Layer):
    """Sets a share of the values to 0 while training (Srivastava et al., 2014)."""

    rate: BelowOne
    seed: WholeNumber | None = None


class SpatialDropout2D(Dropout):
    """Dropout of whole channels."""


class GaussianNoise(Layer):
    """Adds normal noise while training."""

    stddev: NotNegative
    seed: WholeNumber | None = None


class _Normalization(Layer):
    axis: Axes = -1
    epsilon: Positive | None = None
    center: bool = True
    scale: bool = True
    beta_initializer: Initializer | None = None
    gamma_initializer: Initializer | None = None
    beta_regularizer: Regularizer | None = None
    gamma_regularizer: Regularizer | None = None
    beta_constraint: Constraint | None = None
    gamma_constraint: Constraint | None = None
    trainable: bool | None = None


class BatchNormalization(_Normalization):
    """Normalizes each channel over the batch (Ioffe and Szegedy, 2015)."""

    axis: Annotated[int, accept(lambda value: type(value) is int, "one axis, as in -1")] = -1
    momentum: UnitInterval | None = None
    moving_mean_initializer: Initializer | None = None
    moving_variance_initializer: Initializer | None = None
    synchronized: bool | None = None


class LayerNormalization(_Normalization):
    """Normalizes each image over the given axes (Ba et al., 2016)."""


class GroupNormalization(_Normalization):
    """Normalizes groups of channels of each image (Wu and He, 2018)."""

    axis: Annotated[int, accept(lambda value: type(value) is int, "one axis, as in -1")] = -1
    groups: Annotated[
        int,
        accept(
            lambda value: type(value) is int and (value > 0 or value == -1),
            "a positive whole number, or -1 for a group a channel",
        ),
    ] = 32


class LocalResponseNormalization(Layer):
    """Divides by the activity of neighbouring channels (Krizhevsky et al., 2012); not in Keras.

    Args:
        depth_radius: Neighbouring channels on either side.
        bias: What is added to the sum of squares; k in the paper.
        alpha: Weight of the sum of squares.
        beta: Exponent.
    """

    depth_radius: Count | None = None
    bias: Positive | None = None
    alpha: Positive | None = None
    beta: Positive | None = None


class Activation(Layer):
    """An activation function as a layer of its own."""

    activation: ActivationName


class ReLU(Layer):
    """max(0, x), or as its settings say."""

    max_value: NotNegative | None = None
    negative_slope: NotNegative | None = None
    threshold: NotNegative | None = None


class LeakyReLU(Layer):
    """x, or `negative_slope` times x below 0 (Maas et al., 2013)."""

    negative_slope: NotNegative | None = None


class PReLU(Layer):
    """Leaky ReLU with learned slopes (He et al., 2015)."""

    alpha_initializer: Initializer | None = None
    alpha_regularizer: Regularizer | None = None
    alpha_constraint: Constraint | None = None
    shared_axes: Axes | None = None
    trainable: bool | None = None


class ELU(Layer):
    """x, or alpha (exp(x) - 1) below 0 (Clevert et al., 2016)."""

    alpha: NotNegative | None = None


class Softmax(Layer):
    """Probabilities that sum to 1."""

    axis: Axes = -1


class Rescaling(Layer):
    """Multiplies by `scale` and adds `offset`."""

    scale: float
    offset: float | None = None


class ZeroPadding2D(Layer):
    """A border of zeros."""

    padding: Margin = 1


class Cropping2D(Layer):
    """Cuts the border off."""

    cropping: Margin = 0


class UpSampling2D(Layer):
    """Enlarges the map by repeating or interpolating."""

    size: Size = 2
    interpolation: Annotated[
        str | None, choice("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
    ] = None


class Add(Layer):
    """The sum of its inputs."""


class Multiply(Layer):
    """The product of its inputs."""


class Average(Layer):
    """The mean of its inputs."""


class Maximum(Layer):
    """The largest of its inputs, value by value."""


class Concatenate(Layer):
    """Its inputs one behind the other."""

    axis: Annotated[int, accept(lambda value: type(value) is int, "one axis, as in -1")] = -1


LAYERS: dict[str, type[Settings]] = {}
AnyLayer = TypeAliasType("AnyLayer", Annotated[Layer, OneOf(LAYERS, "layer", identifiers=False)])
Layers = Annotated[list[AnyLayer], Field(min_length=1)]


class Residual(Layer):
    """The sum of a body and a shortcut around it (He et al., 2016).

    Args:
        body: The layers whose result is added.
        shortcut: The layers on the way round; none lets the input through as it is.
    """

    body: Layers
    shortcut: list[AnyLayer] = []


class Repeat(Layer):
    """The same layers several times, one behind the other, each time with weights of its own.

    Args:
        times: How often.
        body: The layers.
    """

    times: Annotated[int, Field(gt=0, le=1000)]
    body: Layers


LAYERS.update(
    table(
        Conv2D, SeparableConv2D, DepthwiseConv2D, Conv2DTranspose, Dense,
        MaxPooling2D, AveragePooling2D, GlobalAveragePooling2D, GlobalMaxPooling2D,
        Flatten, Reshape, Dropout, SpatialDropout2D, GaussianNoise,
        BatchNormalization, LayerNormalization, GroupNormalization, LocalResponseNormalization,
        Activation, ReLU, LeakyReLU, PReLU, ELU, Softmax, Rescaling,
        ZeroPadding2D, Cropping2D, UpSampling2D,
        Add, Concatenate, Multiply, Average, Maximum,
        Residual, Repeat,
    )
)  # fmt: skip
