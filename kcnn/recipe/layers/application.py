"""A whole classifier of Keras's as one layer, for transfer learning."""

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import model_validator

from kcnn.recipe.applications import arithmetic
from kcnn.recipe.applications.names import ALPHAS, APPLICATIONS
from kcnn.recipe.applications.table import Architecture, Row, architecture
from kcnn.recipe.fields import accept, choice, mistake, path_or
from kcnn.recipe.layers.expression import Expression
from kcnn.recipe.layers.layer import Layer
from kcnn.recipe.layers.shapes import Shape, ShapeMistake, Sizes
from kcnn.text.numbers import shape_text

IMAGENET, NO_WEIGHTS = "imagenet", "none"
WEIGHTS = f"{IMAGENET}, {NO_WEIGHTS} or a file, as in weights/mine.weights.h5"
COLORS = 3


def _is_trainable(value: Any) -> bool:
    return isinstance(value, bool) or (type(value) is int and 0 < value <= 10_000)


class Application(Layer):
    """A classifier of `keras.applications` without its last layers, for transfer learning.

    It takes raw pixels and does its own preprocessing, so `data.scaling` is `none` beside it. What
    follows is yours: `GlobalAveragePooling2D` and `Dense`, for instance.

    Args:
        name: Which classifier; the layer's name in the model, too.
        weights: Weights to start from: those that Keras has from ImageNet, a file of the same
            application without its top (relative to the recipe), or random ones (none).
        trainable: Whether training changes its weights: none of them (false), those of its last
            layers (a number of layers), or all (true). When left out, none, or all if `weights` is
            none. Batch normalization uses its moving averages in training too, unless all weights
            are trained from random ones.
        alpha: Width of a MobileNet.
    """

    name: Annotated[str, choice(*APPLICATIONS)]
    weights: Annotated[str | Path, path_or(WEIGHTS, IMAGENET, NO_WEIGHTS)] = IMAGENET
    trainable: Annotated[
        bool | int | None,
        accept(_is_trainable, "false, true or a number of layers, as in 30", ("true", "false")),
    ] = None
    alpha: float | None = None

    is_application = True
    needs_map = True
    has_kernel = True

    @model_validator(mode="after")
    def _known_width(self) -> Self:
        if self.alpha is None:
            return self
        if self.name not in ALPHAS:
            raise mistake("no_widths", name=self.name)
        if self.alpha not in ALPHAS[self.name]:
            known = ", ".join(f"{width:g}" for width in ALPHAS[self.name])
            raise mistake("unknown_width", name=self.name, alpha=self.alpha, known=known)
        return self

    @property
    def architecture(self) -> Architecture:
        """Its layers, as Keras builds them."""
        return architecture(self.name, self.alpha)

    @property
    def in_words(self) -> str:
        """Its name, with its width if it has several."""
        if self.name not in ALPHAS:
            return self.name
        return f"{self.name} (alpha {self.alpha or 1:g})"

    @property
    def trained(self) -> bool | int:
        """What of it is trained; see `trainable`."""
        return self.weights == NO_WEIGHTS if self.trainable is None else self.trainable

    @property
    def is_from_scratch(self) -> bool:
        """Whether it is trained from random weights, so that batch normalization must train."""
        return self.weights == NO_WEIGHTS and self.trained is True

    def output_shape(self, inputs: Sequence[Shape]) -> Sizes:
        """Compute the shape of its last map.

        Raises:
            ShapeMistake: The images are not in color, or are too small.
        """
        height, width, channels = map(int, super().output_shape(inputs))
        least = self.architecture.least
        if channels != COLORS:
            raise ShapeMistake(
                f"takes color images, which have 3 channels, and gets "
                f"{shape_text(inputs[0])}; write data.channels: 3"
            )
        if min(height, width) < least:
            raise ShapeMistake(
                f"takes images of {least}×{least} or more, and gets "
                f"{shape_text(inputs[0])}; write data.image_size: [{least}, {least}] or larger"
            )
        return arithmetic.shapes_within(self.architecture, inputs[0])[-1]

    @property
    def layer_count(self) -> int:
        return sum(row.is_layer for row in self.architecture.rows)

    @property
    def weight_names(self) -> tuple[str, ...]:
        return tuple(
            row.path(weight) for row in self.architecture.rows for weight in row.layer.weight_names
        )

    @property
    def trainable_weights(self) -> tuple[str, ...]:
        rows = self.architecture.rows
        return tuple(
            row.path(weight)
            for row in rows[_first_trained(rows, self.trained) :]
            for weight in row.layer.trainable_weights
        )

    def weight_shapes(self, shape: Shape) -> Mapping[str, Shape]:
        return arithmetic.weight_shapes(self.architecture, shape)

    def parameters(self, shape: Shape) -> Expression:
        return self._together(sum(map(math.prod, self.weight_shapes(shape).values())))

    def multiply_adds(self, before: Shape, after: Shape) -> Expression:
        return self._together(arithmetic.multiply_adds(self.architecture, before))

    def _together(self, total: int) -> Expression:
        return Expression(total, f"{self.layer_count} layers together")

    def pads(self, shape: Shape) -> bool:
        return True

    def reads_everywhere(self, shape: Shape) -> bool:
        return arithmetic.reach(self.architecture, shape) is None

    def reach_and_stride(self, shape: Shape) -> list[tuple[int, Fraction]]:
        return arithmetic.reach(self.architecture, shape) or super().reach_and_stride(shape)

    def remarks(self, shape: Shape, batch_size: int) -> Iterator[str]:
        if self.weights == NO_WEIGHTS and self.trained is not True:
            yield (
                "has random weights that are not all trained; write weights: imagenet, or "
                "trainable: true"
            )


def _first_trained(rows: Sequence[Row], trained: bool | int) -> int:
    """Return the index of the first row whose weights are trained."""
    if trained is True:
        return 0
    if trained is False:
        return len(rows)
    begins = [index for index, row in enumerate(rows) if row.is_layer]
    return begins[-trained] if trained < len(begins) else 0
