"""Initializers, regularizers and constraints of weights, under Keras's names."""

from __future__ import annotations

from typing import Annotated

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
)
from kcnn.recipe.kinds import OneOf, table


class Zeros(Settings):
    """All weights 0."""


class Ones(Settings):
    """All weights 1."""


class Constant(Settings):
    """All weights one value."""

    value: float


class RandomNormal(Settings):
    """Weights from a normal distribution."""

    mean: float | None = None
    stddev: Positive | None = None
    seed: WholeNumber | None = None


class TruncatedNormal(RandomNormal):
    """Weights from a normal distribution, none further out than two deviations."""


class RandomUniform(Settings):
    """Weights from a uniform distribution."""

    minval: float | None = None
    maxval: float | None = None
    seed: WholeNumber | None = None


class VarianceScaling(Settings):
    """Weights whose variance is `scale` over the layer's fan."""

    scale: Positive | None = None
    mode: Annotated[str | None, choice("fan_in", "fan_out", "fan_avg")] = None
    distribution: Annotated[
        str | None, choice("normal", "truncated_normal", "untruncated_normal", "uniform")
    ] = None
    seed: WholeNumber | None = None


class _Seeded(Settings):
    seed: WholeNumber | None = None


class GlorotUniform(_Seeded):
    """Glorot and Bengio (2010), uniform; also called Xavier."""


class GlorotNormal(_Seeded):
    """Glorot and Bengio (2010), normal; also called Xavier."""


class HeUniform(_Seeded):
    """He et al. (2015), uniform."""


class HeNormal(_Seeded):
    """He et al. (2015), normal."""


class LecunUniform(_Seeded):
    """LeCun et al. (1998), uniform."""


class LecunNormal(_Seeded):
    """LeCun et al. (1998), normal."""


class Orthogonal(Settings):
    """Rows or columns at right angles (Saxe et al., 2014)."""

    gain: Positive | None = None
    seed: WholeNumber | None = None


class Dirac(_Seeded):
    """Filters that hand their input channel on (Zagoruyko and Komodakis, 2017); not in Keras.

    Filters beyond the number of input channels are uniform with variance 1 / (3 · fan in).
    """


class Whitening(Settings):
    """Filters that decorrelate patches of the image (as in Jordan, 2024); not in Keras.

    Args:
        images: How many training images, the first ones, the patches come from.
        epsilon: Added to the patches' variances, so that the smallest are not blown up.
    """

    images: Count = 5000
    epsilon: Positive = 0.0005


class L1(Settings):
    """Adds `l1` times the sum of absolute weights to the loss."""

    l1: NotNegative | None = None


class L2(Settings):
    """Adds `l2` times the sum of squared weights to the loss."""

    l2: NotNegative | None = None


class L1L2(L1, L2):
    """Both penalties."""


class MaxNorm(Settings):
    """Keeps the norm of a unit's weights below a value."""

    max_value: Positive | None = None
    axis: Axes | None = None


class MinMaxNorm(Settings):
    """Keeps the norm of a unit's weights between two values."""

    min_value: NotNegative | None = None
    max_value: Positive | None = None
    rate: UnitInterval | None = None
    axis: Axes | None = None


class NonNeg(Settings):
    """Keeps weights at or above 0."""


class UnitNorm(Settings):
    """Keeps the norm of a unit's weights at 1."""

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
