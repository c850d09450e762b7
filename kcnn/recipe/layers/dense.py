"""The fully connected layer."""

from collections.abc import Iterator

from kcnn.recipe.fields import Outputs
from kcnn.recipe.layers.expression import Expression
from kcnn.recipe.layers.kernel import KernelSettings, Weighted
from kcnn.recipe.layers.shapes import Shape, Sizes


class Dense(Weighted, KernelSettings):
    """Every output reads every input.

    Args:
        units: Number of outputs; `classes` in the last layer: one for each class.
    """

    units: Outputs

    def _outputs(self, shape: Shape) -> int:
        return self.units

    def _weights_of_an_output(self, shape: Shape) -> Expression:
        return Expression(shape[-1])

    def _kernel_shapes(self, shape: Shape) -> list[Shape]:
        return [(shape[-1], self.units)]

    def _sizes(self, shape: Shape) -> Sizes:
        return (*shape[:-1], self.units)

    def reads_everywhere(self, shape: Shape) -> bool:
        return len(shape) == 1  # on a map it reads one location at a time

    def remarks(self, shape: Shape, batch_size: int) -> Iterator[str]:
        if len(shape) == 3 and shape[:2] != (1, 1):
            yield (
                f"reads a {shape[0]}×{shape[1]} map one location at a time, as a 1×1 convolution "
                "does; put Flatten before it to read them all"
            )
