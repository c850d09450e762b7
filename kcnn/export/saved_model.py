"""TensorFlow's SavedModel: raw images of any size in, class probabilities out, without Keras."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from kcnn.errors import ExportError
from kcnn.files.atomic import FULL, write_json, write_text

# Each signature's name and the type of its images. Both return the same probabilities.
SIGNATURES = {"serving_default": "float32", "serving_uint8": "uint8"}
CLASS_NAMES = "class_names.json"
DESCRIPTION = "kcnn.json"


def write_saved_model(
    model: keras.Model,
    class_names: Sequence[str],
    description: Mapping[str, Any],
    folder: Path,
) -> None:
    """Write a SavedModel with the signatures of SIGNATURES.

    Each signature takes `images`, (count, height, width, channels), raw values from 0 to 255, of
    any height and width. They are resized in the graph, bilinear and antialiased, as kcnn resizes
    files. It returns `probabilities`, float32, (count, classes).

    Args:
        model: A model that outputs probabilities; see `kcnn.model.probabilities`.
        class_names: The name of each class, written to class_names.json as a list.
        description: Facts about the model, written to kcnn.json.
        folder: The folder to write. Files of an existing folder are replaced.

    Raises:
        ExportError: TensorFlow cannot write into the folder.
        OSError: The disk is full.
        RunError: class_names.json or kcnn.json cannot be written.
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
        for number in FULL:  # a full disk: without TensorFlow's names, and the folder's own
            if os.strerror(number) in error.message:
                raise OSError(number, os.strerror(number)) from None
        raise ExportError(
            f"{folder}: cannot be written: {error.message.splitlines()[0]}",
            "make room or choose another folder",
        ) from None
    # TensorFlow ignores other files in a SavedModel's folder.
    write_text(folder / CLASS_NAMES, json.dumps(list(class_names), ensure_ascii=False) + "\n")
    write_json(folder / DESCRIPTION, description)


def _resize(images: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    return tf.cond(
        tf.reduce_all(tf.equal(tf.shape(images)[1:3], size)),
        lambda: images,
        lambda: tf.image.resize(images, size, method="bilinear", antialias=True),
    )
