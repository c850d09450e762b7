"""A worked example: one value of a convolution, computed by hand from a real image."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np

from kcnn.errors import RunError
from kcnn.model.graph import INPUT, SCALING, Node
from kcnn.model.plan import Plan
from kcnn.model.tensors import layer_output
from kcnn.recipe.layers.shapes import Shape
from kcnn.recipe.layers.window import Window
from kcnn.text.numbers import shape_text


@dataclass(frozen=True)
class WorkedExample:
    """One value of a convolution's output, and the numbers that it comes from.

    Args:
        layer: The convolution's name.
        reads: The layer whose output it reads; `image` for the scaled image.
        input_shape: Height, width and channels of what it reads, without padding.
        output_shape: Height, width and channels of its output.
        filter: The filter's number, from 0.
        row: The output row.
        column: The output column.
        rows: The input rows under the window; those below 0 and beyond the map are padding.
        columns: The input columns under the window.
        patch: The values under the window, float32 of shape (rows, columns, channels).
        kernel: The filter's weights, of the same shape.
        bias: The filter's bias; 0 without.
        activation: The activation's name.
        value: The output value, computed from the numbers above.
        keras_value: The output value of the Keras layer.
        dtype: The number type in which Keras computed it.
    """

    layer: str
    reads: str
    input_shape: Shape
    output_shape: Shape
    filter: int
    row: int
    column: int
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    patch: np.ndarray
    kernel: np.ndarray
    bias: float
    activation: str
    value: float
    keras_value: float
    dtype: str

    @property
    def products(self) -> np.ndarray:
        """Patch times kernel, number by number."""
        return self.patch * self.kernel

    @property
    def channel_sums(self) -> np.ndarray:
        """The sum of the products of each channel."""
        return self.products.sum(axis=(0, 1))

    @property
    def sum(self) -> float:
        """The sum of all products."""
        return float(self.products.sum())


def require_same_model(plan: Plan, model: keras.Model, run: str) -> None:
    """Raise if a run's model is not the one that a recipe describes.

    Args:
        plan: The plan of the recipe's model.
        model: The run's model.
        run: The run's title, for the message.

    Raises:
        RunError: A layer is missing or has another output shape.
    """
    there = {layer.name: tuple(layer.output.shape[1:]) for layer in model.layers}
    for name, shape in plan.shapes.items():
        found = there.get(name)
        if found != shape:
            other = "has no such layer" if found is None else f"has {shape_text(found)}"
            raise RunError(
                f"{run}: trained another model: {name} is {shape_text(shape)} in "
                f"{plan.recipe.origin.file}, and the run {other}",
                "write the run's resolved.yaml as the recipe",
            )


def work_out(
    plan: Plan,
    model: keras.Model,
    node: Node,
    image: np.ndarray,
    location: tuple[int, int],
    number: int,
) -> WorkedExample:
    """Compute one value of a convolution by hand, and with Keras.

    Args:
        plan: The model's plan.
        model: The model built from it.
        node: One of its convolutions, as the recipe writes it.
        image: Raw pixels from 0 to 255, shape (height, width, channels).
        location: Row and column of the output.
        number: The filter, from 0.
    """
    name, source = node.name, node.inputs[0]
    layer = model.get_layer(name)
    before = model.get_layer(SCALING if source == INPUT else source)
    probe = keras.Model(model.input, [layer_output(before), layer_output(layer)])
    map_before, map_after = (
        keras.ops.convert_to_numpy(keras.ops.cast(maps, "float32"))[0]
        for maps in probe(image[np.newaxis].astype(np.float32), training=False)
    )
    sliding = node.layer.windows(plan.shapes[source])
    assert sliding is not None  # every convolution slides
    rows, columns = (
        _under(window, position) for window, position in zip(sliding, location, strict=True)
    )
    patch = _patch(map_before, rows, columns)
    sums, parts, kernels = _all_filters(layer, patch)
    value = float(keras.ops.convert_to_numpy(layer.activation(sums[np.newaxis]))[0, number])
    row, column = location
    return WorkedExample(
        layer=name,
        reads=source,
        input_shape=map_before.shape,
        output_shape=map_after.shape,
        filter=number,
        row=row,
        column=column,
        rows=rows,
        columns=columns,
        patch=parts[number],
        kernel=kernels[..., number],
        bias=float(layer.bias[number]) if layer.use_bias else 0.0,
        activation=layer.activation.__name__,
        value=value,
        keras_value=float(map_after[row, column, number]),
        dtype=layer.compute_dtype,
    )


def _under(window: Window, position: int) -> tuple[int, ...]:
    start = position * window.stride - window.before
    return tuple(start + index * window.dilation for index in range(window.kernel))


def _patch(values: np.ndarray, rows: tuple[int, ...], columns: tuple[int, ...]) -> np.ndarray:
    """Return rows and columns of a map, with 0 beyond its edges."""
    patch = np.zeros((len(rows), len(columns), values.shape[2]), np.float32)
    height, width = values.shape[:2]
    for down, row in enumerate(rows):
        for across, column in enumerate(columns):
            if 0 <= row < height and 0 <= column < width:
                patch[down, across] = values[row, column]
    return patch


def _all_filters(
    layer: keras.layers.Conv2D, patch: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """Return every filter's sum with its bias, the patch that each reads, and all kernels."""
    kernels = keras.ops.convert_to_numpy(layer.kernel).astype(np.float32)
    read, filters = kernels.shape[2:]
    group_of = [number // (filters // layer.groups) for number in range(filters)]
    parts = [patch[..., group * read : (group + 1) * read] for group in group_of]
    sums = np.array([(parts[number] * kernels[..., number]).sum() for number in range(filters)])
    if layer.use_bias:
        sums += keras.ops.convert_to_numpy(layer.bias)
    return sums.astype(np.float32), parts, kernels
