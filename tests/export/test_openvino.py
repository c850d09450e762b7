from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kcnn.errors import ExportError
from kcnn.export import openvino as openvino_format
from kcnn.export.format import Options
from kcnn.export.runtimes.openvino import load, version
from kcnn.export.source import Source
from kcnn.model.local_response import LocalResponseNormalization

# The runtime's module is imported first: it keeps OpenVINO from reporting its use.
openvino = pytest.importorskip("openvino", reason="needs kcnn[openvino]")
layers = keras.layers
IMAGES = np.random.default_rng(0).integers(0, 256, (7, 6, 5, 3), np.uint8)


def classifier(between: Sequence[keras.Layer] = ()) -> keras.Model:
    """Return a model with random weights that are not 0."""
    keras.utils.set_random_seed(3)
    image = keras.Input((6, 5, 3))
    outputs = image
    for layer in [*between, layers.Flatten(), layers.Dense(3, activation="softmax")]:
        outputs = layer(outputs)
    model = keras.Model(image, outputs, name="net")
    random = np.random.default_rng(1)
    for weight in model.trainable_variables:
        weight.assign(random.normal(0, 0.3, weight.shape))
    return model


def convolution(**arguments: Any) -> list[keras.Layer]:
    return [layers.Rescaling(1 / 255), layers.Conv2D(8, 3, **arguments)]


def write(model: keras.Model, folder: Path, options: Options | None = None) -> Path:
    path = folder / "model.xml"
    openvino_format.write(Source(model, folder, ("cat", "döner", "x")), options or Options(), path)
    return path


def expected(model: keras.Model) -> np.ndarray:
    return np.asarray(model(IMAGES.astype(np.float32), training=False))


# OpenVINO 2026.4 converts the first two wrongly by itself, and reports nothing.
MODELS = {
    "local responses, an odd radius": [
        *convolution(), LocalResponseNormalization(3, bias=1.0, alpha=0.5, beta=0.5),
    ],
    "log_softmax after a convolution": [
        *convolution(activation="log_softmax"), layers.Rescaling(0.05),
    ],
    "local responses, an even radius": [*convolution(), LocalResponseNormalization(alpha=0.5)],
    "log_softmax of a row": [
        layers.Rescaling(1e-3), layers.Flatten(), layers.Dense(4, "log_softmax"),
    ],
    "standard scaling": [
        layers.Normalization(mean=[120.0, 110, 100], variance=[3600.0, 3000, 4000]),
        layers.Conv2D(4, 3),
    ],
    "exact GELU": convolution(activation="gelu"),
    "CELU": convolution(activation="celu"),
    "grouped convolutions": [*convolution(), layers.Conv2D(8, 2, groups=4)],
    "strides longer than the kernel": [
        *convolution(), layers.Conv2DTranspose(2, (1, 2), strides=3),
    ],
    "rows added at the end": [
        *convolution(), layers.Conv2DTranspose(2, 3, strides=(3, 2), output_padding=(2, 1)),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_predicts_what_the_model_predicts(name: str, tmp_path: Path) -> None:
    model = classifier(MODELS[name])
    predict = load(str(write(model, tmp_path)))
    assert np.ptp(expected(model), axis=0).max() > 0.01
    for count in (7, 1):
        probabilities = predict(IMAGES[:count])
        assert probabilities.dtype == np.float32
        np.testing.assert_allclose(probabilities, expected(model)[:count], atol=2e-6)


def test_a_result_survives_the_next_call(tmp_path: Path) -> None:
    predict = load(str(write(classifier(convolution()), tmp_path)))
    first = predict(IMAGES[:1])
    before = first.copy()
    predict(IMAGES[1:2])
    np.testing.assert_array_equal(first, before)


def test_takes_images_that_are_not_contiguous(tmp_path: Path) -> None:
    model = classifier(convolution())
    predict = load(str(write(model, tmp_path)))
    predicted = predict(IMAGES[::-2])
    np.testing.assert_allclose(predicted, expected(model)[::-2], atol=2e-6)


@pytest.mark.parametrize(("batch_size", "dimension"), [(None, "?"), (2, "2")])
def test_names_input_output_and_batch(
    batch_size: int | None, dimension: str, tmp_path: Path
) -> None:
    path = write(classifier(convolution()), tmp_path, Options(batch_size=batch_size))
    model = openvino.Core().read_model(path)
    [images], [probabilities] = model.inputs, model.outputs
    assert (images.names, str(images.partial_shape)) == ({"images"}, f"[{dimension},6,5,3]")
    assert images.element_type == openvino.Type.u8
    assert images.get_node().layout == openvino.Layout("NHWC")
    assert probabilities.names == {"probabilities"}
    assert str(probabilities.partial_shape) == f"[{dimension},3]"


def test_a_fixed_batch_takes_no_other(tmp_path: Path) -> None:
    model = classifier(convolution())
    predict = load(str(write(model, tmp_path, Options(batch_size=2))))
    np.testing.assert_allclose(predict(IMAGES[:2]), expected(model)[:2], atol=2e-6)
    with pytest.raises(RuntimeError):
        predict(IMAGES[:3])


def test_folders_may_have_commas_in_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "Doe, John"
    folder.mkdir()
    model = classifier(convolution())
    predict = load(str(write(model, folder)))
    np.testing.assert_allclose(predict(IMAGES), expected(model), atol=2e-6)


def test_weights_are_float32_and_no_path_of_this_machine_is_in_the_file(tmp_path: Path) -> None:
    path = write(classifier(convolution()), tmp_path)
    text = path.read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    assert 'element_type="f32"' in text
    assert 'element_type="f16"' not in text
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model.bin", "model.xml", "source"]


# OpenVINO would send its reports from a process that it forks, and write ~/intel.
WATCHED = """\
import pathlib, sys
seen = []
watched = ("os.fork", "socket.connect", "socket.getaddrinfo")
sys.addaudithook(lambda event, arguments: seen.append(event) if event in watched else None)
from types import SimpleNamespace
import numpy
source, path = map(pathlib.Path, sys.argv[1:])
{}
assert "openvino.tools.ovc" in sys.modules and sys.modules["openvino_telemetry"] is None
assert not seen, seen
"""
WRITING = """\
from kcnn.export.format import Options
from kcnn.export.openvino import write
write(SimpleNamespace(saved_model=source), Options(), path)
"""
RUNNING = """\
from kcnn.export.runtimes.openvino import load
load(str(path))(numpy.zeros((1, 6, 5, 3), numpy.uint8))
"""


def test_reports_nothing_to_anybody_and_prints_nothing(tmp_path: Path) -> None:
    path = write(classifier(convolution()), tmp_path)
    home = tmp_path / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    environment |= {"HOME": str(home), "USERPROFILE": str(home)}
    for program in (WRITING, RUNNING):
        command = [sys.executable, "-c", WATCHED.format(program), tmp_path / "source", path]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert not list(home.iterdir())


def test_a_full_disk_is_an_os_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("basic_ios::clear: iostream error")

    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(openvino, "save_model", fail)
    with pytest.raises(ExportError, match="cannot be converted to OpenVINO: RuntimeError: basic_"):
        write(classifier(convolution()), tmp_path)
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        write(classifier(convolution()), tmp_path)


def test_version() -> None:
    assert version().startswith("OpenVINO 2")
