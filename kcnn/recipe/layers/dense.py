"""The fully connected layer."""

from __future__ import annotations

from collections.abc import Iterator

from kcnn.recipe.fields import Count
from kcnn.recipe.layers.expression import Expression, product
from kcnn.recipe.layers.kernel import KernelSettings, Weighted
from kcnn.recipe.layers.shapes import Shape, Sizes


class Dense(Weighted, KernelSettings):
    """Every output reads every input.

    Args:
        units: How many outputs; one a class in the last layer.
    """

    units: Count

    def _sizes(self, shape: Shape) -> Sizes:
        return (*shape[:-1], self.units)

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return the shapes of kernel and bias."""
        return {"kernel": (shape[-1], self.units), "bias": (self.units,)}

    def parameters(self, shape: Shape) -> Expression:
        """Count (inputs + 1)·units."""
        return self._with_bias(Expression(shape[-1]), self.units)

    def multiply_adds(self, before: Shape, after: Shape) -> Expression:
        """Count inputs·units, at each place of a map."""
        return product(*before, self.units)

    def reads_everywhere(self, shape: Shape) -> bool:
        """Return whether it reads a row; on a map it reads one place at a time."""
        return len(shape) == 1

    def remarks(self, shape: Shape, batch_size: int) -> Iterator[str]:
        """Remark that it does not read a whole map."""
        if len(shape) == 3 and shape[:2] != (1, 1):
            yield (
                f"reads a {shape[0]}×{shape[1]} map one place at a time, as a 1×1 convolution "
                "does; put Flatten before it to read them all"
            )
