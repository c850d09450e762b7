"""Model files of strangers: refused in one line, before they take memory or run code."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from kcnn.errors import RunError
from kcnn.model import saved, saved_archive
from kcnn.model.local_response import LocalResponseNormalization
from kcnn.model.saved import load_model

Change = Callable[[dict[str, Any]], None]
Members = dict[str, bytes]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Members:
    """The members of a model as kcnn writes it, with a layer of every kind that has weights."""
    image = keras.Input((8, 8, 3), name="image")
    layers = [
        keras.layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 2.0, 3.0]),
        keras.layers.Conv2D(4, 3, kernel_regularizer="l2", kernel_constraint="max_norm"),
        LocalResponseNormalization(),
        keras.layers.DepthwiseConv2D(2),
        keras.layers.SeparableConv2D(4, 2),
        keras.layers.Conv2DTranspose(6, 2),
        keras.layers.Conv2D(6, 1, groups=2),
        keras.layers.BatchNormalization(),
        keras.layers.LayerNormalization(axis=[1, 2, 3]),
        keras.layers.GroupNormalization(2),
        keras.layers.PReLU(shared_axes=[1, 2]),
        keras.layers.Dropout(0.5, seed=2**40),
        keras.layers.Flatten(),
        keras.layers.Dense(10, dtype="mixed_bfloat16", name="dense"),
    ]
    output = image
    for layer in layers:
        output = layer(output)
    path = tmp_path_factory.mktemp("honest") / "model.keras"
    keras.Model(image, output, name="honest").save(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path: Path, members: Members, packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def changed(members: Members, change: Change) -> Members:
    network = json.loads(members["config.json"])
    change(network)
    return members | {"config.json": json.dumps(network).encode()}


def layer_of(network: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(one for one in network["config"]["layers"] if one["class_name"] == kind)


def setting(kind: str, name: str, value: object) -> Change:
    def change(network: dict[str, Any]) -> None:
        layer_of(network, kind)["config"][name] = value

    return change


def assert_refused(path: Path, reason: str) -> None:
    with pytest.raises(RunError, match=reason) as caught:
        load_model(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert caught.value.message.isprintable()  # one line, and nothing that a terminal obeys
    assert len(caught.value.message) < 700
    assert caught.value.hint


def test_an_honest_model_loads(honest: Members, tmp_path: Path) -> None:
    model = load_model(pack(tmp_path / "model.keras", honest))
    assert model.output_shape == (None, 10)


def test_weights_are_counted_as_keras_makes_them(honest: Members, tmp_path: Path) -> None:
    model = load_model(pack(tmp_path / "model.keras", honest))
    without_biases = [one for one in model.weights if not one.path.endswith("/bias")]
    layers = json.loads(honest["config.json"])["config"]["layers"]
    counted = sum(saved_archive._weights(layer) for layer in layers)
    assert counted == sum(int(np.prod(one.shape)) for one in without_biases)


@pytest.mark.parametrize("name", ["assets/vocabulary.txt", "../../evil", "run.py"])
def test_other_members(honest: Members, tmp_path: Path, name: str) -> None:
    assert_refused(pack(tmp_path / "model.keras", honest | {name: b""}), "which kcnn never writes")


def test_thousands_of_members(honest: Members, tmp_path: Path, monkeypatch) -> None:
    extra = {f"assets/{index}": b"" for index in range(4000)}
    path = pack(tmp_path / "model.keras", honest | extra)
    # Not even their list is read.
    monkeypatch.setattr(saved_archive, "_check_members", pytest.fail)
    assert_refused(path, "holds more files than metadata.json, config.json and model.weights.h5")


def test_members_that_lack_or_repeat(honest: Members, tmp_path: Path) -> None:
    less = {name: content for name, content in honest.items() if name != "model.weights.h5"}
    assert_refused(pack(tmp_path / "less.keras", less), "once each")
    path = pack(tmp_path / "twice.keras", honest)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("config.json", honest["config.json"])
    assert_refused(path, "once each")


@pytest.mark.parametrize("name", ["metadata.json", "config.json"])
def test_a_config_that_unpacks_to_much(honest: Members, tmp_path: Path, name: str) -> None:
    path = pack(tmp_path / "model.keras", honest | {name: honest[name] + b" " * 2**24})
    assert_refused(path, rf"{name} unpacks to 16,7\d\d,\d+ bytes, expected at most 8,388,608")


def test_weights_that_unpack_to_much(honest: Members, tmp_path: Path) -> None:
    path = pack(tmp_path / "model.keras", honest | {"model.weights.h5": bytes(70 * 2**20)})
    assert_refused(path, r"unpacks [\d,]+ bytes to 73,400,320, expected at most 100 times as many")


def test_weights_larger_than_memory(honest: Members, tmp_path: Path, monkeypatch) -> None:
    size = len(honest["model.weights.h5"])
    path = pack(tmp_path / "model.keras", honest, zipfile.ZIP_STORED)
    monkeypatch.setattr(saved_archive, "free_memory", lambda: 2 * size - 1)
    assert_refused(path, rf"unpacks to {size:,} bytes, and loading it takes twice that")
    monkeypatch.setattr(saved_archive, "free_memory", lambda: None)
    load_model(path)


@pytest.mark.parametrize(
    ("kind", "name", "value", "reason"),
    [
        ("Dense", "units", 10**7, r"units: 1e\+07, expected at most 1,000,000"),
        ("Dense", "units", 10**12, r"units: 1e\+12, expected"),
        ("Dense", "units", 90_000, r"asks for [\d,]+ bytes of weights, but model.weights.h5 has"),
        ("Conv2D", "filters", 2 * 10**6, r"filters: 2e\+06, expected"),
        ("Conv2D", "kernel_size", [90_000, 90_000], "bytes of weights"),
        ("DepthwiseConv2D", "depth_multiplier", 90_000, "bytes of weights"),
        ("SeparableConv2D", "filters", 90_000, "bytes of weights"),
        ("Conv2DTranspose", "filters", 90_000, "bytes of weights"),
        ("Dense", "lora_rank", 9, "expected no lora_rank"),
        ("Dense", "dtype", "int8_from_float32", "computes in 'int8_from_float32'"),
        ("Normalization", "axis", [1, 2, 3], "Normalization: expected axis -1"),
        ("InputLayer", "batch_shape", [None, 60000, 60000, 3], "expected sides up to 4096"),
        ("InputLayer", "dtype", "int32", "computes in 'int32'"),
        ("LocalResponseNormalization", "depth_radius", 10**9, "expected at most 1,000,000"),
        ("Dense", "name", "x\x1b]0;owned\x07", r"'x\\x1b\]0;owned\\x07' is no name"),
        ("Dense", "units", None, "model.keras: not a model that kcnn saved, or damaged"),
        ("Dense", "name", None, "None is no name"),
    ],
)
def test_settings(honest: Members, tmp_path: Path, kind, name, value, reason) -> None:
    members = changed(honest, setting(kind, name, value))
    assert_refused(pack(tmp_path / "model.keras", members), reason)


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("Dense", [None, 10**10]),
        ("BatchNormalization", [None, 4, 4, 10**10]),
        ("LayerNormalization", [None, 90_000, 90_000, 6]),
        ("GroupNormalization", [None, 4, 4, 10**10]),
        ("PReLU", [None, 4, 4, 10**10]),
    ],
)
def test_shapes_to_build_for(honest: Members, tmp_path: Path, kind: str, shape: list) -> None:
    def change(network: dict[str, Any]) -> None:
        layer_of(network, kind)["build_config"]["input_shape"] = shape

    assert_refused(pack(tmp_path / "model.keras", changed(honest, change)), "bytes of weights")


def test_a_shape_to_build_for_of_another_kind(honest: Members, tmp_path: Path) -> None:
    def change(network: dict[str, Any]) -> None:
        layer_of(network, "Dense")["build_config"] = {"shapes_dict": {"input_shape": [1, 10**10]}}

    assert_refused(
        pack(tmp_path / "model.keras", changed(honest, change)), "not a model that kcnn saved"
    )


@pytest.mark.parametrize("name", ["x\x1b]0;owned\x07", "a/b", "x" * 2000, 7])
def test_names_of_models(honest: Members, tmp_path: Path, name: object) -> None:
    def change(network: dict[str, Any]) -> None:
        network["config"]["name"] = name

    assert_refused(pack(tmp_path / "model.keras", changed(honest, change)), "is no name")


def test_too_many_layers(honest: Members, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(saved_archive, "MOST_SAVED_LAYERS", 14)
    assert_refused(pack(tmp_path / "model.keras", honest), "15 layers, expected at most 14")


def test_deeply_nested_config(honest: Members, tmp_path: Path) -> None:
    path = pack(tmp_path / "model.keras", honest | {"config.json": b"[" * 10**6})
    assert_refused(path, "not a model that kcnn saved")


def as_code(module: object, kind: str, registered: object = None) -> dict[str, Any]:
    config = {"name": "dense", "function": "touch", "command": "touch"}
    return {"module": module, "class_name": kind, "config": config, "registered_name": registered}


@pytest.fixture
def trap(tmp_path: Path, monkeypatch) -> Path:
    """A module `trap` to be imported, which leaves the returned file."""
    (tmp_path / "trap.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w').close()\n")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "sprung"


@pytest.mark.parametrize(
    "code",
    [
        as_code("keras.layers", "Lambda"),
        as_code("keras.layers", "TFSMLayer"),
        as_code("keras.layers", "Dense", "kcnn>LocalResponseNormalization"),
        as_code("os", "system"),
        as_code("trap", "Dense"),
        as_code("kcnn.commands.fit", "fit"),
        as_code(None, "Dense"),
        as_code("no_such_module", "Layer"),
    ],
)
def test_code_in_place_of_a_layer(honest: Members, tmp_path: Path, trap: Path, code) -> None:
    def change(network: dict[str, Any]) -> None:
        layer_of(network, "Dense").update(code)

    assert_refused(
        pack(tmp_path / "model.keras", changed(honest, change)), "no recipe has the layer"
    )
    assert not trap.exists()


@pytest.mark.parametrize("name", ["activation", "kernel_initializer", "bias_constraint"])
@pytest.mark.parametrize("module", ["os", "trap", "builtins", "keras"])
def test_code_in_a_setting(honest: Members, tmp_path: Path, trap: Path, name, module) -> None:
    change = setting("Dense", name, as_code(module, "__lambda__"))
    assert_refused(pack(tmp_path / "model.keras", changed(honest, change)), "dense: no recipe has")
    assert not trap.exists()


def test_code_in_place_of_a_tensor(honest: Members, tmp_path: Path, trap: Path) -> None:
    def change(network: dict[str, Any]) -> None:
        layer_of(network, "Dense")["inbound_nodes"][0]["kwargs"] = {"a": as_code("trap", "Call")}

    assert_refused(pack(tmp_path / "model.keras", changed(honest, change)), "to be called once")
    assert not trap.exists()


def test_code_in_place_of_the_network(honest: Members, tmp_path: Path, trap: Path) -> None:
    code = json.dumps(as_code("trap", "Model")).encode()
    path = pack(tmp_path / "model.keras", honest | {"config.json": code})
    assert_refused(path, "expected a network of layers; got 'Model' of 'trap'")
    assert not trap.exists()


def with_weights(members: Members, change: Callable[[h5py.File], None]) -> Members:
    content = io.BytesIO(members["model.weights.h5"])
    with h5py.File(content, "r+") as file:
        change(file)
    return members | {"model.weights.h5": content.getvalue()}


KERNEL = "layers/dense/vars/0"


def replaced_kernel(file: h5py.File, link: Any) -> None:
    del file[KERNEL]
    file[KERNEL] = link


def test_links_to_other_files(honest: Members, tmp_path: Path) -> None:
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["0"] = np.zeros((150, 10), np.float32)
    for link in (h5py.ExternalLink(str(other), "0"), h5py.SoftLink("/layers/dense/vars/1")):
        members = with_weights(honest, lambda file, link=link: replaced_kernel(file, link))
        assert_refused(
            pack(tmp_path / "model.keras", members), "lies elsewhere, expected all in the file"
        )


def test_arrays_in_other_files(honest: Members, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(6000))

    def change(file: h5py.File) -> None:
        shape = file[KERNEL].shape
        del file[KERNEL]
        external = [(str(tmp_path / "secret"), 0, 6000)]
        file.create_dataset(KERNEL, shape, np.float32, external=external)

    path = pack(tmp_path / "model.keras", with_weights(honest, change))
    assert_refused(path, "expected plain numbers, all in the file")


@pytest.mark.parametrize(
    "claim",
    [
        {"shape": (10**10,), "dtype": "f4"},  # nothing of it is stored
        {"shape": (10**7,), "dtype": "f4", "fillvalue": 1, "chunks": True, "compression": "gzip"},
        {"data": ["text", "more"]},
    ],
)
def test_arrays_that_claim_more(honest: Members, tmp_path: Path, claim: dict[str, Any]) -> None:
    def change(file: h5py.File) -> None:
        del file[KERNEL]
        file.create_dataset(KERNEL, **claim)

    path = pack(tmp_path / "model.keras", with_weights(honest, change))
    assert_refused(path, "expected plain numbers, all in the file")


def test_many_groups(honest: Members, tmp_path: Path) -> None:
    def change(file: h5py.File) -> None:
        for index in range(400):
            file.create_group(f"other/{index}")

    path = pack(tmp_path / "model.keras", with_weights(honest, change))
    assert_refused(path, "holds more than 15 layers have")


def test_keras_does_not_warn(honest: Members, tmp_path: Path, recwarn) -> None:
    members = with_weights(honest, lambda file: file.pop("layers/dense"))
    assert_refused(pack(tmp_path / "model.keras", members), "not a model that kcnn saved")
    assert not list(recwarn)


@pytest.mark.parametrize(
    ("shape", "layers"),
    [
        ((None, None, 3), [keras.layers.GlobalMaxPooling2D]),
        ((8, 8, 7), [keras.layers.GlobalMaxPooling2D]),
        ((8, 10, 3), [lambda: keras.layers.Reshape((10, 24))]),
        ((6,), [lambda: keras.layers.Dense(3)]),
    ],
)
def test_models_of_other_things(tmp_path: Path, shape, layers) -> None:
    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input(shape), *(make() for make in layers)]).save(path)
    assert_refused(path, r"not a model from one image to classes: takes .*, answers .* of float32;")


def test_a_fixed_number_of_images(tmp_path: Path) -> None:
    image = keras.Input(batch_shape=(1, 8, 8, 3))
    path = tmp_path / "model.keras"
    keras.Model(image, keras.layers.Flatten()(image)).save(path)
    assert_refused(path, r"not a model from one image to classes: takes \[\(1, 8, 8, 3\)\]")


def test_a_layer_larger_than_memory(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "model.keras"
    larger = [keras.layers.UpSampling2D(50_000), keras.layers.GlobalMaxPooling2D()]
    keras.Sequential([keras.Input((8, 8, 3)), *larger]).save(path)
    assert_refused(path, "one image takes 1,920,000,000,000 bytes in a layer, and")
    monkeypatch.setattr(saved, "free_memory", lambda: None)
    load_model(path)
