"""Convolutions."""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import ClassVar

from kcnn.recipe.constraints import Constraint
from kcnn.recipe.fields import Count, Extra, Outputs, Padding, PoolPadding, Size
from kcnn.recipe.initializers import Conv2DInitializer, Initializer
from kcnn.recipe.layers.expression import Expression, Number, product
from kcnn.recipe.layers.kernel import KernelSettings, Weighted
from kcnn.recipe.layers.shapes import Shape, ShapeMistake, Sizes, pair
from kcnn.recipe.layers.window import (
    Windows,
    output_sizes,
    sliding_windows,
    window_reach,
    window_remarks,
)
from kcnn.recipe.regularizers import Regularizer


class Convolution(Weighted):
    """Arguments of every convolution that slides over its input.

    Args:
        kernel_size: Height and width of the window.
        strides: How far the window moves each time.
        padding: Zeros around the map: none (valid), as many as keep its size at stride 1 (same), or
            so many pixels on each side.
        dilation_rate: The distance of neighboring values in the window.
    """

    kernel_size: Size
    strides: Size = 1
    padding: Padding = "valid"
    dilation_rate: Size = 1

    needs_map = True

    def windows(self, shape: Shape) -> Windows:
        return sliding_windows(
            shape, self.kernel_size, self.strides, self.padding, self.dilation_rate
        )

    def _sizes(self, shape: Shape) -> Sizes:
        _require_one_of_strides_and_dilation(self.strides, self.dilation_rate)
        return (*output_sizes(self.windows(shape)), self._outputs(shape))

    def remarks(self, shape: Shape, batch_size: int) -> Iterator[str]:
        rows, columns = pair(self.kernel_size)
        return window_remarks(
            self.windows(shape),
            f"{rows * columns - 1} of the {rows}×{columns} weights only ever meet padding",
        )


class Conv2D(Convolution, KernelSettings):
    """A convolution; `padding` may also be a number of pixels.

    Args:
        filters: Number of filters; each makes one channel of the output. `classes` at the end of a
            fully convolutional model: one for each class.
        groups: Groups that the channels are divided into, each with filters of its own.
        kernel_initializer: Initial values of these weights; `Dirac` and `Whitening` too.
    """

    filters: Outputs
    groups: Count = 1
    kernel_initializer: Conv2DInitializer | None = None

    def _outputs(self, shape: Shape) -> int:
        return self.filters

    def _weights_of_an_output(self, shape: Shape) -> Expression:
        weights = product(*pair(self.kernel_size), shape[2])
        return weights // self.groups if self.groups > 1 else weights

    def _kernel_shapes(self, shape: Shape) -> list[Shape]:
        return [(*pair(self.kernel_size), shape[-1] // self.groups, self.filters)]

    def _sizes(self, shape: Shape) -> Sizes:
        channels = shape[2]
        if channels % self.groups or self.filters % self.groups:
            raise ShapeMistake(
                f"groups {self.groups} must divide the {channels} input channels "
                f"and the {self.filters} filters; write groups: {math.gcd(channels, self.filters)}"
            )
        return super()._sizes(shape)


class _Depthwise(Convolution):
    """Arguments of every convolution of each channel by itself.

    Args:
        depth_multiplier: Number of filters of each channel.
        depthwise_initializer: Initial values of these weights.
        depthwise_regularizer: Penalty on these weights, added to the loss.
        depthwise_constraint: Limit that these weights keep after each step.
    """

    depth_multiplier: Count = 1
    depthwise_initializer: Initializer | None = None
    depthwise_regularizer: Regularizer | None = None
    depthwise_constraint: Constraint | None = None

    @property
    def has_filter_columns(self) -> bool:
        return self.depth_multiplier == 1

    def _channels(self, shape: Shape) -> Number:
        """Return the number of channels after the depthwise convolution."""
        channels, times = shape[-1], self.depth_multiplier
        return channels if times == 1 else product(channels, times)

    def _kernel_shapes(self, shape: Shape) -> list[Shape]:
        return [(*pair(self.kernel_size), shape[-1], self.depth_multiplier)]

    def _sizes(self, shape: Shape) -> Sizes:
        down, across = pair(self.strides)
        if down != across:
            raise ShapeMistake(
                f"strides {self.strides}: TensorFlow has equal strides only here; write {down}"
            )
        return super()._sizes(shape)


class DepthwiseConv2D(_Depthwise):
    """A convolution of each channel by itself."""

    def _outputs(self, shape: Shape) -> Number:
        return self._channels(shape)

    def _weights_of_an_output(self, shape: Shape) -> Expression:
        return product(*pair(self.kernel_size))


class SeparableConv2D(_Depthwise):
    """A convolution of each channel, then a 1 × 1 convolution over channels.

    Args:
        filters: Number of filters of the second convolution; each makes one channel of the output.
        pointwise_initializer: Initial values of these weights.
        pointwise_regularizer: Penalty on these weights, added to the loss.
        pointwise_constraint: Limit that these weights keep after each step.
    """

    filters: Count
    pointwise_initializer: Initializer | None = None
    pointwise_regularizer: Regularizer | None = None
    pointwise_constraint: Constraint | None = None

    kernel_names = ("depthwise_kernel", "pointwise_kernel")

    def _outputs(self, shape: Shape) -> int:
        return self.filters

    def _kernel_shapes(self, shape: Shape) -> list[Shape]:
        pointwise = (1, 1, int(self._channels(shape)), self.filters)
        return [*super()._kernel_shapes(shape), pointwise]

    def _depthwise_weights(self, shape: Shape) -> Expression:
        return product(*pair(self.kernel_size), self._channels(shape))

    def _weights_of_an_output(self, shape: Shape) -> Expression:
        return product(self._channels(shape))  # of the pointwise kernel

    def parameters(self, shape: Shape) -> Expression:
        return self._depthwise_weights(shape) + super().parameters(shape)

    def multiply_adds(self, before: Shape, after: Shape) -> Expression:
        pointwise = product(self._channels(before), self.filters)
        return product(*after[:2]) * (self._depthwise_weights(before) + pointwise)


class Conv2DTranspose(Weighted, KernelSettings):
    """The transpose of a convolution: it enlarges the map by its strides.

    Args:
        filters: Number of filters; each makes one channel of the output.
        kernel_size: Height and width of the window.
        strides: How many times the map is enlarged.
        padding: The output is as large as the windows reach (valid), or `strides` times the map
            (same).
        output_padding: Rows and columns added to one side of the output.
        dilation_rate: The distance of neighboring values in the window.
    """

    filters: Count
    kernel_size: Size
    strides: Size = 1
    padding: PoolPadding = "valid"
    output_padding: Extra | None = None
    dilation_rate: Size = 1

    needs_map = True
    has_filter_columns: ClassVar[bool] = (
        False  # the last axis of its kernel counts the channels that it reads
    )

    @property
    def needs_onednn(self) -> bool:
        return max(pair(self.dilation_rate)) > 1

    def _outputs(self, shape: Shape) -> int:
        return self.filters

    def _weights_of_an_output(self, shape: Shape) -> Expression:
        return product(*pair(self.kernel_size), shape[2])

    def _kernel_shapes(self, shape: Shape) -> list[Shape]:
        return [(*pair(self.kernel_size), self.filters, shape[-1])]

    def multiply_adds(self, before: Shape, after: Shape) -> Expression:
        return super().multiply_adds(before, before)  # a window for each location of the input

    def _sizes(self, shape: Shape) -> Sizes:
        _require_one_of_strides_and_dilation(self.strides, self.dilation_rate)
        extra = (None, None) if self.output_padding is None else pair(self.output_padding)
        axes = zip(shape, *self._kernels_strides_dilations(), extra, strict=False)
        return (*(self._size(*axis) for axis in axes), self.filters)

    def _size(
        self, size: int, kernel: int, stride: int, dilation: int, padding: int | None
    ) -> Expression:
        reach, same = window_reach(kernel, dilation), self.padding == "same"
        spread = (Expression(size) - 1) * stride + reach
        if padding is None:
            return Expression(size) * stride if same or int(reach) <= stride else spread
        if padding >= stride:
            raise ShapeMistake(
                f"output_padding {padding} must be below the strides, {stride}; leave it out"
            )
        if same and int(reach) % 2 == 0 and padding == 0:
            # Keras plans it and TensorFlow cannot compute it.
            raise ShapeMistake(
                "output_padding 0 with an even kernel and padding same: leave it out"
            )
        return (spread - Expression(2) * (int(reach) // 2) if same else spread) + padding

    def _kernels_strides_dilations(self) -> tuple[tuple[int, int], ...]:
        return pair(self.kernel_size), pair(self.strides), pair(self.dilation_rate)

    def reach_and_stride(self, shape: Shape) -> list[tuple[int, Fraction]]:
        # Of the rows that a window spreads over, only each stride-th holds a value.
        return [
            (dilation * (kernel - 1) // stride + 1, Fraction(1, stride))
            for kernel, stride, dilation in zip(*self._kernels_strides_dilations(), strict=True)
        ]


def _require_one_of_strides_and_dilation(
    strides: int | list[int], dilation_rate: int | list[int]
) -> None:
    if max(pair(strides)) > 1 and max(pair(dilation_rate)) > 1:
        raise ShapeMistake("strides and dilation_rate are not both above 1 in Keras; keep one")
