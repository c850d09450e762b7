"""Layers of applications that a recipe cannot name by themselves."""

from typing import ClassVar

from kcnn.recipe.layers.layer import Layer
from kcnn.recipe.layers.shapes import Shape, Sizes


class Same(Layer):
    """A layer without weights that keeps the shape, such as an activation."""


class CorrectPadding(Layer):
    """The zeros that Keras's `correct_pad` puts before a convolution with strides of 2.

    Args:
        kernel_size: Height and width of the convolution's window.
    """

    kernel_size: int

    def _sizes(self, shape: Shape) -> Sizes:
        border = 2 * (self.kernel_size // 2)
        height, width, channels = shape
        return height + border - (1 - height % 2), width + border - (1 - width % 2), channels

    def pads(self, shape: Shape) -> bool:
        return True


class ChannelStatistics(Layer):
    """Keras's `Normalization`, with the mean and variance of each channel as weights."""

    moving_averages = ("mean", "variance", "count")
    weight_names: ClassVar[tuple[str, ...]] = moving_averages

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        return {"mean": shape[-1:], "variance": shape[-1:], "count": ()}


class LayerScale(Layer):
    """A trained factor for each channel (Touvron et al., 2021).

    Args:
        weight: Keras's name of the factors, which it numbers.
    """

    weight: str

    @property
    def weight_names(self) -> tuple[str, ...]:
        return (self.weight,)

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        return {self.weight: shape[-1:]}
