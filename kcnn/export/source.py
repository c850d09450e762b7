"""What every export format is written from: the model in float32, and its SavedModel."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from kcnn.errors import ExportError
from kcnn.files.atomic import full_disk

# Names of the input and the output of every exported model.
INPUT, OUTPUT = "images", "probabilities"


@dataclass(frozen=True)
class Source:
    """What every format is written from.

    Args:
        model: The model: float32, Keras's own layers and kcnn's LocalResponseNormalization; it
            takes raw pixels, 0 to 255, (count, height, width, channels), and returns probabilities.
        folder: A temporary folder for `saved_model`.
        class_names: The names of the classes.
        calibration: Yields training images, uint8 (1, height, width, channels), for the ranges of
            int8; None if nothing asks for them.
    """

    model: keras.Model
    folder: Path
    class_names: Sequence[str]
    calibration: Callable[[], Iterator[np.ndarray]] | None = None

    @property
    def saved_model(self) -> Path:
        """The folder of the SavedModel that converters read, as of `write_source`.

        Raises:
            ExportError: TensorFlow cannot write it, or the temporary folder has no room for it.
        """
        return self.temporary("source", lambda path: write_source(self.model, path))

    def temporary(self, name: str, write: Callable[[Path], None]) -> Path:
        """Return a folder in the temporary folder; it is written if it is not there yet.

        Args:
            name: Its name.
            write: Writes it; it may raise OSError.

        Raises:
            ExportError: It cannot be written.
        """
        path = self.folder / name
        if path.exists():
            return path
        try:
            write(path)
        except OSError as error:
            # Not what is half written: the next format would read it.
            shutil.rmtree(path, ignore_errors=True)
            raise ExportError(
                f"{self.folder}: cannot be written: {error.strerror or error}",
                "the model is written there to be converted: make room, or set TMPDIR to another "
                "folder",
            ) from None
        return path


def write_source(model: keras.Model, folder: Path) -> None:
    """Write the SavedModel that converters read; they keep its names, and its raw pixels as input.

    Args:
        model: Takes pixels from 0 to 255, (count, height, width, channels), as float32.
        folder: The folder to write. Its signature `serving_default` takes `images`, uint8 of that
            shape, and returns `probabilities`: the model's output, float32.

    Raises:
        ExportError: TensorFlow cannot write into the folder.
        OSError: The disk is full.
    """

    def serve(images: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = model(tf.cast(images, tf.float32), training=False)
        return {OUTPUT: tf.cast(outputs, tf.float32)}

    archive = keras.export.ExportArchive()
    archive.add_endpoint(
        "serving_default", serve, [tf.TensorSpec(model.input_shape, tf.uint8, name=INPUT)]
    )
    with writing_by_tensorflow(folder):
        archive.write_out(str(folder), verbose=False)


@contextmanager
def writing_by_tensorflow(folder: Path) -> Iterator[None]:
    """Raise TensorFlow's errors about a folder that it cannot write as Python's and kcnn's.

    Raises:
        ExportError: The folder cannot be written.
        OSError: The disk is full.
    """
    try:
        yield
    except tf.errors.OpError as error:
        if (full := full_disk(error.message)) is not None:
            raise full from None
        raise ExportError(
            f"{folder}: cannot be written: {error.message.splitlines()[0]}",
            "make room or choose another folder",
        ) from None
