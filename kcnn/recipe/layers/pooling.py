"""Pooling layers."""

from collections.abc import Iterator, Sequence

from kcnn.recipe.fields import PoolPadding, Size
from kcnn.recipe.layers.expression import Expression, product
from kcnn.recipe.layers.layer import Layer
from kcnn.recipe.layers.shapes import Shape, Sizes
from kcnn.recipe.layers.window import Windows, output_sizes, sliding_windows, window_remarks


class _Pooling(Layer):
    """Arguments of every pooling over windows.

    Args:
        pool_size: Height and width of the window.
        strides: How far the window moves each time; `pool_size` when left out.
        padding: Nothing around the map (valid), or as much as keeps its size at stride 1 (same).
    """

    pool_size: Size
    strides: Size | None = None
    padding: PoolPadding = "valid"

    needs_map = True

    def windows(self, shape: Shape) -> Windows:
        strides = self.pool_size if self.strides is None else self.strides
        return sliding_windows(shape, self.pool_size, strides, self.padding)

    def _sizes(self, shape: Shape) -> Sizes:
        return (*output_sizes(self.windows(shape), brief=True), shape[2])

    def remarks(self, shape: Shape, batch_size: int) -> Iterator[str]:
        return window_remarks(self.windows(shape), "there is nothing to pool")


class MaxPooling2D(_Pooling):
    """The largest value of each window."""

    pool_size: Size = 2


class AveragePooling2D(_Pooling):
    """The mean of each window; `pool_size` has no default in Keras."""

    linear = True
    keeps_probabilities = True


class _GlobalPooling(Layer):
    """Arguments of every pooling over the whole map.

    Args:
        keepdims: Leaves a map of height and width 1.
    """

    keepdims: bool = False

    needs_map = True

    def _sizes(self, shape: Shape) -> Sizes:
        return (1, 1, shape[2]) if self.keepdims else (shape[2],)

    def written_sizes(self, inputs: Sequence[Shape]) -> dict[str, Expression]:
        return {"values of each channel become 1": product(*inputs[0][:2])}

    def reads_everywhere(self, shape: Shape) -> bool:
        return True


class GlobalMaxPooling2D(_GlobalPooling):
    """The largest value of each channel."""


class GlobalAveragePooling2D(_GlobalPooling):
    """The mean of each channel."""

    linear = True
    keeps_probabilities = True
