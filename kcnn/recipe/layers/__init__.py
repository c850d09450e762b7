"""The layers a recipe may name: Keras's classes and arguments, one of ours, two that nest, and
`keras.applications`.

A default given here is Keras's own, and is here only because shape arithmetic needs it; what a
recipe leaves out is never passed on. A test compares the two.
"""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypeAliasType

from kcnn.recipe.kinds import OneOf, table
from kcnn.recipe.layers.activations import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from kcnn.recipe.layers.application import Application
from kcnn.recipe.layers.convolutions import (
    Conv2D,
    Conv2DTranspose,
    DepthwiseConv2D,
    SeparableConv2D,
)
from kcnn.recipe.layers.dense import Dense
from kcnn.recipe.layers.layer import Layer
from kcnn.recipe.layers.merging import Add, Average, Concatenate, Maximum, Minimum, Multiply
from kcnn.recipe.layers.normalization import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    LocalResponseNormalization,
    RMSNormalization,
    UnitNormalization,
)
from kcnn.recipe.layers.pooling import (
    AveragePooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    MaxPooling2D,
)
from kcnn.recipe.layers.regularization import (
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout2D,
)
from kcnn.recipe.layers.reshaping import (
    Cropping2D,
    Flatten,
    Rescaling,
    Reshape,
    UpSampling2D,
    ZeroPadding2D,
)

LAYERS: dict[str, type[Layer]] = {}
AnyLayer = TypeAliasType("AnyLayer", Annotated[Layer, OneOf(LAYERS, "layer", identifiers=False)])
Layers = Annotated[list[AnyLayer], Field(min_length=1)]


class Residual(Layer):
    """The sum of a body and a shortcut around it (He et al., 2016); not in Keras.

    Args:
        body: The layers whose output is added.
        shortcut: The layers around the body; without any, the input itself is added.
    """

    body: Layers
    shortcut: list[AnyLayer] = []


class Repeat(Layer):
    """The same layers several times in a row, each with its own weights; not in Keras.

    Args:
        times: Number of times.
        body: The layers.
    """

    times: Annotated[int, Field(gt=0, le=1000)]
    body: Layers


LAYERS.update(
    table(
        Conv2D, SeparableConv2D, DepthwiseConv2D, Conv2DTranspose, Dense,
        MaxPooling2D, AveragePooling2D, GlobalAveragePooling2D, GlobalMaxPooling2D,
        Flatten, Reshape, Dropout, SpatialDropout2D, GaussianNoise, GaussianDropout, AlphaDropout,
        BatchNormalization, LayerNormalization, GroupNormalization, LocalResponseNormalization,
        RMSNormalization, UnitNormalization,
        Activation, ReLU, LeakyReLU, PReLU, ELU, Softmax, Rescaling,
        ZeroPadding2D, Cropping2D, UpSampling2D,
        Add, Concatenate, Multiply, Average, Maximum, Minimum,
        Residual, Repeat, Application,
    )
)  # fmt: skip
