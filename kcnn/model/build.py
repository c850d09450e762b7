"""Build the keras.Model of a plan. It takes raw images."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from kcnn.errors import RecipeError
from kcnn.model import initializers
from kcnn.model.application import build_application, call_application
from kcnn.model.costs import node_cost
from kcnn.model.fast.activations import COMPILED_ACTIVATIONS, compiled_activation
from kcnn.model.fast.batch_normalization import FusedBatchNormalization
from kcnn.model.fast.layer_normalization import ImageNormalization
from kcnn.model.fast.narrow_batch_normalization import NarrowBatchNormalization
from kcnn.model.fast.patch_convolution import PatchConvolution
from kcnn.model.fast.pooled_activations import (
    activation_before_pooling,
    find_pooled_activations,
    pooled_class,
)
from kcnn.model.fast.whole_map_convolution import WholeMapConvolution
from kcnn.model.fast.wide_convolution import WideConvolution, gains_by_products
from kcnn.model.graph import INPUT, SCALING, Node
from kcnn.model.local_response import LocalResponseNormalization
from kcnn.model.plan import Plan
from kcnn.recipe import layers as kinds
from kcnn.recipe.constraints import CONSTRAINTS
from kcnn.recipe.fields import Settings
from kcnn.recipe.initializers import INITIALIZERS, Dirac, Whitening
from kcnn.recipe.kinds import table
from kcnn.recipe.layers import Layer
from kcnn.recipe.layers.shapes import Shape, pair
from kcnn.recipe.regularizers import REGULARIZERS
from kcnn.text.numbers import shape_text

# Our classes of layers that Keras does not have or trains more slowly.
_OUR_CLASSES = {
    kinds.BatchNormalization: FusedBatchNormalization,
    kinds.LocalResponseNormalization: LocalResponseNormalization,
}
_MODULES = (
    (INITIALIZERS, keras.initializers),
    (table(Dirac), initializers),
    (REGULARIZERS, keras.regularizers),
    (CONSTRAINTS, keras.constraints),
)

# Mean and variance of each channel over the training images, in pixel values 0..255.
ChannelStatistics = tuple[Sequence[float], Sequence[float]]


def build_model(
    plan: Plan,
    statistics: ChannelStatistics | None = None,
    synchronized: bool = False,
    compiled: bool = False,
) -> keras.Model:
    """Build the Keras model of a plan, with the scaling of pixel values as its first layer.

    Args:
        plan: The layers and their shapes.
        statistics: Mean and variance for `scaling: standard`; None for the other scalings.
        synchronized: Whether batch normalization computes its statistics over all devices.
        compiled: Whether to build layers that are faster on a single CPU: XLA compiles activations
            and batch normalizations, poolings compute the gradients of the activations before them,
            and convolutions can be compiled with the whole step.

    Returns:
        A functional model from images `(batch, height, width, channels)` of values 0..255 to
        float32 outputs `(batch, classes)`.

    Raises:
        RecipeError: Keras refuses a layer, or builds it with another output shape or number of
            parameters than planned. The message names the layer.
    """
    image = keras.Input(plan.image_shape, name=INPUT)
    tensors = {INPUT: _scaling(plan, statistics)(image)}
    builder = _LayerBuilder(
        synchronized,
        compiled,
        find_pooled_activations(plan.nodes, plan.shapes) if compiled else {},
        _output_layers(plan.nodes),
    )
    for node in plan.nodes:
        inputs = [tensors[name] for name in node.inputs]
        try:
            before = inputs[0].shape[1:]
            if isinstance(node.layer, kinds.Application):
                application = build_application(
                    node.layer, node.name, before, builder.dtype_of(node), synchronized
                )
                tensors[node.name] = call_application(application, node.layer, inputs[0])
                continue
            layer = builder.build(node, before)
            tensors[node.name] = layer(inputs if len(inputs) > 1 else inputs[0])
        except (ValueError, TypeError, NotImplementedError) as error:
            if not _is_of_keras(error):
                raise
            reason = str(error).strip().splitlines()[0]
            message = f"layer {node.name}: Keras says: {reason}"
            raise RecipeError([plan.recipe.origin.problem(node.loc, message)]) from None
    model = keras.Model(image, tensors[plan.nodes[-1].name], name=_model_name(plan))
    _require_as_planned(plan, model)
    return model


def _is_of_keras(error: Exception) -> bool:
    """Return whether Keras raised an error, and not kcnn's own code, where it is a bug."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return not str(frames[-1].f_globals.get("__name__")).startswith("kcnn.")


def _require_as_planned(plan: Plan, model: keras.Model) -> None:
    """Raise if a layer's output shape or number of parameters differs from the plan's.

    They differ only if kcnn's arithmetic or Keras has a bug, or if a setting of Keras changes
    models.

    Args:
        plan: The layers and their shapes.
        model: What Keras built from the plan.

    Raises:
        RecipeError: They differ; names the first such layer.
    """
    for node in plan.nodes:
        layer = model.get_layer(node.name)
        built: tuple[Any, ...] = (tuple(layer.output.shape[1:]), layer.count_params())
        planned = (plan.shapes[node.name], node_cost(node, plan.shapes).parameters)
        if built != planned:
            message = (
                f"layer {node.name}: Keras {keras.__version__} builds {_described(*built)}, and "
                f"kcnn planned {_described(*planned)}"
            )
            problem = plan.recipe.origin.problem(node.loc, message)
            raise RecipeError([problem], "this is no mistake in the recipe: please report it")


def _described(shape: Shape, parameters: int) -> str:
    return f"an output of {shape_text(shape)} with {parameters:,} parameters"


def _model_name(plan: Plan) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in plan.recipe.name)


def _scaling(plan: Plan, statistics: ChannelStatistics | None) -> keras.layers.Layer:
    if plan.recipe.data.scaling == "unit":
        return keras.layers.Rescaling(1 / 255, name=SCALING, dtype="float32")
    if statistics is not None:
        mean, variance = statistics
        return keras.layers.Normalization(
            mean=mean, variance=variance, name=SCALING, dtype="float32"
        )
    return keras.layers.Identity(name=SCALING, dtype="float32")


def _output_layers(nodes: Sequence[Node]) -> set[str]:
    """Return the names of the layers from the last kernel to the output, which stay float32.

    Follow all inputs backwards from the model's output, shortcuts too, up to the first layer with a
    kernel on each path. So logits are float32 under mixed precision.
    """
    names = {nodes[-1].name}
    for node in reversed(nodes):
        if node.name in names and not node.layer.has_kernel:
            names.update(node.inputs)
    return names


@dataclass(frozen=True)
class _LayerBuilder:
    """What decides the class and the arguments of each Keras layer of a model.

    Args:
        synchronized: As of `build_model`.
        compiled: As of `build_model`.
        pooled_activations: What `find_pooled_activations` found.
        output_layers: What `_output_layers` returned.
    """

    synchronized: bool
    compiled: bool
    pooled_activations: Mapping[str, str]
    output_layers: set[str]

    def build(self, node: Node, before: Shape) -> keras.Layer:
        """Build a layer.

        Args:
            node: The layer, which is no application.
            before: Its input shape.
        """
        arguments = _arguments(node.layer)
        if self.synchronized and isinstance(node.layer, kinds.BatchNormalization):
            arguments.setdefault("synchronized", True)
        if self.compiled and arguments.get("activation") in COMPILED_ACTIVATIONS:
            arguments["activation"] = compiled_activation(arguments["activation"])
        if node.name in self.pooled_activations and "activation" in arguments:
            pooled = self.pooled_activations[node.name]
            arguments["activation"] = activation_before_pooling(pooled)
        if (dtype := self.dtype_of(node)) is not None:
            arguments["dtype"] = dtype
        return self._class_of(node, before)(name=node.name, **arguments)

    def dtype_of(self, node: Node) -> str | None:
        """Return the dtype that a layer must compute in; None for that of the policy."""
        in_float32 = node.name in self.output_layers or node.layer.needs_float32
        return "float32" if in_float32 else None

    def _class_of(self, node: Node, before: Shape) -> type[keras.Layer]:
        layer, pooled = node.layer, self.pooled_activations.get(node.name)
        if pooled and (ours := pooled_class(layer, pooled)):
            return ours
        if self.compiled and isinstance(layer, kinds.BatchNormalization):
            return NarrowBatchNormalization
        if self.compiled and isinstance(layer, kinds.LayerNormalization):
            return ImageNormalization
        if isinstance(layer, kinds.Conv2D) and _covers_input(layer, before):
            return WholeMapConvolution
        if self.compiled and isinstance(layer, kinds.Conv2D):
            in_bfloat16 = keras.config.dtype_policy().compute_dtype == "bfloat16"
            is_wide = in_bfloat16 and gains_by_products(layer, before)
            return WideConvolution if is_wide else PatchConvolution
        return _OUR_CLASSES.get(type(layer)) or getattr(keras.layers, type(layer).__name__)


def _covers_input(layer: kinds.Conv2D, before: Shape) -> bool:
    """Return whether a convolution's kernel has exactly the size of its input."""
    return pair(layer.kernel_size) == before[:2] and layer.padding == "valid" and layer.groups == 1


def _arguments(layer: Layer) -> dict[str, Any]:
    return {
        name: _in_keras(value)
        for name, value in layer.written().items()
        # Whitening needs the built model, which scales the images: see whitening.py.
        if name not in ("name", "inputs") and not isinstance(value, Whitening)
    }


def _in_keras(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_in_keras(item) for item in value)
    if isinstance(value, Settings):
        name = type(value).__name__
        for table, module in _MODULES:
            if name in table:
                return getattr(module, name)(**value.written())
    return value
