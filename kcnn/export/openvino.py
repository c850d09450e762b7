"""OpenVINO's intermediate representation, for Intel's and ARM's processors: .xml with a .bin."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kcnn.export.converting import converting
from kcnn.export.format import FLOAT32, Options, Tolerance
from kcnn.machine.packages import Requirement

if TYPE_CHECKING:
    from openvino import Output
    from openvino.frontend import NodeContext

    from kcnn.export.source import Source

NAME = "openvino"
TITLE = "OpenVINO"
FILE = "model.xml"
EXTRA = "openvino"
REQUIREMENTS = (Requirement("openvino", "2026.4"),)
QUANTIZATIONS: tuple[str, ...] = ()
CAN_FIX_BATCH = True
BATCH_SIZE: int | None = None
RUNTIME = Path(__file__).parent / "runtimes" / "openvino.py"
SIGNATURES: tuple[str, ...] = ()
WITHOUT = ("tensorflow", "keras")
USE = "use.py IMAGE"
PACKAGES = ("openvino",)
TAKES = "uint8"


def tolerance(options: Options) -> Tolerance:
    """Return how far its predictions may differ from the model's.

    OpenVINO adds in another order than TensorFlow. Probabilities of 10,000 images of CIFAR-10
    differed by up to 1.9e-6 (resnet20 1.4e-6; transfer with MobileNetV2, 1,000 images, 2.0e-6). In
    bfloat16, its default on some processors, it is 4e-3 to 2e-2, which must not pass.
    """
    return FLOAT32


def write(source: Source, options: Options, path: Path) -> None:
    """Write `model.xml`, and `model.bin` beside it, with float32 weights.

    The model takes `images` and returns `probabilities`.

    Args:
        source: What to write.
        options: The batch size, if it is fixed.
        path: The .xml file.

    Raises:
        ExportError: The model cannot be converted.
        OSError: The disk is full.
    """
    saved_model = source.saved_model
    with converting(TITLE):
        # Else OpenVINO reports its use to Intel: see runtimes/openvino.py.
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
        import openvino
        from openvino.frontend import FrontEndManager
        from openvino.frontend.tensorflow import ConversionExtension

        # `openvino.convert_model` would split the path at a comma, write it into the file, and on
        # Python 3.13 it cannot read TensorFlow's objects.
        front_end = FrontEndManager().load_by_framework("tf")
        front_end.add_extension(ConversionExtension("LRN", _lrn))
        front_end.add_extension(ConversionExtension("LogSoftmax", _log_softmax))
        model = front_end.convert(front_end.load(str(saved_model)))
        if options.batch_size is not None:
            model.reshape({"images": [options.batch_size, *source.model.input_shape[1:]]})
        # OpenVINO's own tools read the layout, to resize images or to change the batch size.
        model.inputs[0].get_node().set_layout(openvino.Layout("NHWC"))
        try:
            openvino.save_model(model, str(path), compress_to_fp16=False)
        except RuntimeError:  # "iostream error", whatever the reason
            path.write_bytes(bytes(2**20))  # raises if the disk is full, with the reason
            raise


def _lrn(node: NodeContext) -> list[Output]:
    """Convert local response normalization; OpenVINO 2026.4 sums too few channels if radius is odd.

    TensorFlow's file leaves out what has its default.
    """
    from openvino import opset15 as ops

    size = 2 * node.get_attribute("depth_radius", 5) + 1
    normalized = ops.lrn(
        ops.transpose(node.get_input(0), [0, 3, 1, 2]),
        [1],
        size * node.get_attribute("alpha", 1.0),
        node.get_attribute("beta", 0.5),
        node.get_attribute("bias", 1.0),
        size,
    )
    outputs: list[Output] = ops.transpose(normalized, [0, 2, 3, 1]).outputs()
    return outputs


def _log_softmax(node: NodeContext) -> list[Output]:
    """Convert the logarithm of a softmax.

    OpenVINO 2026.4 moves the transposition after a convolution to behind its own LogSoftmax, which
    then sums over the columns of a map instead of the channels.
    """
    from openvino import opset15 as ops

    inputs, last = node.get_input(0), [-1]
    shifted = ops.subtract(inputs, ops.reduce_max(inputs, last, keep_dims=True))
    sums = ops.reduce_sum(ops.exp(shifted), last, keep_dims=True)
    outputs: list[Output] = ops.subtract(shifted, ops.log(sums)).outputs()
    return outputs
