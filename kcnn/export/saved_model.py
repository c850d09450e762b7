"""TensorFlow's SavedModel: raw images of any size in, class probabilities out, without Keras.

The artefact's folder is what TensorFlow Serving expects: the SavedModel lies in the sub-folder of
its version, `1`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kcnn.export.format import Options, Tolerance
from kcnn.machine.packages import Requirement

if TYPE_CHECKING:
    import tensorflow as tf

    from kcnn.export.source import Source

NAME = "saved_model"
TITLE = "SavedModel"
FILE = "1"
EXTRA = None
REQUIREMENTS: tuple[Requirement, ...] = ()
QUANTIZATIONS: tuple[str, ...] = ()
CAN_FIX_BATCH = False
BATCH_SIZE: int | None = None
RUNTIME = Path(__file__).parent / "runtimes" / "saved_model.py"
# Each signature's name and the type of its images. Both return the same probabilities.
TYPES = {"serving_default": "float32", "serving_uint8": "uint8"}
SIGNATURES = tuple(TYPES)
WITHOUT = ("keras",)  # TensorFlow imports it where it is installed
USE = "use.py IMAGE"
PACKAGES = ("tensorflow",)
TAKES = "uint8 (signature `serving_uint8`) or float32 (`serving_default`)"


def tolerance(options: Options) -> Tolerance:
    """Return how far its predictions may differ from the model's.

    On one machine both sides are mostly equal to the bit, but TensorFlow may fuse the operations of
    an exported graph in another way, and so round and add in another order. float32 has 7 digits,
    of which long sums lose two.
    """
    return Tolerance(1e-5, 0.001)


def write(source: Source, options: Options, path: Path) -> None:
    """Write a SavedModel with the signatures of TYPES.

    Each signature takes `images`, (count, height, width, channels), raw values from 0 to 255, of
    any height and width. They are resized in the graph, bilinear and antialiased. It returns
    `probabilities`, float32, (count, classes).

    Args:
        source: What to write.
        options: Nothing that this format takes.
        path: The folder to write.

    Raises:
        ExportError: TensorFlow cannot write into the folder.
        OSError: The disk is full.
    """
    import keras
    import tensorflow as tf

    from kcnn.export.source import INPUT, OUTPUT, writing_by_tensorflow

    model = source.model
    height, width, channels = model.input_shape[1:]

    def serve(images: tf.Tensor) -> dict[str, tf.Tensor]:
        images = _resize(tf.cast(images, tf.float32), (height, width))
        probabilities = model(tf.ensure_shape(images, model.input_shape), training=False)
        return {OUTPUT: tf.cast(probabilities, tf.float32)}

    archive = keras.export.ExportArchive()
    for name, dtype in TYPES.items():
        images = tf.TensorSpec((None, None, None, channels), dtype, name=INPUT)
        archive.add_endpoint(name, serve, [images])
    with writing_by_tensorflow(path):
        archive.write_out(str(path), verbose=False)


def _resize(images: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    import tensorflow as tf

    return tf.cond(
        tf.reduce_all(tf.equal(tf.shape(images)[1:3], size)),
        lambda: images,
        lambda: tf.image.resize(images, size, method="bilinear", antialias=True),
    )
