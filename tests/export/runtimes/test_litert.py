from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from kcnn.export.runtimes import litert

pytest.importorskip("ai_edge_litert", reason="needs kcnn[litert]")

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 2, 3, 1), np.uint8)


def write_model(path: Path, batch_size: int | None) -> Path:
    """Write a model whose probabilities are the softmax of the first two pixels."""

    def serve(images: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels = tf.reshape(tf.cast(images, tf.float32), (-1, 6))
        return {"probabilities": tf.nn.softmax(pixels[:, :2] / 255)}

    module = tf.Module()
    module.serve = tf.function(serve, [tf.TensorSpec((batch_size, 2, 3, 1), tf.uint8, "images")])
    functions = [module.serve.get_concrete_function()]
    path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions(functions, module).convert())
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("litert") / "model.tflite", None)


def expected(images: np.ndarray) -> np.ndarray:
    exponentials = np.exp(images.reshape(-1, 6)[:, :2] / np.float32(255))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def test_predicts_any_number_of_images_in_any_order_of_sizes(model: Path) -> None:
    predict = litert.load(str(model))
    for count in (5, 1, 1, 3, 5, 4):
        probabilities = predict(IMAGES[:count])
        assert probabilities.dtype == np.float32
        np.testing.assert_allclose(probabilities, expected(IMAGES[:count]), atol=1e-6)


def test_a_result_survives_the_next_call(model: Path) -> None:
    predict = litert.load(str(model))
    first = predict(IMAGES[:1])
    before = first.copy()
    predict(255 - IMAGES[:1])
    np.testing.assert_array_equal(first, before)


def test_a_fixed_batch_size_stays(tmp_path: Path) -> None:
    predict = litert.load(str(write_model(tmp_path / "model.tflite", 2)))
    np.testing.assert_allclose(predict(IMAGES[:2]), expected(IMAGES[:2]), atol=1e-6)
    with pytest.raises(ValueError, match="Got 3 but expected 2 for dimension 0"):
        predict(IMAGES[:3])


def test_works_on_after_a_wrong_call(model: Path) -> None:
    predict = litert.load(str(model))
    with pytest.raises(ValueError, match="FLOAT32 but expected type UINT8"):
        predict(IMAGES.astype(np.float32))
    with pytest.raises((ValueError, RuntimeError)):
        predict(IMAGES[:, 1:])
    np.testing.assert_allclose(predict(IMAGES), expected(IMAGES), atol=1e-6)


@pytest.mark.parametrize("content", [None, b"", b"no model"])
def test_a_file_that_is_no_model(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "model.tflite").write_bytes(content)
    with pytest.raises(ValueError, match=r"valid Flatbuffer|allocation is null"):
        litert.load(str(tmp_path / "model.tflite"))


def test_alone_it_needs_no_kcnn_and_no_tensorflow_and_prints_nothing(model: Path) -> None:
    """The copy beside an artefact is run so. LiteRT would print `INFO: Created … delegate`."""
    program = (
        f"import sys; sys.path.insert(0, {str(Path(litert.__file__).parent)!r})\n"
        "import litert, numpy as np\n"
        f"litert.load({str(model)!r})(np.zeros((2, 2, 3, 1), np.uint8))\n"
        "assert not {'kcnn', 'tensorflow', 'keras'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_a_standard_error(model: Path) -> None:
    program = (
        "import os, numpy as np; os.close(2); from kcnn.export.runtimes.litert import load\n"
        f"print(load({str(model)!r})(np.zeros((1, 2, 3, 1), np.uint8)).sum())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "1.0\n"


def test_version() -> None:
    assert re.fullmatch(r"LiteRT \d+\.\d+\.\d+.*", litert.version())
