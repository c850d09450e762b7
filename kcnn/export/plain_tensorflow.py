"""A script of its own for a fresh process: what a SavedModel answers, with TensorFlow alone.

Neither Keras nor kcnn is at hand here, for those who use an export may have neither.

    python plain_tensorflow.py SAVED_MODEL IMAGES.npy ANSWERS_FOLDER BATCH_SIZE SIGNATURE ...

It writes ANSWERS_FOLDER/SIGNATURE.npy and prints the number of images of each batch done. Where
there is no room for the answers, it says so in its last line and ends with CANNOT_WRITE.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # TensorFlow brings Keras along where it finds it; an export must do without.
    sys.modules["keras"] = None  # type: ignore[assignment]

import numpy as np
import tensorflow as tf

CANNOT_WRITE = 74  # as sysexits.h numbers it; the exit status of Python's own errors is 1


def answer(
    saved_model: str, images_file: str, answers_folder: str, batch_size: int, names: list[str]
) -> None:
    """Runs the signatures of a SavedModel over a file of images.

    Args:
        saved_model: The SavedModel's folder.
        images_file: A .npy file, (count, height, width, channels), raw values.
        answers_folder: Where a .npy file for each signature goes.
        batch_size: Images at a time.
        names: The signatures.

    Raises:
        SystemExit: An answer cannot be written.
    """
    images = np.load(images_file, mmap_mode="r")
    # The signatures do not keep the weights alive; the loaded object does.
    loaded = tf.saved_model.load(saved_model)
    for name in names:
        signature = loaded.signatures[name]
        dtype = signature.structured_input_signature[1]["images"].dtype.as_numpy_dtype
        answers = []
        for start in range(0, len(images), batch_size):
            batch = tf.constant(images[start : start + batch_size].astype(dtype))
            answers.append(signature(images=batch)["probabilities"].numpy())
            sys.stdout.write(f"{len(batch)}\n")
            sys.stdout.flush()
        try:
            save_array(Path(answers_folder, f"{name}.npy"), np.concatenate(answers))
        except OSError as error:
            # Standard error may be a file on the disk that is full; standard output is a pipe.
            sys.stdout.write(f"{error.strerror or error}\n")
            sys.stdout.flush()
            sys.exit(CANNOT_WRITE)


def save_array(path: Path, array: np.ndarray) -> None:
    """Writes a .npy file whole, or says that it cannot.

    Args:
        path: The file.
        array: What it is to hold.

    Raises:
        OSError: It cannot be written, or the disk is full.
    """
    # By its name alone, or opened for writing only, NumPy would write it through C's buffer and
    # not hear that the disk is too full for the last 4 kB of it.
    with path.open("w+b") as stream:
        np.save(stream, array)


if __name__ == "__main__":
    answer(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5:])
