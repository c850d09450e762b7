from __future__ import annotations

import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kcnn.data.dataset import Images
from kcnn.errors import ExportError
from kcnn.export import layer_at_fault as module
from kcnn.export import onnx, onnx_operations
from kcnn.export.format import Options, Tolerance
from kcnn.export.gate import RuntimeResult
from kcnn.export.layer_at_fault import Fault, layer_at_fault, relative_error
from kcnn.export.source import Source
from kcnn.progress import Progress

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 6, 6, 1), np.uint8)
layers = keras.layers


class Wrong:
    """A format that computes some layers with other weights, or cannot convert them.

    Args:
        wrong: Names of layers whose weights it changes.
        refused: Names of layers that it cannot convert.
        noise: Added to all it returns, in standard deviations.
        tolerance: Its tolerance for probabilities; None for a quantized model.
    """

    TITLE, FILE = "Wrong", "model.npy"

    def __init__(
        self,
        wrong: Collection[str] = (),
        refused: Collection[str] = (),
        noise: float = 0,
        tolerance: float | None = 1e-5,
    ) -> None:
        self.wrong, self.refused, self.noise = wrong, refused, noise
        self.largest_difference = tolerance
        self.parts = 0

    def tolerance(self, options: Options) -> Tolerance:
        return Tolerance(self.largest_difference, 0.01)

    def write(self, source: Source, options: Options, path: Path) -> None:
        self.parts += 1
        used = {layer.name: layer for layer in source.model._flatten_layers()}
        if set(self.refused) & set(used):
            raise ExportError("no such operation")
        altered = [used[name] for name in self.wrong if name in used]
        kept = [layer.get_weights() for layer in altered]
        for layer, weights in zip(altered, kept, strict=True):
            layer.set_weights([1.2 * weight + 0.1 for weight in weights])
        outputs = np.asarray(source.model(IMAGES.astype(np.float32), training=False))
        for layer, weights in zip(altered, kept, strict=True):
            layer.set_weights(weights)
        noise = np.random.default_rng(1).normal(0, self.noise * outputs.std(), outputs.shape)
        np.save(path, outputs + noise)


@pytest.fixture(autouse=True)
def _in_this_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "slow" in request.keywords:
        return

    def run(
        form: Any, options: Options, path: Path, images: Images, batch: int, progress: Progress
    ) -> RuntimeResult:
        return RuntimeResult([np.load(path)], "Wrong 1.0", {}, 1.0)

    monkeypatch.setattr(module, "run_artefact", run)


def find(form: Any, model: keras.Model) -> Fault | None:
    source = Source(model, Path("unused"), ("a", "b"))
    return layer_at_fault(form, Options(), source, IMAGES, Progress())


def end(outputs: keras.KerasTensor) -> keras.KerasTensor:
    return layers.Dense(2, activation="softmax", name="end")(layers.Flatten()(outputs))


def chain() -> keras.Model:
    keras.utils.set_random_seed(1)
    image = keras.Input((6, 6, 1), name="image")
    outputs = layers.Rescaling(1 / 255)(image)
    for index in range(6):
        outputs = layers.Conv2D(2, 3, padding="same", name=f"conv_{index}")(outputs)
        outputs = layers.LeakyReLU()(outputs)
    return keras.Model(image, end(outputs))


@pytest.mark.parametrize("name", ["conv_0", "conv_3", "conv_5", "end"])
def test_names_the_wrong_layer_of_a_chain(name: str) -> None:
    form = Wrong(wrong=[name])
    fault = find(form, chain())
    assert fault is not None
    assert (fault.layer, fault.kind) == (name, "Dense" if name == "end" else "Conv2D")
    assert 0.01 < fault.error < 100
    assert form.parts <= 2 + 5  # of 15 layers
    assert str(fault).startswith(f"the first layer whose output differs is {name} (")


def test_names_the_first_of_several_wrong_layers() -> None:
    fault = find(Wrong(wrong=["conv_2", "conv_4"], refused=["end"]), chain())
    assert fault is not None
    assert fault.layer == "conv_2"


def test_names_the_layer_that_cannot_be_converted() -> None:
    fault = find(Wrong(refused=["conv_4"]), chain())
    assert fault == Fault("conv_4", "Conv2D", math.inf, "no such operation")
    assert str(fault) == "the first layer that fails is conv_4 (Conv2D): no such operation"


def branches() -> keras.Model:
    """Return a model in which two branches of three layers each are added."""
    keras.utils.set_random_seed(1)
    image = keras.Input((6, 6, 1), name="image")
    stem = layers.Conv2D(3, 3, padding="same", name="stem")(layers.Rescaling(1 / 255)(image))
    ends = []
    for side in ("left", "right"):
        outputs = stem
        for index in range(3):
            name = f"{side}_{index}"
            outputs = layers.Conv2D(3, 3, padding="same", name=name)(outputs)
        ends.append(outputs)
    outputs = layers.PReLU(name="joined")(layers.Add()([*ends, stem]))
    return keras.Model(image, end(outputs))


@pytest.mark.parametrize(
    "name", [*(f"{side}_{i}" for side in ("left", "right") for i in range(3)), "stem", "joined"]
)
def test_names_the_wrong_layer_of_a_branch(name: str) -> None:
    fault = find(Wrong(wrong=[name]), branches())
    assert fault is not None
    assert fault.layer == name


def test_names_one_whose_inputs_agree_if_both_branches_are_wrong() -> None:
    fault = find(Wrong(wrong=["left_1", "right_1", "end"]), branches())
    assert fault is not None
    assert fault.layer in ("left_1", "right_1")


@pytest.mark.parametrize("name", ["first", "second"])
def test_looks_into_a_model_that_is_a_layer(name: str) -> None:
    keras.utils.set_random_seed(1)
    pixels = keras.Input((6, 6, 1))
    outputs = layers.Conv2D(2, 3, name="first")(layers.Rescaling(1 / 255)(pixels))
    outputs = layers.Conv2D(2, 3, name="second")(layers.ReLU()(outputs))
    base = keras.Model(pixels, outputs, name="base")
    image = keras.Input((6, 6, 1), name="image")
    model = keras.Model(image, end(base(layers.Identity()(image), training=False)))
    fault = find(Wrong(wrong=[name]), model)
    assert fault is not None
    assert (fault.layer, fault.kind) == (f"base/{name}", "Conv2D")


def test_names_none_if_none_stands_out() -> None:
    assert find(Wrong(noise=1e-6), chain()) is None


def test_names_none_if_the_format_fails_without_a_layer() -> None:
    model = chain()
    assert find(Wrong(refused=[model.layers[0].name]), model) is None


def test_does_not_blame_a_layer_for_8_bits() -> None:
    form = Wrong(noise=0.1, wrong=["conv_3"], tolerance=None)
    fault = find(form, chain())
    assert fault is not None
    assert fault.layer == "conv_3"


def test_error_is_relative_to_the_spread() -> None:
    expected = np.random.default_rng(0).normal(50, 2, (3, 1000)).astype(np.float32)
    assert relative_error(expected, expected) == 0
    assert relative_error(expected + 0.2, expected) == pytest.approx(0.1, rel=0.05)
    assert relative_error(expected[:, :9], expected) == math.inf
    assert math.isnan(relative_error(expected * np.nan, expected))


def test_rounding_of_a_constant_output_is_no_error() -> None:
    expected = np.full((3, 10), 500, np.float32)
    assert relative_error(expected * np.float32(1 + 1e-7), expected) < 1e-3
    assert relative_error(expected * 0 + 1, expected * 0) == math.inf


@pytest.mark.slow
def test_finds_what_a_converter_does_wrong_in_fresh_processes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("onnx", reason="needs kcnn[onnx]")
    keras.utils.set_random_seed(1)
    image = keras.Input((6, 6, 1), name="image")
    outputs = layers.Rescaling(1 / 255)(image)
    left = layers.Conv2D(3, 3, activation="gelu", name="odd")(outputs)
    right = layers.Conv2D(3, 3, activation="relu", name="even")(outputs)
    model = keras.Model(image, end(layers.Add()([left, right])))

    def erf(graph: Any, node: Any, name: str, arguments: list[Any]) -> None:
        node.type = "Erf"  # instead of 1 - Erf

    monkeypatch.setitem(onnx_operations.HANDLERS, "Erfc", (erf, []))
    fault = find(onnx, model)
    assert fault is not None
    assert (fault.layer, fault.kind, fault.reason) == ("odd", "Conv2D", None)
    monkeypatch.delitem(onnx_operations.HANDLERS, "Erfc")
    fault = find(onnx, model)
    assert fault is not None
    assert fault.layer == "odd"
    assert "ONNX has no operation for Erfc" in str(fault)
