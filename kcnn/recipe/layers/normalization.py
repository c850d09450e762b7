"""Normalization layers."""

import math
from collections.abc import Iterator
from typing import Annotated, ClassVar

from kcnn.recipe.constraints import Constraint
from kcnn.recipe.fields import Axes, Count, Positive, UnitInterval, accept
from kcnn.recipe.initializers import Initializer
from kcnn.recipe.layers.expression import Expression, product
from kcnn.recipe.layers.layer import Layer
from kcnn.recipe.layers.shapes import (
    Shape,
    ShapeMistake,
    Sizes,
    axis_position,
    is_last_axis,
    listed,
    require_axes,
)
from kcnn.recipe.regularizers import Regularizer


class AlongAxes(Layer):
    """What normalizes along axes.

    Args:
        axis: The axis of the channels.
    """

    axis: Axes = -1

    ends_block = True

    def _sizes(self, shape: Shape) -> Sizes:
        require_axes(self.axis, shape)
        return shape

    def multiply_adds(self, before: Shape, after: Shape) -> Expression:
        return product(*before)


class Normalization(AlongAxes):
    """Arguments of every normalization with a scale and a shift.

    Args:
        epsilon: Added to the variance, so that nothing is divided by 0.
        center: Adds a trained number, beta.
        scale: Multiplies by a trained number, gamma.
        beta_initializer: Initial values of these weights.
        gamma_initializer: Initial values of these weights.
        beta_regularizer: Penalty on these weights, added to the loss.
        gamma_regularizer: Penalty on these weights, added to the loss.
        beta_constraint: Limit that these weights keep after each step.
        gamma_constraint: Limit that these weights keep after each step.
        trainable: Whether training changes its weights.
    """

    epsilon: Positive | None = None
    center: bool = True
    scale: bool = True
    beta_initializer: Initializer | None = None
    gamma_initializer: Initializer | None = None
    beta_regularizer: Regularizer | None = None
    gamma_regularizer: Regularizer | None = None
    beta_constraint: Constraint | None = None
    gamma_constraint: Constraint | None = None
    trainable: bool | None = None

    @property
    def weight_names(self) -> tuple[str, ...]:
        learned = {"gamma": self.scale, "beta": self.center}
        return (*(name for name, there in learned.items() if there), *self.moving_averages)

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        axes = sorted(listed(self.axis))  # as Keras sorts them: -1 before 1
        sizes = tuple(shape[position] for position in require_axes(axes, shape))
        return dict.fromkeys(("gamma", "beta", *self.moving_averages), sizes)

    def parameters(self, shape: Shape) -> Expression:
        return product(len(self.weight_names), *self.weight_shapes(shape)["gamma"])


class BatchNormalization(Normalization):
    """Normalizes each channel over the batch (Ioffe and Szegedy, 2015).

    Args:
        momentum: Fraction of the moving mean and variance that each step keeps;
            predictions use them.
        moving_mean_initializer: Initial values of these weights.
        moving_variance_initializer: Initial values of these weights.
        synchronized: Takes mean and variance over the batch of all devices; when left out, if
            there are several.
    """

    axis: Annotated[int, accept(lambda value: type(value) is int, "one axis, as in -1")] = -1
    momentum: UnitInterval | None = None
    moving_mean_initializer: Initializer | None = None
    moving_variance_initializer: Initializer | None = None
    synchronized: bool | None = None

    linear = True  # by moving averages
    moving_averages = ("moving_mean", "moving_variance")

    def subtracts_channel_means(self, rank: int) -> bool:
        frozen = self.trainable is False  # then it subtracts a constant
        return is_last_axis(self.axis, rank) and not frozen

    def remarks(self, shape: Shape, batch_size: int) -> Iterator[str]:
        if batch_size > 1:
            return
        if len(shape) == 1:
            text = "every value is its own mean, so in training nothing but the shift β comes out"
        else:
            text = "in training each image is normalized by itself, in testing by moving averages"
        yield f"train.batch_size is 1: {text}"


class LayerNormalization(Normalization):
    """Normalizes each image over the given axes (Ba et al., 2016).

    Args:
        axis: The axes that mean and variance are taken over; those of an image are 1, 2 and 3.
    """


class GroupNormalization(Normalization):
    """Normalizes groups of channels of each image (Wu and He, 2018).

    Args:
        groups: Number of groups.
    """

    axis: Annotated[int, accept(lambda value: type(value) is int, "one axis, as in -1")] = -1
    groups: Annotated[
        int,
        accept(
            lambda value: type(value) is int and (value > 0 or value == -1),
            "a positive whole number, or -1 for a group a channel",
        ),
    ] = 32

    def _sizes(self, shape: Shape) -> Sizes:
        channels = shape[axis_position(self.axis, shape)]
        if self.groups != -1 and channels % self.groups:
            raise ShapeMistake(
                f"groups {self.groups} must divide the {channels} channels; "
                f"write groups: {math.gcd(self.groups, channels)}"
            )
        return shape


class RMSNormalization(AlongAxes):
    """Divides each image by its root mean square over the given axes (Zhang and Sennrich, 2019).

    Args:
        axis: The axes that the mean is taken over: the last ones, as in -1, or 1, 2 and 3.
        epsilon: Added to the mean square, so that nothing is divided by 0.
        trainable: Whether training changes its scale, which it multiplies by.
    """

    epsilon: Positive | None = None
    trainable: bool | None = None

    weight_names: ClassVar[tuple[str, ...]] = ("scale",)

    def _sizes(self, shape: Shape) -> Sizes:
        # Keras sorts the axes as they are written, and multiplies by the scale along the last ones.
        positions = require_axes(sorted(listed(self.axis)), shape)
        if positions != [*range(len(shape) - len(positions), len(shape))]:
            raise ShapeMistake(
                f"axis {self.axis}: RMSNormalization is along the last axes in Keras, as in -1 or "
                f"{[*range(1, len(shape) + 1)]}"
            )
        return shape

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        return {"scale": shape[-len(listed(self.axis)) :]}

    def parameters(self, shape: Shape) -> Expression:
        return product(1, *self.weight_shapes(shape)["scale"])


class UnitNormalization(AlongAxes):
    """Scales values to a length of 1: their squares sum to 1 over the given axes.

    Args:
        axis: The axes that squares are summed over; those of an image are 1, 2 and 3.
    """

    needs_float32 = True  # in float16, Keras divides zeros by 0


class LocalResponseNormalization(Layer):
    """Divides by the activity of neighboring channels (Krizhevsky et al., 2012); not in Keras.

    Args:
        depth_radius: Neighboring channels on either side.
        bias: Added to the sum of squares; k in the paper.
        alpha: Weight of the sum of squares.
        beta: Exponent.
    """

    depth_radius: Count | None = 2
    bias: Positive | None = 2.0
    alpha: Positive | None = 0.0001
    beta: Positive | None = 0.75

    needs_map = True
