"""Runner for a fresh process: predict with a SavedModel and nothing but TensorFlow.

Keras and kcnn are not imported, because users of an export may have neither.

    python plain_tensorflow.py SAVED_MODEL PREDICTIONS_FOLDER SHAPE BATCH_SIZE SIGNATURE ...

Read the pixels of SHAPE (such as 10000,32,32,3) from standard input, write
PREDICTIONS_FOLDER/SIGNATURE.npy, and print the number of images after each batch. If there is no
room for the predictions, the last line printed is the reason, and the exit status CANNOT_WRITE.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import BinaryIO

if __name__ == "__main__":
    # TensorFlow imports Keras where it is installed. An export must work without it.
    sys.modules["keras"] = None  # type: ignore[assignment]

import numpy as np
import tensorflow as tf

CANNOT_WRITE = 74  # EX_IOERR of sysexits.h; the exit status of Python's own errors is 1


def predict(
    saved_model: str,
    predictions_folder: str,
    shape: tuple[int, ...],
    batch_size: int,
    signatures: list[str],
    stream: BinaryIO,
) -> None:
    """Run the signatures of a SavedModel on a stream of images.

    Args:
        saved_model: The SavedModel's folder.
        predictions_folder: The folder for a .npy file of each signature.
        shape: Number, height, width and channels of the images.
        batch_size: Images in a batch.
        signatures: The names of the signatures.
        stream: Raw pixels of all images, one byte a value.

    Raises:
        SystemExit: The predictions cannot be written.
        EOFError: The stream ends too early.
    """
    # The signatures do not keep the weights alive; the loaded object does.
    loaded = tf.saved_model.load(saved_model)
    run = {name: loaded.signatures[name] for name in signatures}
    predictions: dict[str, list[np.ndarray]] = {name: [] for name in signatures}
    count, *image_shape = shape
    for start in range(0, count, batch_size):
        size = min(batch_size, count - start)
        content = stream.read(size * math.prod(image_shape))
        if len(content) < size * math.prod(image_shape):
            raise EOFError("the images end too early")
        batch = np.frombuffer(content, np.uint8).reshape(size, *image_shape)
        for name, signature in run.items():
            dtype = signature.structured_input_signature[1]["images"].dtype.as_numpy_dtype
            outputs = signature(images=tf.constant(batch.astype(dtype)))
            predictions[name].append(outputs["probabilities"].numpy())
        sys.stdout.write(f"{size}\n")
        sys.stdout.flush()
    try:
        for name, parts in predictions.items():
            save_array(Path(predictions_folder, f"{name}.npy"), np.concatenate(parts))
    except OSError as error:
        # Standard error may be a file on the full disk. Standard output is a pipe.
        sys.stdout.write(f"{error.strerror or error}\n")
        sys.stdout.flush()
        sys.exit(CANNOT_WRITE)


def save_array(path: Path, array: np.ndarray) -> None:
    """Write a .npy file, and raise if any byte of it cannot be written.

    Args:
        path: The file.
        array: The array to write.

    Raises:
        OSError: The file cannot be written, or the disk is full.
    """
    # Given a path, or a file opened for writing only, NumPy writes through a buffer of C and does
    # not notice if the disk has no room for the last 4 kB.
    with path.open("w+b") as stream:
        np.save(stream, array)


if __name__ == "__main__":
    _, model, folder, images_shape, batch, *names = sys.argv
    predict(
        model, folder, tuple(map(int, images_shape.split(","))), int(batch), names, sys.stdin.buffer
    )
