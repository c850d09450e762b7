"""How much of the image one value of each layer depends on.

The recurrence of Araujo, Norris and Sim (Computing Receptive Fields of Convolutional Neural
Networks, Distill, 2019): a window of reach k widens the field by (k − 1) jumps, and a stride
multiplies the jump. Branches take the widest. Normalization is not counted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from kcnn.model.arithmetic.shapes import Shape, pair
from kcnn.model.arithmetic.windows import WrittenLayer, windows
from kcnn.model.graph import INPUT
from kcnn.recipe import layers

# Values along each axis that interpolation mixes.
INTERPOLATED = {None: 1, "nearest": 1, "bilinear": 2, "bicubic": 4, "lanczos3": 6, "lanczos5": 10}
READS_ALL = (layers.GlobalMaxPooling2D, layers.GlobalAveragePooling2D, layers.Reshape)


@dataclass(frozen=True)
class Field:
    """What one value sees along one axis of the image.

    Args:
        size: Pixels from the first to the last it depends on; padding counts.
        jump: Pixels from what one value sees to what its neighbour sees.
        places: Values along the axis.
        image: Pixels of the image.
    """

    size: Fraction
    jump: Fraction
    places: int
    image: int

    def through(self, reach: int, stride: Fraction, places: int) -> Field:
        """Passes on through a window."""
        return Field(self.size + (reach - 1) * self.jump, self.jump * stride, places, self.image)

    def through_all(self) -> Field:
        """Passes on through what reads every place: no more is seen than the image."""
        whole = self.size + (self.places - 1) * self.jump
        return Field(min(whole, Fraction(self.image)), Fraction(0), 1, self.image)

    @property
    def pixels(self) -> int:
        """The size in whole pixels."""
        return math.ceil(self.size)


Fields = tuple[Field, Field]


def receptive_fields(
    written_layers: Sequence[WrittenLayer], shapes: Mapping[str, Shape]
) -> dict[str, Fields]:
    """Computes what each layer's values see, over height and width.

    Args:
        written_layers: The layers, each after all that it reads.
        shapes: Output shapes by name of layer, `image` among them.

    Returns:
        Fields by name of layer, `image` among them.
    """
    rows, columns = (Field(Fraction(1), Fraction(1), size, size) for size in shapes[INPUT][:2])
    fields = {INPUT: (rows, columns)}
    for written in written_layers:
        widest = _widest([fields[name] for name in written.inputs])
        before, after = shapes[written.inputs[0]], shapes[written.node.name]
        fields[written.node.name] = _passed(written, widest, before, after)
    return fields


def _passed(written: WrittenLayer, fields: Fields, before: Shape, after: Shape) -> Fields:
    layer, (rows, columns) = written.node.layer, fields
    # Dense reads all of a row; on a map it reads one place.
    if isinstance(layer, READS_ALL) or (isinstance(layer, layers.Dense) and len(before) == 1):
        return rows.through_all(), columns.through_all()
    if len(after) == 1:
        return fields
    down, across = _reaches_and_strides(written, before)
    return rows.through(*down, after[0]), columns.through(*across, after[1])


def _reaches_and_strides(written: WrittenLayer, before: Shape) -> list[tuple[int, Fraction]]:
    layer = written.node.layer
    sliding = windows(written, before)
    if sliding is not None:
        return [(window.reach, Fraction(window.stride)) for window in sliding]
    if isinstance(layer, layers.Conv2DTranspose):
        axes = zip(
            pair(layer.kernel_size), pair(layer.dilation_rate), pair(layer.strides), strict=True
        )
        # Of the rows that a window spreads over, only each stride-th holds a value.
        return [
            (dilation * (kernel - 1) // stride + 1, Fraction(1, stride))
            for kernel, dilation, stride in axes
        ]
    if isinstance(layer, layers.UpSampling2D):
        mixed = INTERPOLATED[layer.interpolation]
        return [(mixed, Fraction(1, times)) for times in pair(layer.size)]
    return [(1, Fraction(1))] * 2


def _widest(branches: Sequence[Fields]) -> Fields:
    rows, columns = zip(*branches, strict=True)
    return _joined(rows), _joined(columns)


def _joined(fields: Sequence[Field]) -> Field:
    widest = max(fields, key=lambda field: (field.size, field.jump))
    return replace(widest, places=max(field.places for field in fields))
