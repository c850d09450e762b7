"""Layers with a kernel: convolutions and `Dense`."""

from __future__ import annotations

from kcnn.recipe.constraints import Constraint
from kcnn.recipe.fields import ActivationName, Count, Extra, Padding, PoolPadding, Settings, Size
from kcnn.recipe.initializers import Conv2DInitializer, Initializer
from kcnn.recipe.layers.layer import Layer
from kcnn.recipe.regularizers import Regularizer


class Weighted(Layer):
    """What every layer with a kernel takes.

    Args:
        activation: What its result goes through; nothing when left out.
        use_bias: Adds a learned number to each channel or unit.
        bias_initializer: How these weights begin.
        bias_regularizer: What the loss adds to keep these weights small.
        bias_constraint: What these weights must keep to after each step.
        trainable: Whether training changes its weights.
    """

    activation: ActivationName = None
    use_bias: bool = True
    bias_initializer: Initializer | None = None
    bias_regularizer: Regularizer | None = None
    bias_constraint: Constraint | None = None
    trainable: bool | None = None


class _Kernel(Settings):
    """What a layer with one kernel takes.

    Args:
        kernel_initializer: How these weights begin.
        kernel_regularizer: What the loss adds to keep these weights small.
        kernel_constraint: What these weights must keep to after each step.
    """

    kernel_initializer: Initializer | None = None
    kernel_regularizer: Regularizer | None = None
    kernel_constraint: Constraint | None = None


class Window(Weighted):
    """What slides a window over the map.

    Args:
        kernel_size: Height and width of the window.
        strides: How far the window moves each time.
        padding: Zeros around the map: none (valid), as many as keep its size at stride 1 (same), or
            so many pixels on each side.
        dilation_rate: The distance of neighbouring values in the window.
    """

    kernel_size: Size
    strides: Size = 1
    padding: Padding = "valid"
    dilation_rate: Size = 1


class Conv2D(Window, _Kernel):
    """A convolution; `padding` may also be a number of pixels.

    Args:
        filters: How many filters, each of which gives a channel.
        groups: Groups that the channels are divided into, each with filters of its own.
        kernel_initializer: How these weights begin; `Dirac` and `Whitening` may stand here too.
    """

    filters: Count
    groups: Count = 1
    kernel_initializer: Conv2DInitializer | None = None


class _Depthwise(Settings):
    """What works on each channel by itself.

    Args:
        depth_multiplier: How many filters each channel has.
        depthwise_initializer: How these weights begin.
        depthwise_regularizer: What the loss adds to keep these weights small.
        depthwise_constraint: What these weights must keep to after each step.
    """

    depth_multiplier: Count = 1
    depthwise_initializer: Initializer | None = None
    depthwise_regularizer: Regularizer | None = None
    depthwise_constraint: Constraint | None = None


class DepthwiseConv2D(Window, _Depthwise):
    """A convolution of each channel by itself."""


class SeparableConv2D(Window, _Depthwise):
    """A convolution of each channel, then a 1 × 1 convolution over channels.

    Args:
        filters: How many filters the second convolution has, each of which gives a channel.
        pointwise_initializer: How these weights begin.
        pointwise_regularizer: What the loss adds to keep these weights small.
        pointwise_constraint: What these weights must keep to after each step.
    """

    filters: Count
    pointwise_initializer: Initializer | None = None
    pointwise_regularizer: Regularizer | None = None
    pointwise_constraint: Constraint | None = None


class Conv2DTranspose(Weighted, _Kernel):
    """The transpose of a convolution: it enlarges the map by its strides.

    Args:
        filters: How many filters, each of which gives a channel.
        kernel_size: Height and width of the window.
        strides: How many times the map is enlarged.
        padding: The result is as large as the windows reach (valid), or `strides` times the map
            (same).
        output_padding: Rows and columns added to one side of the result.
        dilation_rate: The distance of neighbouring values in the window.
    """

    filters: Count
    kernel_size: Size
    strides: Size = 1
    padding: PoolPadding = "valid"
    output_padding: Extra | None = None
    dilation_rate: Size = 1


class Dense(Weighted, _Kernel):
    """Every output reads every input.

    Args:
        units: How many outputs; one a class in the last layer.
    """

    units: Count
