from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kcnn.data.image.read import read_image
from kcnn.errors import ExportError, RunError
from kcnn.export import saved_model
from kcnn.export.format import Options
from kcnn.export.source import Source
from kcnn.files.atomic import atomic
from kcnn.model.local_response import LocalResponseNormalization

NAMES = ("cat", "döner", "x")


def classifier(policy: str = "float32", size: tuple[int, int] = (8, 12)) -> keras.Model:
    keras.utils.set_random_seed(1)
    image = keras.Input((*size, 3), name="image")
    outputs = keras.layers.Rescaling(1 / 255, dtype="float32")(image)
    outputs = keras.layers.Conv2D(8, 3, padding="same", activation="relu", dtype=policy)(outputs)
    outputs = LocalResponseNormalization(alpha=0.1, dtype=policy)(outputs)
    outputs = keras.layers.BatchNormalization(dtype=policy)(outputs)
    outputs = keras.layers.Flatten(dtype=policy)(outputs)
    outputs = keras.layers.Dropout(0.5, dtype=policy)(outputs)
    outputs = keras.layers.Dense(3, activation="softmax", dtype="float32")(outputs)
    return keras.Model(image, outputs)


def write(model: keras.Model, folder: Path) -> None:
    saved_model.write(Source(model, folder.parent, NAMES), Options(), folder)


IMAGES = np.random.default_rng(0).integers(0, 256, (7, 8, 12, 3), np.uint8)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_both_signatures_predict_what_the_model_predicts(policy, tmp_path) -> None:
    model = classifier(policy)
    write(model, tmp_path / "export")
    loaded = tf.saved_model.load(str(tmp_path / "export"))
    assert set(loaded.signatures) == {"serving_default", "serving_uint8"}
    expected = model.predict(IMAGES, verbose=0)
    for name, dtype in (("serving_default", tf.float32), ("serving_uint8", tf.uint8)):
        outputs = loaded.signatures[name](images=tf.constant(IMAGES, dtype))
        assert list(outputs) == ["probabilities"]
        assert outputs["probabilities"].dtype == tf.float32
        tolerance = 1e-6 if policy == "float32" else 5e-3
        np.testing.assert_allclose(outputs["probabilities"], expected, atol=tolerance)


@pytest.mark.parametrize("size", [(31, 50), (5, 40), (3, 4), (8, 13)])
def test_resizes_images_as_kcnn_predict_does(size, tmp_path) -> None:
    model = classifier()
    write(model, tmp_path / "export")
    pixels = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "image.png")
    resized = read_image(tmp_path / "image.png", (8, 12), 3)
    loaded = tf.saved_model.load(str(tmp_path / "export"))
    predicted = loaded.serving_uint8(pixels[np.newaxis])["probabilities"]
    expected = model.predict(resized[np.newaxis], verbose=0)
    # Pillow rounds resized pixels to whole numbers, TensorFlow does not.
    np.testing.assert_allclose(predicted, expected, atol=5e-3)


def test_raises_if_the_folder_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match=r"file/export: cannot be written: ") as caught:
        write(classifier(), tmp_path / "file" / "export")
    assert "\n" not in caught.value.message


def test_a_full_disk_is_named_without_tensorflows_own_words(small_disk: Path) -> None:
    (small_disk / "full").write_bytes(bytes(60 * 1024))
    with (
        pytest.raises(RunError, match=r"export: cannot be written: No space left on device$"),
        atomic(small_disk / "export") as temporary,
    ):
        write(classifier(), temporary)
    assert [path.name for path in small_disk.iterdir()] == ["full"]
