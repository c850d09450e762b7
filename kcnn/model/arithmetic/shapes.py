"""Shape arithmetic: what each layer makes of its input's shape, without Keras.

Shapes are without the batch: `(height, width, channels)` for maps, `(features,)` for rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import singledispatch
from typing import Any, NamedTuple

from kcnn.model.graph import MERGING
from kcnn.recipe import layers
from kcnn.recipe.layers import Layer

Shape = tuple[int, ...]
# From here on two maps differ by strides, and not by a border that was cut off.
_STRIDED = 1.5


class TransposedAxis(NamedTuple):
    """One axis of a transposed convolution.

    Args:
        size: Of the map that it reads, along this axis.
        kernel: Of the kernel.
        stride: How far the kernel moves.
        dilation: How far its values lie apart.
        padding: The layer's `output_padding`; None where Keras chooses.
    """

    size: int
    kernel: int
    stride: int
    dilation: int
    padding: int | None


class ShapeMistake(Exception):  # noqa: N818  a mistake of the recipe, not an error of ours
    """A layer that cannot take what comes in; says the sizes and a way out."""


def shown(shape: Shape) -> str:
    """Writes a shape as people do: `28×28×1`."""
    return "×".join(map(str, shape))


def pair(value: Any) -> tuple[int, int]:
    """Gives height and width of a size that may be one number for both."""
    if isinstance(value, int):
        return value, value
    first, second = value
    return first, second


def borders(value: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """Gives ((top, bottom), (left, right)) of a margin in any of its three spellings."""
    height, width = (value, value) if isinstance(value, int) else value
    return pair(height), pair(width)


def window_reach(kernel: int, dilation: int) -> int:
    """Gives the rows or columns from a window's first to its last."""
    return dilation * (kernel - 1) + 1


def axis_position(axis: int, shape: Shape) -> int:
    """Gives the position in a shape of Keras's axis, which counts the batch as 0.

    Raises:
        ShapeMistake: The shape has no such axis.
    """
    position = axis - 1 if axis > 0 else len(shape) + axis
    if axis == 0 or not 0 <= position < len(shape):
        raise ShapeMistake(f"axis {axis}: a {shown(shape)} input has axes 1 to {len(shape)}, or -1")
    return position


def axis_positions(axes: int | list[int], shape: Shape) -> list[int]:
    """Gives the positions of one axis or several.

    Raises:
        ShapeMistake: The shape has no such axis.
    """
    return [axis_position(axis, shape) for axis in _listed(axes)]


def slopes_shape(layer: layers.PReLU, shape: Shape) -> Shape:
    """Gives the shape of PReLU's slopes: that of its input, and 1 along shared axes."""
    shared = _listed(layer.shared_axes)
    return tuple(1 if axis in shared else size for axis, size in enumerate(shape, start=1))


def output_shape(layer: Layer, inputs: Sequence[Shape]) -> Shape:
    """Computes one layer's output shape.

    Raises:
        ShapeMistake: The layer cannot take these inputs.
    """
    if isinstance(layer, MERGING):
        return _merged(layer, inputs)
    return _shape(layer, inputs[0])


@singledispatch
def _shape(layer: Layer, shape: Shape) -> Shape:
    return shape


@_shape.register
def _conv2d(layer: layers.Conv2D, shape: Shape) -> Shape:
    channels = _map(layer, shape)[2]
    if channels % layer.groups or layer.filters % layer.groups:
        raise ShapeMistake(
            f"groups {layer.groups} must divide the {channels} input channels "
            f"and the {layer.filters} filters"
        )
    return (*_convolved(layer, shape), layer.filters)


@_shape.register
def _depthwise(layer: layers.DepthwiseConv2D, shape: Shape) -> Shape:
    channels = _map(layer, shape)[2]
    _require_square_strides(layer)
    return (*_convolved(layer, shape), channels * layer.depth_multiplier)


@_shape.register
def _separable(layer: layers.SeparableConv2D, shape: Shape) -> Shape:
    _map(layer, shape)
    _require_square_strides(layer)
    return (*_convolved(layer, shape), layer.filters)


def transposed_axes(layer: layers.Conv2DTranspose, shape: Shape) -> list[TransposedAxis]:
    """Gives what decides the height, and what decides the width, of a layer's output.

    Args:
        layer: The layer.
        shape: Of the map it reads: height, width and channels.
    """
    extra = (None, None) if layer.output_padding is None else pair(layer.output_padding)
    windows = (pair(layer.kernel_size), pair(layer.strides), pair(layer.dilation_rate))
    return [TransposedAxis(*one) for one in zip(shape[:2], *windows, extra, strict=True)]


@_shape.register
def _transposed(layer: layers.Conv2DTranspose, shape: Shape) -> Shape:
    _map(layer, shape)
    _require_one_of_strides_and_dilation(layer)
    sizes = []
    for size, kernel, stride, dilation, padding in transposed_axes(layer, shape):
        reach = window_reach(kernel, dilation)
        if padding is None:
            grown = max(reach - stride, 0) if layer.padding == "valid" else 0
            sizes.append(size * stride + grown)
        elif padding >= stride:
            raise ShapeMistake(f"output_padding {padding} must be below the strides, {stride}")
        elif layer.padding == "same" and reach % 2 == 0 and padding == 0:
            # Keras plans it and TensorFlow cannot compute it.
            raise ShapeMistake(
                "output_padding 0 with an even kernel and padding same: leave it out"
            )
        else:
            cut = 0 if layer.padding == "valid" else 2 * (reach // 2)
            sizes.append((size - 1) * stride + reach - cut + padding)
    return (*sizes, layer.filters)


@_shape.register
def _dense(layer: layers.Dense, shape: Shape) -> Shape:
    return (*shape[:-1], layer.units)


@_shape.register(layers.MaxPooling2D)
@_shape.register(layers.AveragePooling2D)
def _pooled(layer: layers.MaxPooling2D | layers.AveragePooling2D, shape: Shape) -> Shape:
    channels = _map(layer, shape)[2]
    strides = layer.pool_size if layer.strides is None else layer.strides
    return (*_windows(shape, layer.pool_size, strides, layer.padding), channels)


@_shape.register(layers.GlobalMaxPooling2D)
@_shape.register(layers.GlobalAveragePooling2D)
def _globally_pooled(
    layer: layers.GlobalMaxPooling2D | layers.GlobalAveragePooling2D, shape: Shape
) -> Shape:
    channels = _map(layer, shape)[2]
    return (1, 1, channels) if layer.keepdims else (channels,)


@_shape.register
def _flattened(layer: layers.Flatten, shape: Shape) -> Shape:
    return (math.prod(shape),)


@_shape.register
def _reshaped(layer: layers.Reshape, shape: Shape) -> Shape:
    count, target = math.prod(shape), list(layer.target_shape)
    if -1 in target:
        known = math.prod(size for size in target if size != -1)
        target[target.index(-1)] = count // known
    if math.prod(target) != count:
        raise ShapeMistake(
            f"{shown(shape)} holds {count:,} values, not as many as {layer.target_shape}"
        )
    return tuple(target)


@_shape.register
def _padded(layer: layers.ZeroPadding2D, shape: Shape) -> Shape:
    height, width, channels = _map(layer, shape)
    vertical, horizontal = borders(layer.padding)
    return (height + sum(vertical), width + sum(horizontal), channels)


@_shape.register
def _cropped(layer: layers.Cropping2D, shape: Shape) -> Shape:
    height, width, channels = _map(layer, shape)
    vertical, horizontal = borders(layer.cropping)
    left = (height - sum(vertical), width - sum(horizontal))
    if min(left) < 1:
        raise ShapeMistake(f"cropping {layer.cropping} leaves nothing of a {height}×{width} map")
    return (*left, channels)


@_shape.register
def _prelu(layer: layers.PReLU, shape: Shape) -> Shape:
    for axis in _listed(layer.shared_axes):
        if not 1 <= axis <= len(shape):  # Keras would share another axis for 0 and below
            raise ShapeMistake(
                f"shared_axes {axis}: a {shown(shape)} input has axes 1 to {len(shape)}"
            )
    return shape


@_shape.register
def _enlarged(layer: layers.UpSampling2D, shape: Shape) -> Shape:
    height, width, channels = _map(layer, shape)
    rows, columns = pair(layer.size)
    return (height * rows, width * columns, channels)


@_shape.register
def _grouped(layer: layers.GroupNormalization, shape: Shape) -> Shape:
    channels = shape[axis_position(layer.axis, shape)]
    if layer.groups != -1 and channels % layer.groups:
        raise ShapeMistake(f"groups {layer.groups} must divide the {channels} channels")
    return shape


@_shape.register(layers.SpatialDropout2D)
@_shape.register(layers.LocalResponseNormalization)
def _on_maps(layer: Layer, shape: Shape) -> Shape:
    return _map(layer, shape)


@_shape.register(layers.BatchNormalization)
@_shape.register(layers.LayerNormalization)
@_shape.register(layers.Softmax)
def _normalized(
    layer: layers.BatchNormalization | layers.LayerNormalization | layers.Softmax, shape: Shape
) -> Shape:
    positions = axis_positions(layer.axis, shape)
    if len({*positions}) < len(positions):
        raise ShapeMistake(f"axis {layer.axis}: the same axis twice; write each once")
    return shape


def _merged(layer: Layer, inputs: Sequence[Shape]) -> Shape:
    kind = type(layer).__name__
    listed = " and ".join(shown(shape) for shape in inputs)
    if isinstance(layer, layers.Concatenate):
        axis = axis_position(layer.axis, inputs[0])
        others = {(len(shape), shape[:axis], shape[axis + 1 :]) for shape in inputs}
        if len(others) > 1:
            raise ShapeMistake(
                f"{kind} joins {listed}: all sizes but those of axis {layer.axis} must be equal; "
                "bring the maps to one height and width first, as with padding: same"
            )
        total = sum(shape[axis] for shape in inputs)
        return (*inputs[0][:axis], total, *inputs[0][axis + 1 :])
    largest = tuple(map(max, zip(*inputs, strict=False)))
    if any(not _stretches(shape, largest) for shape in inputs):
        raise ShapeMistake(f"{kind} joins {listed}, which differ; {_to_make_equal(inputs)}")
    return largest


def _to_make_equal(inputs: Sequence[Shape]) -> str:
    """Says how what is added becomes equal, by what differs."""
    if {len(shape) for shape in inputs} != {3}:
        return "make both maps or both rows first"
    sizes = [size for shape in inputs for size in shape[:2]]
    mends = []
    if len({shape[:2] for shape in inputs}) > 1:
        mends.append("write padding: same in the convolutions and pools before it")
    if len({shape[2] for shape in inputs}) > 1 or max(sizes) > _STRIDED * min(sizes):
        mends.append("put a 1×1 Conv2D of the same strides and filters into the shortcut")
    return " and ".join(mends)


def _stretches(shape: Shape, to: Shape) -> bool:
    """Says whether a shape becomes another by repeating along axes of size 1, as Keras does."""
    return len(shape) == len(to) and all(
        size in (1, wanted) for size, wanted in zip(shape, to, strict=True)
    )


def _map(layer: Layer, shape: Shape) -> Shape:
    if len(shape) != 3:
        raise ShapeMistake(
            f"{type(layer).__name__} needs a map (height×width×channels) and gets {shown(shape)} "
            "values; put it before the layer that makes a row of the map (Flatten, a global "
            "pooling), or put Reshape before it"
        )
    return shape


def _convolved(
    layer: layers.Conv2D | layers.DepthwiseConv2D | layers.SeparableConv2D, shape: Shape
) -> tuple[int, int]:
    _require_one_of_strides_and_dilation(layer)
    height, width = pair(layer.kernel_size)
    down, across = pair(layer.dilation_rate)
    reach = [window_reach(height, down), window_reach(width, across)]
    return _windows(shape, reach, layer.strides, layer.padding)


def _windows(shape: Shape, window: Any, strides: Any, padding: Any) -> tuple[int, int]:
    """Counts a window's places: ⌈size / stride⌉ padded, else ⌊(size − window) / stride⌋ + 1."""
    sizes = zip(shape[:2], pair(window), pair(strides), strict=True)
    if padding == "same":
        height, width = (-(-size // stride) for size, _, stride in sizes)
    else:
        height, width = ((size - reach) // stride + 1 for size, reach, stride in sizes)
    if min(height, width) < 1:
        raise ShapeMistake(
            f"a {shown(pair(window))} window does not fit a {shape[0]}×{shape[1]} map; "
            "use padding: same, a smaller window, or fewer strides and pools before it"
        )
    return height, width


def _require_square_strides(layer: layers.DepthwiseConv2D | layers.SeparableConv2D) -> None:
    down, across = pair(layer.strides)
    if down != across:
        raise ShapeMistake(f"strides {layer.strides}: TensorFlow has equal strides only here")


def _require_one_of_strides_and_dilation(layer: Any) -> None:
    if max(pair(layer.strides)) > 1 and max(pair(layer.dilation_rate)) > 1:
        raise ShapeMistake("strides and dilation_rate are not both above 1 in Keras; keep one")


def _listed(axes: int | list[int] | None) -> list[int]:
    if axes is None:
        return []
    return [axes] if isinstance(axes, int) else axes
