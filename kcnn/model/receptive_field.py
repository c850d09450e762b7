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

from kcnn.model.graph import INPUT, Node
from kcnn.recipe.layers.shapes import Shape


@dataclass(frozen=True)
class Field:
    """The pixels that one value depends on, along one axis of the image.

    Args:
        size: Pixels from the first to the last it depends on; padding counts.
        jump: Pixels from one value's field to its neighbor's.
        count: Values along the axis.
        image: Pixels of the image.
    """

    size: Fraction
    jump: Fraction
    count: int
    image: int

    def through(self, reach: int, stride: Fraction, count: int) -> Field:
        """Return the field of the values that a window computes from those of this field.

        Args:
            reach: Values from the window's first to its last.
            stride: Values between neighboring positions; below 1 where a map is enlarged.
            count: Number of values that the window computes along the axis.
        """
        return Field(self.size + (reach - 1) * self.jump, self.jump * stride, count, self.image)

    def through_all(self) -> Field:
        """Return the field behind a layer that reads all values: at most the whole image."""
        whole = self.size + (self.count - 1) * self.jump
        return Field(min(whole, Fraction(self.image)), Fraction(0), 1, self.image)

    @property
    def pixels(self) -> int:
        """The size in whole pixels."""
        return math.ceil(self.size)


Fields = tuple[Field, Field]


def receptive_fields(nodes: Sequence[Node], shapes: Mapping[str, Shape]) -> dict[str, Fields]:
    """Compute the receptive field of each layer's values, over height and width.

    Args:
        nodes: The layers as the recipe writes them, each after all that it reads.
        shapes: Output shapes by name of layer, `image` among them.

    Returns:
        Fields by name of layer, `image` among them.
    """
    rows, columns = (Field(Fraction(1), Fraction(1), size, size) for size in shapes[INPUT][:2])
    fields = {INPUT: (rows, columns)}
    for node in nodes:
        widest = _widest([fields[name] for name in node.inputs])
        fields[node.name] = _passed(node, widest, shapes[node.inputs[0]], shapes[node.name])
    return fields


def _passed(node: Node, fields: Fields, before: Shape, after: Shape) -> Fields:
    rows, columns = fields
    if node.layer.reads_everywhere(before):
        return rows.through_all(), columns.through_all()
    if len(after) == 1:
        return fields
    down, across = node.layer.reach_and_stride(before)
    return rows.through(*down, after[0]), columns.through(*across, after[1])


def _widest(branches: Sequence[Fields]) -> Fields:
    rows, columns = zip(*branches, strict=True)
    return _joined(rows), _joined(columns)


def _joined(fields: Sequence[Field]) -> Field:
    widest = max(fields, key=lambda field: (field.size, field.jump))
    return replace(widest, count=max(field.count for field in fields))
