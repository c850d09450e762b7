"""LiteRT, formerly TensorFlow Lite: one small file for phones, browsers and boards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kcnn.errors import ConversionError
from kcnn.export.converting import converting
from kcnn.export.format import FLOAT32, Options, Tolerance
from kcnn.machine.packages import Requirement

if TYPE_CHECKING:
    import keras

    from kcnn.export.source import Source

NAME = "litert"
TITLE = "LiteRT"
FILE = "model.tflite"
EXTRA = "litert"
REQUIREMENTS = (Requirement("ai-edge-litert", "2.3"),)
QUANTIZATIONS = ("float16", "dynamic", "int8")
CAN_FIX_BATCH = True
BATCH_SIZE: int | None = None
RUNTIME = Path(__file__).parent / "runtimes" / "litert.py"
SIGNATURES: tuple[str, ...] = ()
WITHOUT = ("tensorflow", "keras")
USE = "use.py IMAGE"
PACKAGES = ("ai-edge-litert",)
TAKES = "uint8"

_SIGNATURE = "serving_default"
# Measured with LiteRT 2.3 on 2,000 test images (digits 360, transfer 1,000, ResNet50 and
# EfficientNetB0 500): the largest difference of a probability; the probability that moves to other
# classes; and the images with another class.
#                                float32  float16        dynamic         int8
#   digits (99.7 %)              6e-7  0  5e-4  0          0 %  0       0.3 %   0
#   cifar, 3 epochs (58 %)       2e-6  0  1e-3  0.1 %    0.5 %  0.6 %   1.3 %   2.7 %
#   layer_norm, 1 epoch (49 %)   2e-6  0  2e-3  0.1 %    0.5 %  0.6 %   1.9 %   2.9 %
#   batch norm, GELU (46 %)      7e-7  0  2e-3  0.3 %    0.4 %  1.0 %   1.6 %   3.0 %
#   resnet20, 2 epochs (77 %)    1e-6  0  4e-3  0        0.3 %  0.4 %   1.2 %   1.9 %
#   transfer, MobileNetV2 (58 %) 4e-6  0  1e-4  0        2.8 %  3.5 %   8.0 %  13.3 %
#   ResNet50, 3 epochs (24 %)    8e-6  0  6e-3  0.2 %    3.0 %  5.4 %   6.5 %  10.6 %
#   EfficientNetB0, 3 ep. (12 %) 5e-5  0  1e-1  0.2 %    1.7 %  4.0 %    49 %  86 %  wrong
#   batch norm, CELU (45 %)      6e-7  0  1e-3  0.1 %    0.3 %  0.3 %    48 %  82 %  wrong
#   digits, CELU (100 %)         1e-6  0  1e-4  0          0 %  0        47 %   8 %  wrong
# The accuracy changed by at most 1.5 percentage points, but with CELU in int8 from 45 to 19 % and
# from 100 to 92 %. In float16 at most 0.2 % of the probability moved. Where the classes are clear,
# few images show an error; where they are close, many get another class by rounding. Single images
# change much where all is right. So it is the probability that moves which tells right from wrong.
# (Keras computes CELU by a minimum of x and 0. The converter gives x the range of what a minimum
# returns, here of the negative values only, also for the part that reads the positive ones.)
_TOLERANCES = {
    None: FLOAT32,
    "float16": Tolerance(None, 0.01, moved=0.01),
    "dynamic": Tolerance(None, 0.1, moved=0.1),
    "int8": Tolerance(None, 0.25, moved=0.2),
}


def tolerance(options: Options) -> Tolerance:
    """Return how far probabilities may differ, and how many images may get another class."""
    return _TOLERANCES[options.quantize]


def write(source: Source, options: Options, path: Path) -> None:
    """Convert a model to LiteRT.

    The file takes `images`, uint8, and returns `probabilities`, float32, also where it computes
    with 8-bit integers in between. It needs only operations that every build of LiteRT has.

    Args:
        source: The model. For int8, its training images show which values occur between the layers
            (Jacob et al. 2018, Quantization and Training of Neural Networks for Efficient
            Integer-Arithmetic-Only Inference).
        options: `quantize` is None, `float16` (weights of 16 bits), `dynamic` (weights of 8 bits)
            or `int8` (weights and values of 8 bits). With a `batch_size`, the file takes that
            number of images at a time and no other.
        path: The file to write.

    Raises:
        DataError: The training images are gone.
        ExportError: LiteRT has no operation that a layer needs, or the converter failed.
        OSError: The disk is full.
    """
    import tensorflow as tf
    from tensorflow.lite.python.convert_phase import ConverterError

    lite = tf.lite
    with converting(TITLE):
        saved_model = _saved_model(source, options.batch_size)
        converter = lite.TFLiteConverter.from_saved_model(str(saved_model))
        converter.target_spec.supported_ops = [lite.OpsSet.TFLITE_BUILTINS]
        if options.quantize is not None:
            converter.optimizations = [lite.Optimize.DEFAULT]
        if options.quantize == "float16":
            converter.target_spec.supported_types = [tf.float16]
        elif options.quantize == "int8":
            # Without TFLITE_BUILTINS, so that no layer stays in float32 unnoticed.
            converter.target_spec.supported_ops = [lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.representative_dataset = lambda: _calibration(source, options.batch_size)
        try:
            content = converter.convert()
        except ConverterError as error:
            raise _unsupported(error, source.model) from None
        path.write_bytes(content)


def _saved_model(source: Source, batch_size: int | None) -> Path:
    """Return the SavedModel to convert: the source's, or one of a fixed batch size."""
    import tensorflow as tf

    from kcnn.export.source import INPUT, writing_by_tensorflow

    if batch_size is None:
        return source.saved_model
    loaded = tf.saved_model.load(str(source.saved_model))
    serve = loaded.signatures[_SIGNATURE]
    images = tf.TensorSpec((batch_size, *source.model.input_shape[1:]), tf.uint8, name=INPUT)
    fixed = tf.function(lambda images: serve(**{INPUT: images}), input_signature=[images])

    def write_fixed(path: Path) -> None:
        with writing_by_tensorflow(path):
            tf.saved_model.save(loaded, str(path), signatures={_SIGNATURE: fixed})

    return source.temporary(f"source_batch{batch_size}", write_fixed)


def _calibration(source: Source, batch_size: int | None) -> Iterator[list[Any]]:
    """Yield training images in the form of the converter: a list of the inputs of one call."""
    import numpy as np

    assert source.calibration is not None
    for image in source.calibration():
        yield [np.repeat(image, batch_size or 1, axis=0)]


def _unsupported(error: Any, model: keras.Model) -> ConversionError:
    """Name the operations that LiteRT does not have, and the layers that need them."""
    needs: dict[str, None] = {}  # in their order, each once
    for problem in error.errors:
        operation = problem.operator.name.removeprefix("tf.")
        calls = [call.name for call in problem.location.call]
        layer = _layer_of(calls[0], model) if calls else None
        if operation:
            needs[f"{operation} of layer {layer}" if layer else operation] = None
    hint = "choose another --format, or another layer in its place"
    if needs:
        return ConversionError(
            f"the model cannot be converted to {TITLE}, which has no {', '.join(needs)}", hint
        )
    reason = next(iter(str(error).strip().splitlines()), "no reason given")
    return ConversionError(f"the model cannot be converted to {TITLE}: {reason[:300]}", hint)


def _layer_of(operation: str, model: keras.Model) -> str | None:
    """Return the layer of an operation such as `model_1/conv2d_1/add@__inference_serve_27`.

    In a SavedModel, names of layers may be followed by a number.
    """
    parts = operation.split("@")[0].split("/")
    for part in parts:
        for name in (part, re.sub(r"_\d+$", "", part)):
            if any(layer.name == name for layer in model.layers):
                return name
    return None
