"""What every layer has: its arguments, its arithmetic, and the properties of its kind.

Without `from __future__ import annotations`, in all modules of layers: pydantic would compile each
inherited annotation again for each layer, which took 25 ms of every start.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import ClassVar

from kcnn.recipe.fields import LayerName, LayerNames, Settings
from kcnn.recipe.layers.expression import Expression
from kcnn.recipe.layers.shapes import Shape, ShapeMistake, Sizes
from kcnn.recipe.layers.window import Windows
from kcnn.text.numbers import shape_text

AXES = ("high", "wide", "channels")


class Layer(Settings):
    """Arguments of every layer.

    Args:
        name: Name for later layers; Keras's numbering when left out.
        inputs: The layers it reads, `image` for the input; the layer before it when left out.
    """

    name: LayerName | None = None
    inputs: LayerNames | None = None

    # Properties of a kind of layer. A subclass overrides those in which it differs.
    # Reads several layers.
    merges: ClassVar[bool] = False
    # Reads maps only, (height, width, channels).
    needs_map: ClassVar[bool] = False
    # Multiplies its input by trained weights.
    has_kernel: ClassVar[bool] = False
    # Is linear once it is trained, apart from its activation.
    linear: ClassVar[bool] = False
    # Returns its input outside training.
    rests: ClassVar[bool] = False
    # Puts out the values of its input in another shape.
    reshapes: ClassVar[bool] = False
    # Puts out probabilities if its inputs are probabilities.
    keeps_probabilities: ClassVar[bool] = False
    # Its maps look like those of its input, except for brightness and border.
    looks_like_input: ClassVar[bool] = False
    # Ends a block of layers, as an activation ends the block of a convolution.
    ends_block: ClassVar[bool] = False
    # Divides by 0 in float16, so that it computes in float32 under every precision.
    needs_float32: ClassVar[bool] = False
    # Is a model of keras.applications, whose layers `train.fine_tune` unfreezes.
    is_application: ClassVar[bool] = False
    # Weights that no optimizer changes.
    moving_averages: ClassVar[tuple[str, ...]] = ()

    @property
    def is_linear(self) -> bool:
        """Whether the trained layer is a linear function of its input."""
        return self.linear and getattr(self, "activation", None) in (None, "linear")

    @property
    def is_from_scratch(self) -> bool:
        """Whether it is an Application that is trained from random weights."""
        return False

    @property
    def is_leaky_relu(self) -> bool:
        """Whether Keras has TensorFlow compute a leaky ReLU at the layer's end."""
        return getattr(self, "activation", None) == "leaky_relu"

    @property
    def has_filter_columns(self) -> bool:
        """Whether the last axis of its kernel, if it has one, counts its filters."""
        return True

    @property
    def needs_onednn(self) -> bool:
        """Whether only oneDNN has a kernel for the layer on a processor."""
        return False

    @property
    def layer_count(self) -> int:
        """How many layers of Keras it is."""
        return 1

    def output_shape(self, inputs: Sequence[Shape]) -> Sizes:
        """Compute the shape of the output.

        Args:
            inputs: Shapes of the layers that it reads.

        Returns:
            A size for each axis; an `Expression` where it is calculated.

        Raises:
            ShapeMistake: The layer cannot take these inputs.
        """
        shape = inputs[0]
        if self.needs_map and len(shape) != 3:
            raise ShapeMistake(
                f"{type(self).__name__} needs a map (height×width×channels) and gets "
                f"{shape_text(shape)} values; put it before the layer that makes a row of the "
                "map (Flatten, a global pooling), or put Reshape before it"
            )
        return self._sizes(shape)

    def _sizes(self, shape: Shape) -> Sizes:
        """Compute the output's sizes from the shape of a suitable input; by default, the same."""
        return shape

    def written_sizes(self, inputs: Sequence[Shape]) -> dict[str, Expression]:
        """Return the calculations behind the output's shape, by what they count.

        Args:
            inputs: Shapes that the layer can take.
        """
        sizes = self.output_shape(inputs)
        names = AXES if len(sizes) == 3 else [f"values along axis {n}" for n in (1, 2, 3)]
        found = {
            name: size
            for name, size in zip(names, sizes, strict=False)
            if isinstance(size, Expression)
        }
        if {"high", "wide"} <= found.keys() and str(found["high"]) == str(found["wide"]):
            rows = found.pop("high")
            del found["wide"]
            found = {"high and wide": rows, **found}
        return found

    @property
    def weight_names(self) -> tuple[str, ...]:
        """Names of its weights as their paths in the Keras model end: `kernel`, `bias`."""
        return ()

    @property
    def trainable_weights(self) -> tuple[str, ...]:
        """Names of the weights that Keras hands to the optimizer."""
        if getattr(self, "trainable", None) is False:
            return ()
        return tuple(name for name in self.weight_names if name not in self.moving_averages)

    def shapes_of_weights(self, shape: Shape) -> dict[str, Shape]:
        """Return the shape of each weight, by its name.

        Args:
            shape: Shape of the input.
        """
        every = self.weight_shapes(shape)
        return {name: every[name] for name in self.weight_names}

    def weight_shapes(self, shape: Shape) -> Mapping[str, Shape]:
        """Return the shapes of all weights that such a layer can have."""
        return {}

    def parameters(self, shape: Shape) -> Expression:
        """Count the numbers in its weights.

        Args:
            shape: Shape of the input.
        """
        return Expression(0)

    def multiply_adds(self, before: Shape, after: Shape) -> Expression:
        """Count the multiplications with an addition, for one image, forward.

        Args:
            before: Shape of the input.
            after: Shape of the output.
        """
        return Expression(0)

    def windows(self, shape: Shape) -> Windows | None:
        """Return how it slides over height and width of a map; None if it does not slide.

        Args:
            shape: Shape of the map, (height, width, channels).
        """
        return None

    def pads(self, shape: Shape) -> bool:
        """Return whether it puts zeros around a map."""
        windows = self.windows(shape) or ()
        return any(window.before or window.after for window in windows)

    def reads_everywhere(self, shape: Shape) -> bool:
        """Return whether each output value reads all rows and columns of its input."""
        return False

    def reach_and_stride(self, shape: Shape) -> list[tuple[int, Fraction]]:
        """Return the reach of a value and the distance to its neighbor, over height and width.

        Args:
            shape: Shape of the map, (height, width, channels).
        """
        windows = self.windows(shape)
        if windows is None:
            return [(1, Fraction(1))] * 2
        return [(window.reach, Fraction(window.stride)) for window in windows]

    def output_activation(self, rank: int) -> str | None:
        """Return the name of the activation that its values come from; None without one.

        Args:
            rank: Number of axes of its output, without the batch.
        """
        activation: str | None = getattr(self, "activation", None)
        return activation

    def subtracts_channel_means(self, rank: int) -> bool:
        """Return whether training takes each channel's mean away, so that biases cancel out.

        Args:
            rank: Number of axes of its input, without the batch.
        """
        return False

    def remarks(self, shape: Shape, batch_size: int) -> Iterator[str]:
        """List what a reader of the recipe may not expect of it, a sentence each.

        Args:
            shape: Shape of the input.
            batch_size: Number of images in a batch of training.
        """
        yield from ()
