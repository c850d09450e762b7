"""Initializers, regularizers and constraints of weights, under Keras's names."""

from __future__ import annotations

from typing import Annotated

from pydantic import model_validator
from typing_extensions import TypeAliasType

from kcnn.recipe.fields import (
    Axes,
    Count,
    NotNegative,
    Positive,
    Settings,
    UnitInterval,
    WholeNumber,
    choice,
    mistake,
)
from kcnn.recipe.kinds import OneOf, table


class Zeros(Settings):
    """All weights 0."""


class Ones(Settings):
    """All weights 1."""


class Constant(Settings):
    """All weights one value.

    Args:
        value: The value.
    """

    value: float


class Seeded(Settings):
    """What is drawn at random.

    Args:
        seed: Draws the weights; `train.seed` decides when left out.
    """

    seed: WholeNumber | None = None


class RandomNormal(Seeded):
    """Weights from a normal distribution.

    Args:
        mean: Its mean.
        stddev: Its deviation.
    """

    mean: float | None = None
    stddev: Positive | None = None


class TruncatedNormal(RandomNormal):
    """Weights from a normal distribution, none further out than two deviations."""


class RandomUniform(Seeded):
    """Weights from a uniform distribution.

    Args:
        minval: Its lower end.
        maxval: Its upper end.
    """

    minval: float | None = None
    maxval: float | None = None

    @model_validator(mode="after")
    def _in_order(self) -> RandomUniform:
        # Keras's own ends stand in for one that is left out.
        lowest = -0.05 if self.minval is None else self.minval
        highest = 0.05 if self.maxval is None else self.maxval
        if lowest > highest:
            raise mistake(f"minval {lowest:g} is above maxval, {highest:g}; write a higher maxval")
        return self


class VarianceScaling(Seeded):
    """Weights whose variance is `scale` over the layer's fan.

    Args:
        scale: The variance times the fan.
        mode: Which fan: values that an output reads (fan_in), outputs that a value goes to
            (fan_out), or their mean (fan_avg).
        distribution: What they are drawn from.
    """

    scale: Positive | None = None
    mode: Annotated[str | None, choice("fan_in", "fan_out", "fan_avg")] = None
    distribution: Annotated[
        str | None, choice("normal", "truncated_normal", "untruncated_normal", "uniform")
    ] = None


class GlorotUniform(Seeded):
    """Glorot and Bengio (2010), uniform; also called Xavier. Keras's own for kernels."""


class GlorotNormal(Seeded):
    """Glorot and Bengio (2010), normal; also called Xavier."""


class HeUniform(Seeded):
    """He et al. (2015), uniform."""


class HeNormal(Seeded):
    """He et al. (2015), normal."""


class LecunUniform(Seeded):
    """LeCun et al. (1998), uniform."""


class LecunNormal(Seeded):
    """LeCun et al. (1998), normal."""


class Orthogonal(Seeded):
    """Rows or columns at right angles (Saxe et al., 2014).

    Args:
        gain: Their length.
    """

    gain: Positive | None = None


class Dirac(Seeded):
    """Filters that hand their input channel on (Zagoruyko and Komodakis, 2017); not in Keras.

    Filters beyond the number of input channels are uniform with variance 1 / (3 · fan in).
    """


class Whitening(Settings):
    """Filters that decorrelate patches of the image (as in Jordan, 2024); not in Keras.

    Args:
        images: How many training images the patches come from: the first ones of a named set; of a
            folder or an npz, whose classes may lie one behind the other, as many drawn by
            `train.seed`.
        epsilon: Added to the patches' variances, so that the smallest are not blown up.
    """

    images: Count = 5000
    epsilon: Positive = 0.0005


class L1(Settings):
    """Adds `l1` times the sum of absolute weights to the loss.

    Args:
        l1: What their sum is multiplied by.
    """

    l1: NotNegative | None = None


class L2(Settings):
    """Adds `l2` times the sum of squared weights to the loss.

    Args:
        l2: What their sum is multiplied by.
    """

    l2: NotNegative | None = None


class L1L2(L1, L2):
    """Both penalties."""


class MaxNorm(Settings):
    """Keeps the norm of a unit's weights below a value.

    Args:
        max_value: The value.
        axis: The axes of one unit's weights: 0 for `Dense`, [0, 1, 2] for `Conv2D`.
    """

    max_value: Positive | None = None
    axis: Axes | None = None


class MinMaxNorm(Settings):
    """Keeps the norm of a unit's weights between two values.

    Args:
        min_value: The lower one.
        max_value: The upper one.
        rate: Share of the way that each step brings it back.
        axis: The axes of one unit's weights: 0 for `Dense`, [0, 1, 2] for `Conv2D`.
    """

    min_value: NotNegative | None = None
    max_value: Positive | None = None
    rate: UnitInterval | None = None
    axis: Axes | None = None

    @model_validator(mode="after")
    def _in_order(self) -> MinMaxNorm:
        lowest = 0 if self.min_value is None else self.min_value
        highest = 1 if self.max_value is None else self.max_value
        if lowest > highest:
            raise mistake(
                f"min_value {lowest:g} is above max_value, {highest:g}; write a higher max_value"
            )
        return self


class NonNeg(Settings):
    """Keeps weights at or above 0."""


class UnitNorm(Settings):
    """Keeps the norm of a unit's weights at 1.

    Args:
        axis: The axes of one unit's weights: 0 for `Dense`, [0, 1, 2] for `Conv2D`.
    """

    axis: Axes | None = None


INITIALIZERS = table(
    GlorotUniform, GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal, RandomNormal,
    RandomUniform, TruncatedNormal, VarianceScaling, Orthogonal, Constant, Zeros, Ones,
)  # fmt: skip
KERNEL_INITIALIZERS_OF_CONV2D = INITIALIZERS | table(Dirac, Whitening)
REGULARIZERS = table(L2, L1, L1L2)
CONSTRAINTS = table(MaxNorm, MinMaxNorm, NonNeg, UnitNorm)

# Named aliases, so that pydantic builds each of these large unions once and not once a setting.
Initializer = TypeAliasType("Initializer", Annotated[Settings, OneOf(INITIALIZERS, "initializer")])
Conv2DInitializer = TypeAliasType(
    "Conv2DInitializer", Annotated[Settings, OneOf(KERNEL_INITIALIZERS_OF_CONV2D, "initializer")]
)
Regularizer = TypeAliasType("Regularizer", Annotated[Settings, OneOf(REGULARIZERS, "regularizer")])
Constraint = TypeAliasType("Constraint", Annotated[Settings, OneOf(CONSTRAINTS, "constraint")])
