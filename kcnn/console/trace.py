"""The text of kcnn trace: one value of a convolution as grids of numbers."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kcnn.text.numbers import shape_text

if TYPE_CHECKING:
    import numpy as np

    from kcnn.commands.trace import Trace, WorkedExample

WIDTH = 100
MAX_CHANNELS = 3  # whose grids are printed; of the others, the sums are
GAP = "   "


def trace_text(result: Trace) -> str:
    """Return patch, filter and products of each channel, then what they add up to."""
    example = result.numbers
    channels = min(example.patch.shape[2], MAX_CHANNELS)
    parts = [_heading(result), *(_channel(example, index) for index in range(channels))]
    if example.patch.shape[2] > channels:
        parts.append(f"and {example.patch.shape[2] - channels} channels more (--json has them)")
    return "\n\n".join([*parts, _adding_up(example)])


def _heading(result: Trace) -> str:
    example = result.numbers
    reads = "the scaled image" if example.reads == "image" else example.reads
    return (
        f"{example.layer}, filter {example.filter}, at row {example.row} and "
        f"column {example.column} of its {shape_text(example.output_shape)} output\n"
        f"reads {_span('row', example.rows, example.input_shape[0])} and "
        f"{_span('column', example.columns, example.input_shape[1])}\n"
        f"of {reads}, {shape_text(example.input_shape)}\n"
        f"image: {result.image}; weights {result.weights}"
    )


def _span(what: str, indices: Sequence[int], size: int) -> str:
    first, last = indices[0], indices[-1]
    step = indices[1] - first if len(indices) > 1 else 1
    steps = f" in steps of {step}" if step > 1 else ""
    text = f"{what} {first}" if first == last else f"{what}s {first} to {last}{steps}"
    text = text.replace("-", "−")
    return text if first >= 0 and last < size else f"{text} (beyond the edge: 0)"


def _channel(example: WorkedExample, index: int) -> str:
    blocks = [
        ["patch", *_grid(example.patch[..., index])],
        ["filter", *_grid(example.kernel[..., index])],
        ["products", *_grid(example.products[..., index])],
    ]
    widths = [max(map(len, block)) + len(GAP) for block in blocks]
    if sum(widths) > WIDTH:
        body = [line for block in blocks for line in block]
    else:
        beside = zip(*blocks, strict=True)
        body = [
            "".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
            for line in beside
        ]
    total = float(example.channel_sums[index])
    return "\n".join([f"channel {index}", *body, f"products add up to {_number(total, total)}"])


def _adding_up(example: WorkedExample) -> str:
    sums = [float(total) for total in example.channel_sums]
    largest = max(map(abs, [*sums, example.sum, example.bias, example.value]))
    total, value = _number(example.sum, largest), _number(example.value, largest)
    lines = []
    if len(sums) > 1:
        terms = [_number(sums[0], largest), *(_signed(term, largest) for term in sums[1:])]
        added = " ".join(terms)
        lines.append(f"all {len(sums)} channels: {added} = {total}")
    biased = _number(example.sum + example.bias, largest)
    lines += [
        f"bias: {total} {_signed(example.bias, largest)} = {biased}",
        f"activation: {example.activation} returns {value}",
        f"Keras computes {_number(example.keras_value, largest)} ({example.dtype})",
    ]
    return "\n".join(
        textwrap.fill(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False) for line in lines
    )


def _grid(values: np.ndarray) -> list[str]:
    """Return numbers in columns, the largest with three significant digits."""
    numbers = [[float(value) for value in row] for row in values]
    largest = max(abs(number) for row in numbers for number in row)
    cells = [[_number(number, largest, digits=3) for number in row] for row in numbers]
    width = max(len(cell) for row in cells for cell in row)
    return ["  ".join(cell.rjust(width) for cell in row) for row in cells]


def _number(value: float, largest: float, digits: int = 4) -> str:
    """Return a number with as many decimals as the largest of its group needs for its digits."""
    leading = math.floor(math.log10(abs(largest))) if largest else digits
    decimals = min(max(digits - 1 - leading, 0), 9)
    text = f"{abs(value):.{decimals}f}"
    return f"−{text}" if value < 0 and float(text) else text


def _signed(value: float, largest: float) -> str:
    return f"{'−' if value < 0 else '+'} {_number(abs(value), largest)}"
