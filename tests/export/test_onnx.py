from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kcnn.errors import ExportError
from kcnn.export import onnx as onnx_format
from kcnn.export import onnx_weights
from kcnn.export.format import Options
from kcnn.export.runtimes.onnx import load
from kcnn.export.source import Source

onnx = pytest.importorskip("onnx", reason="needs kcnn[onnx]")
layers = keras.layers


def classifier(*between: keras.Layer) -> keras.Model:
    """Return a model with random weights that are not 0."""
    keras.utils.set_random_seed(3)
    image = keras.Input((6, 5, 4))
    outputs = layers.Rescaling(1 / 255)(image)
    for layer in [*between, layers.Flatten(), layers.Dense(3, activation="softmax")]:
        outputs = layer(outputs)
    model = keras.Model(image, outputs)
    random = np.random.default_rng(1)
    for weight in model.trainable_variables:
        weight.assign(random.normal(0, 0.3, weight.shape))
    return model


IMAGES = np.random.default_rng(0).integers(0, 256, (5, 6, 5, 4), np.uint8)


def write(model: keras.Model, folder: Path, options: Options | None = None) -> Path:
    path = folder / "model.onnx"
    onnx_format.write(
        Source(model, folder, ("cat", "döner", "sur\udcff")), options or Options(), path
    )
    return path


# What tf2onnx 1.17 does with these by itself: a file that ONNX Runtime refuses, and no exception.
SILENT_FAILURES = {
    "standard scaling": [layers.Normalization(mean=[0.1, 0.2, 0.3, 0.4], variance=[1.0, 2, 3, 4])],
    "exact GELU": [layers.Conv2D(3, 3, activation="gelu")],
    "CELU": [layers.Conv2D(3, 3, activation="celu")],
    "grouped convolutions": [layers.Conv2D(4, 3, groups=2), layers.Conv2D(4, 2, groups=4)],
    "strides longer than the kernel": [layers.Conv2DTranspose(2, (1, 2), strides=3)],
    "rows added at the end": [layers.Conv2DTranspose(2, 3, strides=(3, 2), output_padding=(2, 1))],
}


@pytest.mark.parametrize("name", SILENT_FAILURES)
def test_predicts_what_the_model_predicts(name: str, tmp_path: Path) -> None:
    model = classifier(*SILENT_FAILURES[name])
    require_equal_predictions(model, write(model, tmp_path))


def require_equal_predictions(model: keras.Model, path: Path) -> None:
    predict = load(str(path))
    expected = np.asarray(model(IMAGES.astype(np.float32), training=False))
    assert np.ptp(expected, axis=0).max() > 0.003
    for count in (5, 1):
        probabilities = predict(IMAGES[:count])
        assert probabilities.dtype == np.float32
        np.testing.assert_allclose(probabilities, expected[:count], atol=1e-6)


def test_large_weights_are_constants_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_weights, "LARGE_BYTES", 64)
    model = classifier(
        layers.Conv2D(4, 2, groups=2, padding="same"),
        layers.BatchNormalization(),
        layers.DepthwiseConv2D(2, padding="same"),
        layers.Conv2DTranspose(2, 3, strides=2),
        layers.PReLU(),
    )
    path = write(model, tmp_path)
    require_equal_predictions(model, path)
    graph = onnx.load(path).graph
    constants = {tensor.name for tensor in graph.initializer}
    kernels = [node.input[1] for node in graph.node if "Conv" in node.op_type]
    assert len(kernels) == 3
    assert set(kernels) <= constants
    assert constants <= {name for node in graph.node for name in node.input}  # no copies are left


@pytest.mark.parametrize(("batch_size", "dimension"), [(None, "batch"), (2, 2)])
def test_names_input_output_classes_and_batch(
    batch_size: int | None, dimension: str | int, tmp_path: Path
) -> None:
    path = write(classifier(layers.Conv2D(2, 3)), tmp_path, Options(batch_size=batch_size))
    model = onnx.load(path)
    tensors = [*model.graph.input, *model.graph.output]
    assert [(tensor.name, shape(tensor)) for tensor in tensors] == [
        ("images", [dimension, 6, 5, 4]),
        ("probabilities", [dimension, 3]),
    ]
    assert model.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert (model.producer_name, model.opset_import[0].version) == ("kcnn", 18)
    properties = {item.key: item.value for item in model.metadata_props}
    assert json.loads(properties["class_names"]) == ["cat", "döner", "sur\udcff"]
    assert load(str(path))(IMAGES[:2]).shape == (2, 3)
    assert [item.name for item in tmp_path.iterdir() if item.suffix] == ["model.onnx"]


def shape(tensor: Any) -> list[str | int]:
    return [size.dim_param or size.dim_value for size in tensor.type.tensor_type.shape.dim]


@keras.saving.register_keras_serializable("kcnn_tests")
class LogGamma(keras.layers.Layer):
    """ONNX has no such operation."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return tf.math.lgamma(inputs + 1)


def test_names_the_operation_that_onnx_lacks(tmp_path: Path, capfd: Any) -> None:
    model = classifier(LogGamma(name="odd"))
    with pytest.raises(ExportError) as error:
        write(model, tmp_path)
    assert error.value.message.startswith(
        "the model cannot be converted to ONNX: ONNX has no operation for Lgamma in "
    )
    assert "/odd" in error.value.message
    assert not (tmp_path / "model.onnx").exists()
    assert capfd.readouterr() == ("", "")


def test_an_input_beside_the_images_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As tf2onnx's own roads from Keras make one of a Normalization layer's mean.
    import tf2onnx.convert

    convert = tf2onnx.convert.from_graph_def

    def with_another_input(*arguments: Any, **options: Any) -> Any:
        model, rest = convert(*arguments, **options)
        mean = onnx.helper.make_tensor_value_info("mean", onnx.TensorProto.FLOAT, [1, 3])
        model.graph.input.append(mean)
        return model, rest

    monkeypatch.setattr(tf2onnx.convert, "from_graph_def", with_another_input)
    with pytest.raises(ExportError, match=r"its inputs are images, mean$"):
        write(classifier(), tmp_path)


def test_a_model_that_is_too_large_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_format, "MAX_BYTES", 100)
    with pytest.raises(ExportError, match="an ONNX file holds less than 2 GB"):
        write(classifier(), tmp_path)
