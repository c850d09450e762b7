"""Initializers of weights, under Keras's names; Dirac and Whitening are kcnn's own."""

from __future__ import annotations

from typing import Annotated

from pydantic import model_validator
from typing_extensions import TypeAliasType

from kcnn.recipe.fields import Count, Positive, Settings, WholeNumber, choice, require_order
from kcnn.recipe.kinds import OneOf, table


class Zeros(Settings):
    """All weights 0."""


class Ones(Settings):
    """All weights 1."""


class Constant(Settings):
    """All weights the same value.

    Args:
        value: The value.
    """

    value: float


class Seeded(Settings):
    """Arguments of every random initializer.

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
        # Keras's own ends replace one that is left out.
        lowest = -0.05 if self.minval is None else self.minval
        highest = 0.05 if self.maxval is None else self.maxval
        require_order(minval=lowest, maxval=highest)
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
        images: How many training images the patches come from. Of a named dataset, the first ones;
            of a folder or an npz, which may be sorted by class, random ones drawn by `train.seed`.
        epsilon: Added to the patches' variances, so that dividing by a tiny one does not amplify
            noise.
    """

    images: Count = 5000
    epsilon: Positive = 0.0005


INITIALIZERS = table(
    GlorotUniform, GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal, RandomNormal,
    RandomUniform, TruncatedNormal, VarianceScaling, Orthogonal, Constant, Zeros, Ones,
)  # fmt: skip
KERNEL_INITIALIZERS_OF_CONV2D = INITIALIZERS | table(Dirac, Whitening)

# Named aliases: pydantic builds each of these large unions once, not once for every setting.
Initializer = TypeAliasType("Initializer", Annotated[Settings, OneOf(INITIALIZERS, "initializer")])
Conv2DInitializer = TypeAliasType(
    "Conv2DInitializer", Annotated[Settings, OneOf(KERNEL_INITIALIZERS_OF_CONV2D, "initializer")]
)
