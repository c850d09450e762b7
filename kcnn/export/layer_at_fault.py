"""Find the layer that makes an artefact predict something else than its model."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import keras
import numpy as np

from kcnn.data.dataset import MemoryImages
from kcnn.errors import ExportError
from kcnn.export.format import Format, Options, Tolerance
from kcnn.export.gate import run_artefact, temporary_folder
from kcnn.export.source import Source
from kcnn.model.tensors import layer_inputs, layer_output
from kcnn.progress import Progress

# Measured on 8 test images, in standard deviations of a layer's output: without a fault at most
# 5e-7 in ONNX and 1e-5 in LiteRT's float16; in int8 0.05 (resnet20) and 0.10 (MobileNetV2). CELU,
# which int8 breaks: 0.98.
_LAYER_TO_PROBABILITY = 10  # a layer's error may be so many times that of a probability
_MAX_ERROR = 0.3


@dataclass(frozen=True)
class Fault:
    """The first layer whose output differs although all that it reads agrees.

    Args:
        layer: Its name; of a layer in a model that is a layer itself, `mobilenetv2/Conv1`.
        kind: Its class.
        error: Root mean square of the differences, divided by the standard deviation of the
            output; not finite if the layer cannot be converted or run, or returns such numbers.
        reason: Why it cannot be converted or run; None if it can.
    """

    layer: str
    kind: str
    error: float
    reason: str | None = None

    def __str__(self) -> str:
        """Return words that follow the message of an error."""
        if self.reason is not None:
            return f"the first layer that fails is {self.layer} ({self.kind}): {self.reason}"
        size = f"by {self.error:.2g} standard deviations" if math.isfinite(self.error) else "wholly"
        return f"the first layer whose output differs is {self.layer} ({self.kind}): {size}"


def layer_at_fault(
    form: Format, options: Options, source: Source, images: np.ndarray, progress: Progress
) -> Fault | None:
    """Export parts of a model that end at one of its layers, and bisect them.

    Each part runs in a fresh process, as the whole artefact does. A part that cannot be converted
    or run counts as one that differs.

    Args:
        form: The format in which the model fails.
        options: The options that it was written with.
        source: The model.
        images: A few images, uint8 of shape (count, height, width, channels).
        progress: Where the search is reported.

    Returns:
        The layer; None if none stands out, because the errors of many layers add up, or because
        the format fails without any layer, too.

    Raises:
        DataError: The training images for int8 cannot be read.
        OSError: The disk is full.
    """
    model = source.model
    search = _Search(form, options, source, images)
    with progress.task("Looking for the layer at fault"):
        if search.differs("", model.inputs[0]) or not search.differs("all", model.outputs[0]):
            return None
        return search.first(_Graph(model))


class _Graph:
    """The layers of a model: the whole one, or one that is a layer of it.

    Args:
        model: The model.
        prefix: Put before the names of its layers.
        embed: Returns the tensor of the whole model that is the same as one of this model.
    """

    def __init__(
        self,
        model: keras.Model,
        prefix: str = "",
        embed: Callable[[keras.KerasTensor], keras.KerasTensor] = lambda tensor: tensor,
    ) -> None:
        self._layers = [  # those that are read come first
            layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)
        ]
        self._of_output = {id(layer_output(layer)): layer for layer in self._layers}
        self._prefix = prefix
        self._embed = embed
        self.last = self._of_output[id(model.outputs[0])]

    def name(self, layer: keras.Layer) -> str:
        """Return a layer's name."""
        return self._prefix + layer.name

    def output(self, layer: keras.Layer) -> keras.KerasTensor:
        """Return a layer's output in the whole model."""
        return self._embed(layer_output(layer))

    def read_by(self, layer: keras.Layer) -> list[keras.Layer]:
        """Return the layers whose output a layer reads."""
        found = [self._of_output.get(id(tensor)) for tensor in layer_inputs(layer)]
        return [before for before in found if before is not None]

    def up_to(self, layer: keras.Layer) -> list[keras.Layer]:
        """Return a layer and all that its output depends on; those that are read come first."""
        needed: set[int] = set()
        waiting = [layer]
        while waiting:
            before = waiting.pop()
            if id(before) not in needed:
                needed.add(id(before))
                waiting += self.read_by(before)
        return [before for before in self._layers if id(before) in needed]

    def inside(self, model: keras.Model) -> _Graph:
        """Return the layers of a model that is a layer of this one."""
        [inputs] = layer_inputs(model)

        def embed(tensor: keras.KerasTensor) -> keras.KerasTensor:
            return keras.Model(model.inputs[0], tensor)(self._embed(inputs))

        return _Graph(model, f"{self.name(model)}/", embed)


class _Search:
    """Parts of a model as artefacts, and the errors of their outputs."""

    def __init__(self, form: Format, options: Options, source: Source, images: np.ndarray) -> None:
        self._form, self._options, self._source = form, options, source
        self._images = MemoryImages(images, np.zeros(len(images), np.int32))
        self._max_error = _max_error(form.tolerance(options))
        self._errors: dict[str, float] = {}
        self._reasons: dict[str, str] = {}

    def first(self, graph: _Graph) -> Fault:
        """Return the first layer at fault in a model whose output differs."""
        wrong = [graph.last]
        while wrong:
            found = self._bisect(graph, graph.up_to(wrong[0]))
            # The layers that were compared last may lie in different branches.
            wrong = [layer for layer in graph.read_by(found) if self._is_wrong(graph, layer)]
        if isinstance(found, keras.Model):
            return self.first(graph.inside(found))
        self._is_wrong(graph, found)  # the last layer was not compared under its name
        name = graph.name(found)
        return Fault(name, type(found).__name__, self._errors[name], self._reasons.get(name))

    def _bisect(self, graph: _Graph, layers: Sequence[keras.Layer]) -> keras.Layer:
        """Return a layer that differs and comes after one that agrees; the last one differs."""
        first, last = 0, len(layers) - 1
        while first < last:
            middle = (first + last) // 2
            if self._is_wrong(graph, layers[middle]):
                last = middle
            else:
                first = middle + 1
        return layers[last]

    def _is_wrong(self, graph: _Graph, layer: keras.Layer) -> bool:
        return self.differs(graph.name(layer), graph.output(layer))

    def differs(self, name: str, output: keras.KerasTensor) -> bool:
        """Return whether an artefact that ends at an output returns something else.

        Args:
            name: A name for the output.
            output: A tensor of the whole model.
        """
        if name not in self._errors:
            try:
                self._errors[name] = self._error(output)
            except ExportError as error:
                self._errors[name] = math.inf
                self._reasons[name] = error.message
        return not self._errors[name] <= self._max_error  # in this order, so that NaN differs

    def _error(self, output: keras.KerasTensor) -> float:
        flat = keras.layers.Flatten(dtype="float32")(output)
        part = keras.Model(self._source.model.inputs[0], flat)
        with keras.device("cpu"), temporary_folder() as folder:
            source = replace(self._source, model=part, folder=folder)
            path = folder / self._form.FILE
            self._form.write(source, self._options, path)
            count = len(self._images)
            run = run_artefact(self._form, self._options, path, self._images, count, Progress())
            pixels = self._images.pixels.astype(np.float32)
            expected = np.asarray(part(pixels, training=False))
        return float(np.max([relative_error(found, expected) for found in run.predictions]))


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    """Return the root mean square of the differences in standard deviations of what is expected.

    Rounding is proportional to the numbers themselves, so that a thousandth of their size counts as
    spread, too.
    """
    if found.shape != expected.shape:
        return math.inf
    difference = _root_mean_square(found - expected)
    if difference == 0:
        return 0.0
    spread = float(expected.std()) + _root_mean_square(expected) / 1000
    return difference / spread if spread else math.inf


def _root_mean_square(numbers: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(numbers, dtype=np.float64))))


def _max_error(tolerance: Tolerance) -> float:
    """Return the error of a layer's output that is still no fault."""
    if tolerance.largest_difference is None:
        return _MAX_ERROR
    return min(_MAX_ERROR, _LAYER_TO_PROBABILITY * tolerance.largest_difference)
