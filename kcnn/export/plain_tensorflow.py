"""Runner for a fresh process: predict with a SavedModel and nothing but TensorFlow.

Keras and kcnn are not imported, because users of an export may have neither.

    python plain_tensorflow.py SAVED_MODEL IMAGES.npy PREDICTIONS_FOLDER BATCH_SIZE SIGNATURE ...

Write PREDICTIONS_FOLDER/SIGNATURE.npy, and print the number of images after each batch. If there is
no room for the predictions, the last line printed is the reason, and the exit status CANNOT_WRITE.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # TensorFlow imports Keras where it is installed. An export must work without it.
    sys.modules["keras"] = None  # type: ignore[assignment]

import numpy as np
import tensorflow as tf

CANNOT_WRITE = 74  # EX_IOERR of sysexits.h; the exit status of Python's own errors is 1


def predict(
    saved_model: str,
    images_file: str,
    predictions_folder: str,
    batch_size: int,
    signatures: list[str],
) -> None:
    """Run the signatures of a SavedModel on a file of images.

    Args:
        saved_model: The SavedModel's folder.
        images_file: A .npy file with raw pixels, (count, height, width, channels).
        predictions_folder: The folder for a .npy file of each signature.
        batch_size: Images in a batch.
        signatures: The names of the signatures.

    Raises:
        SystemExit: The predictions cannot be written.
    """
    images = np.load(images_file, mmap_mode="r")
    # The signatures do not keep the weights alive; the loaded object does.
    loaded = tf.saved_model.load(saved_model)
    for name in signatures:
        signature = loaded.signatures[name]
        dtype = signature.structured_input_signature[1]["images"].dtype.as_numpy_dtype
        predictions = []
        for start in range(0, len(images), batch_size):
            batch = tf.constant(images[start : start + batch_size].astype(dtype))
            predictions.append(signature(images=batch)["probabilities"].numpy())
            sys.stdout.write(f"{len(batch)}\n")
            sys.stdout.flush()
        try:
            save_array(Path(predictions_folder, f"{name}.npy"), np.concatenate(predictions))
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
    predict(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5:])
