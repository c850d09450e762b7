"""Layers and graphs at random, as recipes write them, for the tests against Keras."""

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
    "GaussianNoise": settings({"stddev": st.just(0.1)}, {}),
    "BatchNormalization": settings({}, {**NORMALIZATION, "axis": AXIS}),
    "LayerNormalization": settings(
        {}, {**NORMALIZATION, "axis": AXIS | st.lists(AXIS, min_size=1, max_size=3)}
    ),
    "GroupNormalization": settings(
        {}, {**NORMALIZATION, "axis": AXIS, "groups": st.sampled_from([-1, 1, 2, 3, 32])}
    ),
    "LocalResponseNormalization": settings({}, {"depth_radius": SIZE}),
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

SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(1, 6))
ONE_LAYER = st.one_of([values.map(lambda one, n=name: {n: one}) for name, values in LAYERS.items()])
CHAINS = st.lists(ONE_LAYER, min_size=1, max_size=3)
UNLIMITED = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@st.composite
def branches(draw: st.DrawFn) -> list[Any]:
    """Two ways from one layer, joined again; equal shapes are likely and not certain."""
    same = {"filters": draw(CHANNELS), "kernel_size": 3, "padding": "same"}
    strides = draw(st.integers(1, 2))
    left = {"Conv2D": {**same, "strides": strides, "name": "left", "inputs": "stem"}}
    right = {"Conv2D": {**same, "kernel_size": 1, "strides": strides, "inputs": "stem"}}
    between = draw(st.lists(ONE_LAYER, max_size=1))
    join = draw(st.sampled_from(["Add", "Average", "Concatenate", "Maximum", "Multiply"]))
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
    """Makes a recipe of layers as YAML would give them."""
    content = {
        "name": "net",
        "data": {"dataset": "mnist"},
        "model": {"layers": list(layers)},
        "train": {"epochs": 1, "optimizer": "Adam"},
    }
    recipe = Recipe.model_validate(content)
    recipe._origin = Source(Path("net.yaml"), b"", content, {(): 1})
    return recipe
