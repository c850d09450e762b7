"""The sliding window of a convolution or pooling, one axis at a time."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from kcnn.recipe.layers.expression import Expression
from kcnn.recipe.layers.shapes import Shape, ShapeMistake, Sizes, borders, pair
from kcnn.text.numbers import shape_text


def window_reach(kernel: int, dilation: int) -> Expression:
    """Return the rows or columns from a window's first to its last: K, or D·(K − 1) + 1."""
    if dilation == 1:
        return Expression(kernel)
    return (Expression(dilation) * (Expression(kernel) - 1) + 1).bracketed()


class Window(NamedTuple):
    """A window that slides over one axis of a map.

    Args:
        size: Rows or columns of the map, without padding.
        kernel: Weights or values along the axis.
        dilation: Distance between neighboring ones.
        stride: Distance between neighboring positions of the window.
        before: Zeros before the first row or column.
        after: Zeros after the last one.
    """

    size: int
    kernel: int
    dilation: int
    stride: int
    before: int
    after: int

    @property
    def reach(self) -> int:
        """Rows or columns from the window's first to its last."""
        return int(window_reach(self.kernel, self.dilation))

    @property
    def left_over(self) -> int:
        """Rows or columns after the window's last position, padding included."""
        return (self.size + self.before + self.after - self.reach) % self.stride

    @property
    def skips(self) -> bool:
        """Whether the window is smaller than its stride, so that it leaves out values."""
        return self.stride > self.reach and self.size > 1

    def output_size(self, brief: bool = False) -> Expression:
        """Count the window's positions: ⌊(size − reach + padding) / stride⌋ + 1.

        Args:
            brief: Leave a padding of 0 out of the text.
        """
        span = Expression(self.size) - window_reach(self.kernel, self.dilation)
        if self.before or self.after or not brief:
            span = with_margin(span, self.before, self.after)
        return span // self.stride + 1


Windows = tuple[Window, Window]  # over height and width


def with_margin(size: Expression, before: int, after: int) -> Expression:
    """Add a border to a size: `28 + 2·1`, or `28 + 0 + 1` where its sides differ.

    Args:
        size: Rows or columns of the map.
        before: Rows or columns before the first.
        after: Rows or columns after the last.
    """
    return size + Expression(2) * before if before == after else size + before + after


def sliding_windows(
    shape: Shape, kernel: Any, strides: Any, padding: Any, dilation: Any = 1
) -> Windows:
    """Return the windows over height and width.

    Args:
        shape: Shape of the map, (height, width, channels).
        kernel: One number, or height and width; `strides` and `dilation` too.
        strides: Distance between neighboring positions.
        padding: `valid`, `same`, or a margin.
        dilation: Distance between neighboring values in a window.
    """
    kernels, steps, distances = pair(kernel), pair(strides), pair(dilation)
    margins = borders(0 if isinstance(padding, str) else padding)

    def window(axis: int) -> Window:
        size, stride = shape[axis], steps[axis]
        before, after = margins[axis]
        if padding == "same":
            reach = int(window_reach(kernels[axis], distances[axis]))
            before, after = same_margins(size, reach, stride)
        return Window(size, kernels[axis], distances[axis], stride, before, after)

    return window(0), window(1)


def same_margins(size: int, reach: int, stride: int) -> tuple[int, int]:
    """Return the zeros that `padding: same` puts before and after, as TensorFlow does.

    Args:
        size: Rows or columns of the map.
        reach: Rows or columns from the window's first to its last.
        stride: Distance between neighboring positions.
    """
    total = max((-(-size // stride) - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2


def output_sizes(windows: Windows, brief: bool = False) -> Sizes:
    """Compute height and width of the output.

    Raises:
        ShapeMistake: A window does not fit its map.
    """
    sizes = [window.output_size(brief) for window in windows]
    if any(int(size) < 1 for size in sizes):
        reach = shape_text(tuple(window.reach for window in windows))
        size = shape_text(tuple(window.size for window in windows))
        raise ShapeMistake(
            f"a {reach} window does not fit a {size} map; "
            "use padding: same, a smaller window, or fewer strides and pools before it"
        )
    return tuple(sizes)


def window_remarks(windows: Windows, on_one_value: str) -> Iterator[str]:
    """List what windows leave out or read in vain.

    Args:
        windows: The windows over height and width.
        on_one_value: What is in vain on a map of 1×1.
    """
    down, across = windows
    if down.skips or across.skips:
        yield (
            f"a {down.kernel}×{across.kernel} window that moves {down.stride}×{across.stride} at "
            "a time skips the values between"
        )
    missed = [
        f"the last {word}" if count == 1 else f"the last {count} {word}s"
        for window, word in ((down, "row"), (across, "column"))
        if (count := window.left_over - window.after) > 0 and not window.skips
    ]
    if missed:
        yield (
            f"never reads {' and '.join(missed)} of its {down.size}×{across.size} map: after its "
            "last step the window would reach over the edge; padding: same or another window size "
            "reads everything"
        )
    if (down.size, across.size) == (1, 1) and (down.kernel, across.kernel) != (1, 1):
        yield f"the map is 1×1 already: {on_one_value}; pool less, or later, before it"
