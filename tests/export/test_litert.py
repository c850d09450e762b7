from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

from kcnn.errors import DataError, ExportError
from kcnn.export import litert
from kcnn.export.agreement import compare
from kcnn.export.format import Options
from kcnn.export.runtimes.litert import load
from kcnn.export.source import Source
from kcnn.model.local_response import LocalResponseNormalization

interpreter = pytest.importorskip("ai_edge_litert.interpreter", reason="needs kcnn[litert]")
layers = keras.layers

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 6, 5, 4), np.uint8)


def classifier(*between: keras.Layer) -> keras.Model:
    """Return a model with random weights that are not 0."""
    keras.utils.set_random_seed(3)
    image = keras.Input((6, 5, 4), name="image")
    outputs = layers.Rescaling(1 / 255)(image)
    for layer in [*between, layers.Flatten(), layers.Dense(3, activation="softmax")]:
        outputs = layer(outputs)
    model = keras.Model(image, outputs)
    random = np.random.default_rng(1)
    for weight in model.trainable_variables:
        weight.assign(random.normal(0, 0.3, weight.shape))
    return model


def write(model: keras.Model, folder: Path, options: Options | None = None) -> Path:
    path = folder / "model.tflite"
    source = Source(model, folder, ("cat", "döner", "x"), lambda: iter(IMAGES[:, np.newaxis]))
    litert.write(source, options or Options(), path)
    return path


def predicted(model: keras.Model, images: np.ndarray) -> np.ndarray:
    return np.asarray(model(images.astype(np.float32), training=False))


def test_predicts_what_the_model_predicts(tmp_path: Path) -> None:
    """With the layers at which converters to other formats fail in silence."""
    model = classifier(
        layers.Normalization(mean=[0.1, 0.2, 0.3, 0.4], variance=[1.0, 2.0, 3.0, 4.0]),
        layers.Conv2D(4, 3, padding="same", activation="gelu"),
        layers.Conv2D(4, 2, groups=2, activation="celu"),
        layers.BatchNormalization(),
        LocalResponseNormalization(alpha=0.1),
        layers.Dropout(0.5),
    )
    predict = load(str(write(model, tmp_path)))
    expected = predicted(model, IMAGES)
    assert np.ptp(expected, axis=0).max() > 0.01
    for count in (5, 1):
        np.testing.assert_allclose(predict(IMAGES[:count]), expected[:count], atol=1e-6)


def test_takes_only_the_batch_size_that_was_asked_for(tmp_path: Path) -> None:
    model = classifier(layers.Conv2D(2, 3))
    path = write(model, tmp_path, Options(batch_size=2))
    loaded = interpreter.Interpreter(str(path))
    signature = {"inputs": ["images"], "outputs": ["probabilities"]}
    assert loaded.get_signature_list() == {"serving_default": signature}
    assert loaded.get_input_details()[0]["shape_signature"].tolist() == [2, 6, 5, 4]
    assert loaded.get_output_details()[0]["shape_signature"].tolist() == [2, 3]
    np.testing.assert_allclose(load(str(path))(IMAGES[:2]), predicted(model, IMAGES[:2]), atol=1e-6)


def operations(path: Path) -> list[str]:
    loaded = interpreter.Interpreter(
        str(path),
        experimental_op_resolver_type=interpreter.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    return [operation["op_name"] for operation in loaded._get_ops_details()]


@pytest.mark.parametrize("batch_size", [None, 2])
def test_int8_computes_with_integers_and_prints_nothing(
    batch_size: int | None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The converter would print `fully_quantize: 0, inference_type: 6, …` from C++."""
    model = classifier(layers.Conv2D(2, 3, activation="relu"))
    path = write(model, tmp_path, Options("int8", batch_size))
    assert capfd.readouterr() == ("", "")
    names = operations(path)
    assert names[0] == "CAST"  # from uint8
    assert (names[1], names[-1]) == ("QUANTIZE", "DEQUANTIZE")
    assert names.count("QUANTIZE") == names.count("DEQUANTIZE") == 1
    expected = predicted(model, IMAGES[:2])
    np.testing.assert_allclose(load(str(path))(IMAGES[:2]), expected, atol=0.05)


class Erfinv(keras.Layer):
    """Computes what LiteRT has no operation for."""

    def call(self, inputs: object) -> object:
        """Return the inverse of the error function."""
        return keras.ops.erfinv(keras.ops.tanh(inputs))


@pytest.mark.parametrize("quantize", [None, "int8"])
def test_names_the_layer_that_cannot_be_converted(
    quantize: str | None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ExportError) as caught:
        write(classifier(Erfinv(name="odd")), tmp_path, Options(quantize))
    message = "the model cannot be converted to LiteRT, which has no Erfinv of layer odd"
    assert caught.value.message == message
    assert "--format" in str(caught.value.hint)
    assert capfd.readouterr().err == ""
    assert not (tmp_path / "model.tflite").exists()


def test_training_images_that_are_gone(tmp_path: Path) -> None:
    def gone() -> Iterator[np.ndarray]:
        yield IMAGES[:1]
        raise DataError("photos/cat/7.png: cannot be read", "put it back")

    source = Source(classifier(), tmp_path, ("a", "b", "c"), gone)
    with pytest.raises(DataError, match=r"7\.png: cannot be read"):
        litert.write(source, Options("int8"), tmp_path / "model.tflite")


def test_a_full_disk(tmp_path: Path, small_disk: Path) -> None:
    source = Source(classifier(layers.Conv2D(400, 5)), tmp_path, ("a", "b", "c"))
    with pytest.raises(OSError, match=r"[Ss]pace") as caught:
        litert.write(source, Options(), small_disk / "model.tflite")
    assert caught.value.errno == errno.ENOSPC


@pytest.mark.parametrize("batch_size", [None, 1])
def test_a_full_temporary_folder(batch_size: int | None, tmp_path: Path, small_disk: Path) -> None:
    source = Source(classifier(layers.Conv2D(400, 5)), small_disk, ("a", "b", "c"))
    with pytest.raises(ExportError) as caught:
        litert.write(source, Options(batch_size=batch_size), tmp_path / "model.tflite")
    assert caught.value.message == f"{small_disk}: cannot be written: No space left on device"
    assert "TMPDIR" in str(caught.value.hint)
    assert list(small_disk.iterdir()) == []  # else the next format would read what is half written


def train_on_digits(activation: str) -> tuple[keras.Model, np.ndarray, np.ndarray]:
    """Return a model with standard scaling and batch normalization, and 360 images it learned."""
    digits = load_digits()
    images = (digits.images[:360, :, :, np.newaxis] * 15.9).astype(np.uint8)
    labels = digits.target[:360].astype(np.int32)
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8, 1))
    outputs = layers.Normalization(mean=[77.0], variance=[9000.0])(image)
    outputs = layers.Conv2D(16, 3, padding="same", activation=activation)(outputs)
    outputs = layers.BatchNormalization()(outputs)
    outputs = layers.Conv2D(16, 3, activation=activation)(outputs)
    outputs = layers.Dense(10, activation="softmax")(layers.Flatten()(outputs))
    model = keras.Model(image, outputs)
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(images.astype(np.float32), labels, batch_size=60, epochs=10, verbose=0)
    return model, images, labels


@pytest.fixture(scope="module")
def trained() -> Callable[[str], tuple[keras.Model, np.ndarray, np.ndarray]]:
    models = {name: train_on_digits(name) for name in ("relu", "celu", "sparse_plus")}
    return models.__getitem__


@pytest.mark.slow
@pytest.mark.parametrize(
    ("activation", "quantize", "agrees"),
    [
        ("relu", "float16", True),
        ("relu", "dynamic", True),
        ("relu", "int8", True),
        ("celu", "float16", True),
        ("celu", "dynamic", True),
        # The converter of TensorFlow 2.21 writes these and reports nothing.
        ("celu", "int8", False),
        ("sparse_plus", "int8", False),
    ],
)
def test_the_tolerance_tells_right_from_wrong(
    activation: str, quantize: str, agrees: bool, trained, tmp_path: Path
) -> None:
    model, images, labels = trained(activation)
    options = Options(quantize)
    path = tmp_path / "model.tflite"
    source = Source(model, tmp_path, "0123456789", lambda: iter(images[:200, np.newaxis]))
    litert.write(source, options, path)
    agreement = compare([load(str(path))(images)], predicted(model, images), labels)
    assert agreement.within(litert.tolerance(options)) == agrees, agreement
    size = sum(weight.nbytes for weight in model.get_weights())
    assert path.stat().st_size < {"float16": 0.8, "dynamic": 0.6, "int8": 0.6}[quantize] * size
    if agrees:
        assert agreement.accuracy > 0.97
