"""ONNX: one file for ONNX Runtime, and for other runtimes that read it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kcnn
from kcnn.errors import ConversionError, ExportError
from kcnn.export.converting import converting
from kcnn.export.format import FLOAT32, Options, Tolerance
from kcnn.files.atomic import encoded
from kcnn.machine.packages import Requirement

if TYPE_CHECKING:
    from kcnn.export.source import Source

NAME = "onnx"
TITLE = "ONNX"
FILE = "model.onnx"
EXTRA = "onnx"
REQUIREMENTS = (
    Requirement("onnx", "1.23"),
    Requirement("tf2onnx", "1.17"),
    Requirement("onnxruntime", "1.32"),
)
QUANTIZATIONS: tuple[str, ...] = ()
CAN_FIX_BATCH = True
BATCH_SIZE: int | None = None
RUNTIME = Path(__file__).parent / "runtimes" / "onnx.py"
SIGNATURES: tuple[str, ...] = ()
WITHOUT = ("tensorflow", "keras")
USE = "use.py IMAGE"
PACKAGES = ("onnxruntime",)
TAKES = "uint8"

OPSET = 18  # the newest that tf2onnx 1.17 writes
MAX_BYTES = 2**31  # protobuf's limit for a message, which an ONNX file is

_REPORT = "please report this with the run's resolved.yaml"
_NOT_SUPPORTED = re.compile(r"Tensorflow op \[(?P<node>.+): (?P<operation>\w+)\] is not supported")


def tolerance(options: Options) -> Tolerance:
    """Return how far the predictions may differ from the model's."""
    return FLOAT32


def write(source: Source, options: Options, path: Path) -> None:
    """Write an ONNX file that takes `images`, uint8, and returns `probabilities`, float32.

    Args:
        source: The model; its SavedModel is converted.
        options: The batch size; None means a file for batches of any size.
        path: The file to write.

    Raises:
        ExportError: The model is too large, or ONNX lacks one of its operations.
        OSError: The file cannot be written.
    """
    from kcnn.export.onnx_operations import pad_outputs
    from kcnn.export.onnx_weights import put_weights_back, take_weights
    from kcnn.export.source import INPUT

    size = sum(weights.nbytes for weights in source.model.get_weights())
    if size >= MAX_BYTES:
        raise ExportError(
            f"the model's weights are {size / 2**30:.1f} GB; an ONNX file holds less than 2 GB",
            "export another format, such as saved_model",
        )
    with converting(TITLE):
        graph, output = _frozen_graph(source.saved_model, options.batch_size)
        weights = take_weights(graph)
        model = _convert(graph, [INPUT, *weights], output)
        put_weights_back(model, weights)
        pad_outputs(model)
        _describe(model, source.class_names, options.batch_size)
        _require_valid(model)
        path.write_bytes(model.SerializeToString())


def _frozen_graph(saved_model: Path, batch_size: int | None) -> tuple[Any, str]:
    """Return the SavedModel's graph without variables.

    Returns:
        The GraphDef, whose input is called `images`; and the name of its output tensor.
    """
    import tensorflow as tf
    from tensorflow.python.framework import convert_to_constants

    loaded = tf.saved_model.load(str(saved_model))
    signature = loaded.signatures["serving_default"]
    frozen = convert_to_constants.convert_variables_to_constants_v2(signature)
    graph = frozen.graph.as_graph_def()
    # Keras compiles grouped convolutions with XLA. TensorFlow inlines no such function.
    for node in [*graph.node, *graph.library.function]:
        node.attr.pop("_XlaMustCompile", None)
        node.attr.pop("_noinline", None)
    if batch_size is not None:
        [images] = [node for node in graph.node if node.op == "Placeholder"]
        images.attr["shape"].shape.dim[0].size = batch_size
    [output] = frozen.outputs
    return graph, output.name


def _convert(graph: Any, inputs: list[str], output: str) -> Any:
    """Convert a frozen graph to an onnx.ModelProto.

    Args:
        graph: The GraphDef.
        inputs: The names of its inputs, which they keep.
        output: The name of its output tensor.

    Raises:
        ExportError: tf2onnx raised or logged an error.
    """
    import tf2onnx.convert

    from kcnn.export.onnx_operations import HANDLERS
    from kcnn.export.source import OUTPUT

    with _logged_errors() as errors:
        try:
            model, _ = tf2onnx.convert.from_graph_def(
                graph,
                name="kcnn",
                input_names=[f"{name}:0" for name in inputs],
                output_names=[output],
                opset=OPSET,
                custom_op_handlers=HANDLERS,
                tensors_to_rename={**{f"{name}:0": name for name in inputs}, output: OUTPUT},
            )
        except Exception:
            if not errors:  # else it is a consequence of the first of them
                raise
    if errors:
        raise _not_converted(_reason(errors[0]))
    return model


def _describe(model: Any, class_names: Sequence[str], batch_size: int | None) -> None:
    """Name the writer, the classes and the batch dimension."""
    import onnx

    model.producer_name, model.producer_version = "kcnn", kcnn.__version__
    names = encoded(json.dumps(list(class_names), ensure_ascii=False))
    onnx.helper.set_model_props(model, {"class_names": names.decode()})
    for tensor in [*model.graph.input, *model.graph.output]:
        batch = tensor.type.tensor_type.shape.dim[0]
        if batch_size is None:
            batch.dim_param = "batch"
        else:
            batch.dim_value = batch_size


def _require_valid(model: Any) -> None:
    """Raise if a model breaks ONNX's rules, or needs an input that is no image.

    Raises:
        ExportError: It does.
    """
    import onnx

    from kcnn.export.source import INPUT

    inputs = [tensor.name for tensor in model.graph.input]
    if inputs != [INPUT]:
        raise _not_converted(f"its inputs are {', '.join(inputs)}")
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise _not_converted(str(error)) from None


@contextmanager
def _logged_errors() -> Iterator[list[str]]:
    """Collect the errors that tf2onnx logs: it raises few, and writes files that nothing loads."""
    errors: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: errors.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("tf2onnx")
    logger.addHandler(handler)
    try:
        yield errors
    finally:
        logger.removeHandler(handler)


def _reason(error: str) -> str:
    """Return what an error of tf2onnx says; it names TensorFlow's operation if tf2onnx does."""
    found = _NOT_SUPPORTED.search(error)
    if found is None:
        return error
    node = found["node"].removeprefix("StatefulPartitionedCall/")
    return f"ONNX has no operation for {found['operation']} in {node}"


def _not_converted(reason: str) -> ConversionError:
    first_line = reason.strip().splitlines()[0]
    return ConversionError(f"the model cannot be converted to ONNX: {first_line}", _REPORT)
