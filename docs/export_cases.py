"""The layers and activations that are tried in each export format, for the table of docs.

All that has to be known about a new layer is its line in CASES; a test says if it is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcnn.export.format import Format, Options
from kcnn.export.formats import FORMATS
from kcnn.recipe.fields import ACTIVATIONS

Layers = Sequence[Any]

_CONVOLUTION = {"Conv2D": {"filters": 8, "kernel_size": 3, "padding": "same"}}
_BRANCHES = [
    {"Conv2D": {"name": "left", "filters": 8, "kernel_size": 3, "padding": "same"}},
    {"Conv2D": {"name": "right", "inputs": "image", "filters": 8, "kernel_size": 1}},
]
_GENERATOR = [
    "Flatten",
    {"Dense": {"units": 32, "use_bias": False}},
    "BatchNormalization",
    {"LeakyReLU": {"negative_slope": 0.2}},
    {"Reshape": {"target_shape": [2, 2, 8]}},
    {"Conv2DTranspose": {"filters": 8, "kernel_size": 5, "strides": 2, "padding": "same"}},
    "BatchNormalization",
    {"LeakyReLU": {"negative_slope": 0.2}},
    {"UpSampling2D": {"size": 2}},
    {"Conv2D": {"filters": 3, "kernel_size": 5, "padding": "same", "activation": "tanh"}},
]


def _after(*layers: Any) -> Layers:
    """Return layers that follow a convolution."""
    return [_CONVOLUTION, *layers]


def _settings(layer: str, **settings: Any) -> Layers:
    """Return a layer that follows a convolution."""
    return _after({layer: settings})


# What a line of the table calls it, and its layers. The first takes the image; a Flatten, a Dense
# and a softmax follow the last.
CASES: dict[str, Layers] = {
    "Conv2D": [{"Conv2D": {"filters": 8, "kernel_size": 3, "strides": 2, "padding": 1}}],
    "Conv2D, groups": _settings("Conv2D", filters=8, kernel_size=3, groups=4),
    "Conv2D, dilation_rate": _settings("Conv2D", filters=8, kernel_size=3, dilation_rate=2),
    "Conv2D of the whole image": [{"Conv2D": {"filters": 8, "kernel_size": 8}}],
    "SeparableConv2D": _settings(
        "SeparableConv2D", filters=8, kernel_size=3, depth_multiplier=2, padding="same"
    ),
    "DepthwiseConv2D": _settings("DepthwiseConv2D", kernel_size=3, strides=2, padding="same"),
    "DepthwiseConv2D, dilation_rate": _settings(
        "DepthwiseConv2D", kernel_size=3, dilation_rate=2, depth_multiplier=2
    ),
    "Conv2DTranspose": _settings(
        "Conv2DTranspose", filters=8, kernel_size=3, strides=2, padding="same"
    ),
    "Conv2DTranspose, strides above kernel_size": _settings(
        "Conv2DTranspose", filters=4, kernel_size=[1, 2], strides=3
    ),
    "Conv2DTranspose, output_padding": _settings(
        "Conv2DTranspose", filters=4, kernel_size=3, strides=[3, 2], output_padding=[2, 1]
    ),
    "Conv2DTranspose, dilation_rate": _settings(
        "Conv2DTranspose", filters=4, kernel_size=3, dilation_rate=2
    ),
    "Dense": ["Flatten", {"Dense": {"units": 16}}],
    "Dense after a convolution": _settings("Dense", units=6),
    "MaxPooling2D": _settings("MaxPooling2D", pool_size=3, strides=2, padding="same"),
    "AveragePooling2D": _settings("AveragePooling2D", pool_size=3, strides=2, padding="same"),
    "GlobalAveragePooling2D": _after("GlobalAveragePooling2D"),
    "GlobalMaxPooling2D": _settings("GlobalMaxPooling2D", keepdims=True),
    "Flatten": ["Flatten"],
    "Reshape": _settings("Reshape", target_shape=[4, 16, -1]),
    "Dropout": _settings("Dropout", rate=0.5),
    "SpatialDropout2D": _settings("SpatialDropout2D", rate=0.5),
    "GaussianNoise": _settings("GaussianNoise", stddev=0.5),
    "GaussianDropout": _settings("GaussianDropout", rate=0.5),
    "AlphaDropout": _settings("AlphaDropout", rate=0.5),
    "BatchNormalization": _after("BatchNormalization"),
    "BatchNormalization, axis": _settings("BatchNormalization", axis=1),
    "BatchNormalization of a row": _after("Flatten", "BatchNormalization"),
    "LayerNormalization": _after("LayerNormalization"),
    "LayerNormalization, axis": _settings("LayerNormalization", axis=[1, 2, 3]),
    "GroupNormalization": _settings("GroupNormalization", groups=4),
    "LocalResponseNormalization": _settings("LocalResponseNormalization", alpha=0.5),
    "LocalResponseNormalization, depth_radius": _settings(
        "LocalResponseNormalization", alpha=0.5, depth_radius=3, bias=1.0, beta=0.5
    ),
    "RMSNormalization": _after("RMSNormalization"),
    "RMSNormalization, axis": _settings("RMSNormalization", axis=[1, 2, 3]),
    "UnitNormalization": _after("UnitNormalization"),
    **{f"activation: {name}": _settings("Activation", activation=name) for name in ACTIVATIONS},
    "ReLU": _settings("ReLU", max_value=6.0, negative_slope=0.1, threshold=0.2),
    "LeakyReLU": _settings("LeakyReLU", negative_slope=0.1),
    "PReLU": _after("PReLU"),
    "PReLU, shared_axes": _settings("PReLU", shared_axes=[1, 2]),
    "ELU": _after("ELU"),
    "Softmax": _after("Softmax"),
    "Softmax, axis": _settings("Softmax", axis=1),
    "Rescaling": [{"Rescaling": {"scale": 2.0, "offset": -1.0}}, _CONVOLUTION],
    "ZeroPadding2D": _settings("ZeroPadding2D", padding=[[1, 0], [0, 2]]),
    "Cropping2D": _settings("Cropping2D", cropping=[[1, 0], [0, 2]]),
    "UpSampling2D": _settings("UpSampling2D", size=2),
    "UpSampling2D, bilinear": _settings("UpSampling2D", size=[2, 3], interpolation="bilinear"),
    **{
        name: [*_BRANCHES, {name: {"inputs": ["left", "right"]}}]
        for name in ("Add", "Concatenate", "Multiply", "Average", "Maximum", "Minimum")
    },
    "Residual": _after({"Residual": {"body": [_CONVOLUTION, "BatchNormalization", "ReLU"]}}),
    "Repeat": _after({"Repeat": {"times": 3, "body": [_CONVOLUTION, "BatchNormalization"]}}),
    "a generator of images": _GENERATOR,
    "Application": [
        {"Application": {"name": "MobileNetV3Small", "weights": "none"}},
        "GlobalAveragePooling2D",
    ],
}
# These need larger images, and raw ones.
LARGE_CASES = ("Application",)


# What formats cannot do, and the gate refuses: lines and columns of the table.
_LITERT = ("LiteRT", "LiteRT float16", "LiteRT dynamic", "LiteRT int8")
KNOWN_FAILURES: dict[str, Sequence[str]] = {
    # Converted to exponential functions, which int8 cannot hold if the values before are large.
    "activation: celu": ["LiteRT int8"],
    "activation: selu": ["LiteRT int8"],
    "activation: softplus": ["LiteRT int8"],
    "Conv2DTranspose, dilation_rate": _LITERT,  # it has no such operation
}
# Converted by themselves, because some converter refuses a model that has them.
ALONE = ("Conv2DTranspose, dilation_rate",)


def variants() -> dict[str, tuple[Format, Options]]:
    """Return all formats with all quantizations, by what a column of the table calls them.

    A format that shares its runtime with an earlier one (the web page has LiteRT's) is left out.
    """
    by_runtime = {form.RUNTIME: form for form in reversed(FORMATS)}
    return {
        f"{form.TITLE} {quantize or ''}".rstrip(): (form, Options(quantize))
        for form in FORMATS
        if by_runtime[form.RUNTIME] is form
        for quantize in (None, *form.QUANTIZATIONS)
    }
