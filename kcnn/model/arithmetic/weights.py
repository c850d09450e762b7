"""Which weights each layer has, under Keras's names; their sizes are in `costs` beside it."""

from __future__ import annotations

from functools import singledispatch

from kcnn.recipe import layers
from kcnn.recipe.layers import Layer

MOVING_AVERAGES = ("moving_mean", "moving_variance")


@singledispatch
def weight_names(layer: Layer) -> tuple[str, ...]:
    """Names a layer's weights as their paths in the model end: `kernel` of `conv2d/kernel`.

    Args:
        layer: The layer, of any kind; most have none.
    """
    return ()


def trainable_weights(layer: Layer) -> tuple[str, ...]:
    """Names the weights of a layer that Keras hands to the optimizer."""
    if getattr(layer, "trainable", None) is False:
        return ()
    return tuple(name for name in weight_names(layer) if name not in MOVING_AVERAGES)


@weight_names.register(layers.Conv2D)
@weight_names.register(layers.DepthwiseConv2D)
@weight_names.register(layers.Conv2DTranspose)
@weight_names.register(layers.Dense)
def _one_kernel(
    layer: layers.Conv2D | layers.DepthwiseConv2D | layers.Conv2DTranspose | layers.Dense,
) -> tuple[str, ...]:
    return ("kernel", "bias") if layer.use_bias else ("kernel",)


@weight_names.register
def _separable(layer: layers.SeparableConv2D) -> tuple[str, ...]:
    kernels = ("depthwise_kernel", "pointwise_kernel")
    return (*kernels, "bias") if layer.use_bias else kernels


@weight_names.register(layers.BatchNormalization)
@weight_names.register(layers.LayerNormalization)
@weight_names.register(layers.GroupNormalization)
def _normalization(
    layer: layers.BatchNormalization | layers.LayerNormalization | layers.GroupNormalization,
) -> tuple[str, ...]:
    learned = {"gamma": layer.scale, "beta": layer.center}
    moving = MOVING_AVERAGES if isinstance(layer, layers.BatchNormalization) else ()
    return (*(name for name, is_there in learned.items() if is_there), *moving)


@weight_names.register
def _prelu(layer: layers.PReLU) -> tuple[str, ...]:
    return ("alpha",)
