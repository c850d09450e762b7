"""TensorFlow's SavedModel: raw images of any size in, class probabilities out, no Keras needed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from kcnn.errors import ExportError
from kcnn.files.atomic import write_json, write_text

# Name and type of what each signature takes; both answer alike.
SIGNATURES = {"serving_default": "float32", "serving_uint8": "uint8"}
CLASS_NAMES = "class_names.json"
DESCRIPTION = "kcnn.json"


def write_saved_model(
    model: keras.Model,
    class_names: Sequence[str],
    description: Mapping[str, Any],
    folder: Path,
) -> None:
    """Writes a SavedModel with the signatures of SIGNATURES.

    Each takes `images`, (count, height, width, channels), raw values from 0 to 255, of any height
    and width (resized inside, bilinear and antialiased, as kcnn resizes files), and gives
    `probabilities`, float32, (count, classes).

    Args:
        model: A model that answers with probabilities; see `kcnn.model.probabilities`.
        class_names: One name a class; written to class_names.json, a JSON list.
        description: What else is worth knowing; written to kcnn.json.
        folder: Where to write; the files of a folder that is there are replaced.

    Raises:
        ExportError: TensorFlow cannot write there.
        RunError: The files beside it cannot be written.
    """
    height, width, channels = model.input_shape[1:]

    def serve(images: tf.Tensor) -> dict[str, tf.Tensor]:
        images = _resize(tf.cast(images, tf.float32), (height, width))
        probabilities = model(tf.ensure_shape(images, model.input_shape), training=False)
        return {"probabilities": tf.cast(probabilities, tf.float32)}

    archive = keras.export.ExportArchive()
    for name, dtype in SIGNATURES.items():
        images = tf.TensorSpec((None, None, None, channels), dtype, name="images")
        archive.add_endpoint(name, serve, [images])
    try:
        archive.write_out(str(folder), verbose=False)
    except tf.errors.OpError as error:
        raise ExportError(
            f"{folder}: cannot be written: {error.message.splitlines()[0]}",
            "make room or choose another folder",
        ) from None
    # Beside the SavedModel's own files, where people find them and TensorFlow lets them be.
    write_text(folder / CLASS_NAMES, json.dumps(list(class_names), ensure_ascii=False) + "\n")
    write_json(folder / DESCRIPTION, description)


def _resize(images: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    return tf.cond(
        tf.reduce_all(tf.equal(tf.shape(images)[1:3], size)),
        lambda: images,
        lambda: tf.image.resize(images, size, method="bilinear", antialias=True),
    )
