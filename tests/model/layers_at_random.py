"""Hypothesis strategies for the layers and graphs of recipes, to compare them with Keras.

All that tests of all layers need to know about a new layer belongs here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck
from hypothesis import strategies as st

from kcnn.recipe import Recipe
from kcnn.recipe.source import Source

Written = dict[str, dict[str, Any]]

SIZE = st.integers(1, 4)
SIZES = SIZE | st.lists(SIZE, min_size=2, max_size=2)
STRIDES = st.integers(1, 3)
MARGIN = st.integers(0, 2)
PAIR = st.lists(MARGIN, min_size=2, max_size=2)
MARGINS = MARGIN | PAIR | st.lists(PAIR, min_size=2, max_size=2)
PADDING = st.sampled_from(["valid", "same"])
CHANNELS = st.integers(1, 6)
BOOLEAN = st.booleans()
AXIS = st.integers(-4, 4)


def settings(needed: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(needed, optional=optional)


STRIDES_OR_PAIR = STRIDES | st.lists(STRIDES, min_size=2, max_size=2)
WINDOW = {
    "strides": STRIDES_OR_PAIR,
    "padding": PADDING | MARGINS,
    "dilation_rate": STRIDES_OR_PAIR,
    "use_bias": BOOLEAN,
}
POOL = {"strides": STRIDES_OR_PAIR, "padding": PADDING}
NORMALIZATION = {"center": BOOLEAN, "scale": BOOLEAN, "trainable": BOOLEAN}
TARGET = st.lists(st.sampled_from([-1, 1, 2, 3, 4, 6, 12]), min_size=1, max_size=3).filter(
    lambda shape: shape.count(-1) <= 1
)

LAYERS: dict[str, st.SearchStrategy[Any]] = {
    "Conv2D": settings({"filters": CHANNELS, "kernel_size": SIZES}, {**WINDOW, "groups": SIZE}),
    "SeparableConv2D": settings(
        {"filters": CHANNELS, "kernel_size": SIZES}, {**WINDOW, "depth_multiplier": SIZE}
    ),
    "DepthwiseConv2D": settings({"kernel_size": SIZES}, {**WINDOW, "depth_multiplier": SIZE}),
    "Conv2DTranspose": settings(
        {"filters": CHANNELS, "kernel_size": SIZES},
        {
            "strides": STRIDES_OR_PAIR, "padding": PADDING, "dilation_rate": STRIDES_OR_PAIR,
            "output_padding": MARGIN | PAIR, "use_bias": BOOLEAN,
        },
    ),
    "Dense": settings({"units": CHANNELS}, {"use_bias": BOOLEAN, "trainable": BOOLEAN}),
    "MaxPooling2D": settings({}, {**POOL, "pool_size": SIZES}),
    "AveragePooling2D": settings({"pool_size": SIZES}, POOL),
    "GlobalAveragePooling2D": settings({}, {"keepdims": BOOLEAN}),
    "GlobalMaxPooling2D": settings({}, {"keepdims": BOOLEAN}),
    "Flatten": settings({}, {}),
    "Reshape": settings({"target_shape": TARGET}, {}),
    "Dropout": settings({"rate": st.just(0.5)}, {}),
    "SpatialDropout2D": settings({"rate": st.just(0.5)}, {}),
    "AlphaDropout": settings({"rate": st.just(0.5)}, {}),
    "GaussianDropout": settings({"rate": st.just(0.5)}, {}),
    "GaussianNoise": settings({"stddev": st.just(0.1)}, {}),
    "BatchNormalization": settings({}, {**NORMALIZATION, "axis": AXIS}),
    "LayerNormalization": settings(
        {}, {**NORMALIZATION, "axis": AXIS | st.lists(AXIS, min_size=1, max_size=3)}
    ),
    "GroupNormalization": settings(
        {}, {**NORMALIZATION, "axis": AXIS, "groups": st.sampled_from([-1, 1, 2, 3, 32])}
    ),
    "LocalResponseNormalization": settings({}, {"depth_radius": SIZE}),
    "RMSNormalization": settings(
        {}, {"axis": AXIS | st.lists(AXIS, min_size=1, max_size=3), "trainable": BOOLEAN}
    ),
    "UnitNormalization": settings({}, {"axis": AXIS | st.lists(AXIS, min_size=1, max_size=3)}),
    "Activation": settings({"activation": st.sampled_from(["relu", "gelu", "softmax"])}, {}),
    "ReLU": settings({}, {"max_value": st.just(6)}),
    "LeakyReLU": settings({}, {"negative_slope": st.just(0.02)}),
    "PReLU": settings(
        {}, {"shared_axes": AXIS | st.lists(AXIS, min_size=1, max_size=3), "trainable": BOOLEAN}
    ),
    "ELU": settings({}, {}),
    "Softmax": settings({}, {"axis": AXIS}),
    "Rescaling": settings({"scale": st.just(0.5)}, {"offset": st.just(1)}),
    "ZeroPadding2D": settings({}, {"padding": MARGINS}),
    "Cropping2D": settings({}, {"cropping": MARGINS}),
    "UpSampling2D": settings(
        {}, {"size": SIZES, "interpolation": st.sampled_from(["nearest", "bilinear"])}
    ),
}  # fmt: skip

# Layers that read several others. `branches` draws them.
MERGING = ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply")

# What messages say where Keras plans what TensorFlow cannot compute, or what nobody expects.
STRICTER_THAN_KERAS = [
    "TensorFlow has equal strides only here",
    "strides and dilation_rate are not both above 1 in Keras",
    "input has axes 1 to",
    "the same axis twice",
    "shared_axes",
    "output_padding 0 with an even kernel",  # TensorFlow refuses it, when it is too late
    "LocalResponseNormalization needs a map",  # kcnn's own layer, which does not check its input
    "RMSNormalization is along the last axes",
    "which differ",  # Keras joins a row with a map, too, and stretches the row
]

# A value other than Keras's default for each setting, by its name, or by its layer and name.
VALUES: dict[str, Any] = {
    "name": "a",
    "trainable": False,
    "activation": "relu",
    "use_bias": True,
    "filters": 4,
    "units": 4,
    "groups": 2,
    "kernel_size": [3, 2],
    "pool_size": [2, 3],
    "strides": [1, 1],
    "padding": "same",
    "dilation_rate": 2,
    "output_padding": 0,
    "depth_multiplier": 2,
    "keepdims": True,
    "target_shape": [7, -1],
    "rate": 0.5,
    "stddev": 0.5,
    "seed": 1,
    "axis": -1,
    "epsilon": 1e-3,
    "center": True,
    "scale": True,
    "momentum": 0.9,
    "synchronized": True,
    "depth_radius": 3,
    "bias": 1.0,
    "alpha": 0.5,
    "beta": 0.5,
    "max_value": 6.0,
    "negative_slope": 0.1,
    "threshold": 0.5,
    "shared_axes": [1, 2],
    "offset": 1.0,
    "cropping": [1, 2],
    "size": [2, 3],
    "interpolation": "bilinear",
    "LayerNormalization.axis": [1, 2],
    "Rescaling.scale": 0.1,
    "ZeroPadding2D.padding": [[1, 0], [0, 1]],
}
VALUES_BY_ENDING = {
    "_initializer": "HeNormal",
    "_regularizer": {"L2": {"l2": 0.1}},
    "_constraint": "NonNeg",
}


def value_of(layer: str, setting: str) -> Any:
    """Return a value that Keras takes for a layer's setting, as a recipe writes it."""
    for ending, value in VALUES_BY_ENDING.items():
        if setting.endswith(ending):
            return value
    return VALUES.get(f"{layer}.{setting}", VALUES.get(setting))


SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(1, 6))
ONE_LAYER = st.one_of(
    [values.map(lambda value, n=name: {n: value}) for name, values in LAYERS.items()]
)
CHAINS = st.lists(ONE_LAYER, min_size=1, max_size=3)
UNLIMITED = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@st.composite
def branches(draw: st.DrawFn) -> list[Any]:
    """Draw two branches from a layer that are joined again. Their shapes may differ."""
    same = {"filters": draw(CHANNELS), "kernel_size": 3, "padding": "same"}
    strides = draw(st.integers(1, 2))
    left = {"Conv2D": {**same, "strides": strides, "name": "left", "inputs": "stem"}}
    right = {"Conv2D": {**same, "kernel_size": 1, "strides": strides, "inputs": "stem"}}
    between = draw(st.lists(ONE_LAYER, max_size=1))
    join = draw(st.sampled_from(MERGING))
    joined = {"inputs": ["left", "right"]}
    if join == "Concatenate":
        joined["axis"] = draw(st.sampled_from([-1, 1, 3]))
    residual = {"Residual": {"body": draw(st.lists(ONE_LAYER, min_size=1, max_size=2))}}
    repeat = {"Repeat": {"times": draw(st.integers(1, 3)), "body": ["BatchNormalization", "ReLU"]}}
    return [
        {"Conv2D": {**same, "name": "stem"}},
        left,
        right,
        *between,
        {"Activation": {"activation": "relu", "name": "right"}},
        {join: joined},
        *draw(st.permutations([residual, repeat])),
    ]


def recipe_of(layers: Sequence[Any]) -> Recipe:
    """Make a recipe of layers in the form of parsed YAML."""
    content = {
        "name": "net",
        "data": {"dataset": "mnist"},
        "model": {"layers": list(layers)},
        "train": {"epochs": 1, "optimizer": "Adam"},
    }
    recipe = Recipe.model_validate(content)
    recipe._origin = Source(Path("net.yaml"), b"", content, {(): 1})
    return recipe
