"""Hostile model files are refused in one line, before they use memory or run code."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from kcnn.errors import RunError
from kcnn.files.atomic import write_json, write_text
from kcnn.model import saved_weights
from kcnn.model.build import build_model
from kcnn.model.plan import plan_model
from kcnn.model.saved import load_model, save_model
from kcnn.recipe import read_recipe
from kcnn.runs.folder import RunFolder

RECIPE = """\
data: {dataset: digits, scaling: standard}
model:
  layers:
    - Conv2D: {filters: 4, kernel_size: 3}
    - BatchNormalization
    - Flatten
    - Dense: {units: 10}
train: {epochs: 1, optimizer: Adam}
"""
KERNEL = "layers/dense/vars/0"
Members = dict[str, bytes]


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    run = RunFolder(tmp_path)
    write_text(run.resolved, RECIPE)
    write_json(run.summary, {"status": "finished"})
    plan = plan_model(read_recipe(run.resolved), (8, 8, 1), 10)
    save_model(build_model(plan, ([7.0], [2.0])), run.model)
    return run


@pytest.fixture
def honest(run: RunFolder) -> Members:
    """The members of a model as kcnn writes it."""
    with zipfile.ZipFile(run.model) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(run: RunFolder, members: Members, packing: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(run.model, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def with_weights(members: Members, change: Callable[[h5py.File], None]) -> Members:
    content = io.BytesIO(members["model.weights.h5"])
    with h5py.File(content, "r+") as file:
        change(file)
    return members | {"model.weights.h5": content.getvalue()}


def assert_refused(run: RunFolder, reason: str) -> None:
    with pytest.raises(RunError, match=reason) as caught:
        load_model(run)
    assert str(caught.value).startswith(
        f"{run.model}: not the weights of resolved.yaml, or damaged"
    )
    assert caught.value.message.isprintable()  # one line without escape sequences
    assert len(caught.value.message) < 700
    assert caught.value.hint


def test_loads_weights_that_are_compressed(run: RunFolder, honest: Members) -> None:
    weights = load_model(run).get_weights()
    pack(run, honest)
    for weight, loaded in zip(weights, load_model(run).get_weights(), strict=True):
        np.testing.assert_array_equal(loaded, weight)


def test_creates_no_object_from_the_configuration(
    run: RunFolder, honest: Members, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trap.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w').close()\n")
    monkeypatch.syspath_prepend(tmp_path)
    network = json.loads(honest["config.json"])
    code = {"module": "trap", "class_name": "Dense", "config": {}, "registered_name": None}
    for layer in network["config"]["layers"]:
        layer.update(module="trap", class_name="Dense", registered_name="trap>Dense")
        layer["config"]["activation"] = code
    network.update(code | {"config": network["config"]})
    weights = load_model(run).get_weights()
    pack(run, honest | {"config.json": json.dumps(network).encode()})
    for weight, loaded in zip(weights, load_model(run).get_weights(), strict=True):
        np.testing.assert_array_equal(loaded, weight)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"\x00\xff" * 500])
def test_refuses_a_file_that_is_not_an_archive(run: RunFolder, content: bytes) -> None:
    run.model.write_bytes(content)
    assert_refused(run, "damaged")


def test_refuses_a_truncated_file(run: RunFolder) -> None:
    run.model.write_bytes(run.model.read_bytes()[:-500])
    assert_refused(run, "damaged")


def test_refuses_missing_or_duplicate_weights(run: RunFolder, honest: Members) -> None:
    pack(run, {"config.json": honest["config.json"]})
    assert_refused(run, "expected one model.weights.h5 in it, found 0")
    pack(run, honest)
    with zipfile.ZipFile(run.model, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("model.weights.h5", honest["model.weights.h5"])
    assert_refused(run, "expected one model.weights.h5 in it, found 2")


def test_refuses_thousands_of_members(run: RunFolder, honest: Members) -> None:
    pack(run, honest | {f"assets/{index}": b"" for index in range(4000)})
    assert_refused(run, "holds thousands of files")


@pytest.mark.parametrize("size", [100, 2**22])
def test_weights_of_another_size_than_the_layers(
    run: RunFolder, honest: Members, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Neither read nor unpacked.
    monkeypatch.setattr(saved_weights, "load_weights", pytest.fail)
    pack(run, honest | {"model.weights.h5": bytes(size)})
    assert_refused(run, f"has {size:,} bytes, expected [0-9,]+ for the layers of resolved.yaml")


def test_weights_larger_than_memory(
    run: RunFolder, honest: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(honest["model.weights.h5"])
    monkeypatch.setattr(saved_weights, "free_memory", lambda: 2 * size - 1)
    assert_refused(run, rf"has {size:,} bytes, and loading it takes twice that")
    monkeypatch.setattr(saved_weights, "free_memory", lambda: None)
    load_model(run)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"mean": None}, "expected finite numbers to scale by"),
        ({"mean": [[7.0, 7.0]]}, "expected the mean and variance of 1 channels"),
        ({"variance": [float("nan")]}, "expected finite numbers to scale by"),
        ({"variance": [-1.0]}, "expected the mean and variance of 1 channels"),
        ({"name": "other"}, "not the weights"),
    ],
)
def test_numbers_to_scale_by(
    run: RunFolder, honest: Members, change: dict[str, Any], reason: str
) -> None:
    network = json.loads(honest["config.json"])
    (scaling,) = (
        layer for layer in network["config"]["layers"] if layer["config"]["name"] == "scaling"
    )
    scaling["config"].update(change)
    pack(run, honest | {"config.json": json.dumps(network).encode()})
    assert_refused(run, reason)


@pytest.mark.parametrize("config", [b"[" * 10**6, b"{}", b" " * 2**24, b"\xff"])
def test_configurations_that_are_none(run: RunFolder, honest: Members, config: bytes) -> None:
    pack(run, honest | {"config.json": config})
    assert_refused(run, "damaged")


def replace_kernel(file: h5py.File, link: Any) -> None:
    del file[KERNEL]
    file[KERNEL] = link


def test_links_out_of_the_file(run: RunFolder, honest: Members, tmp_path: Path) -> None:
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["0"] = np.zeros((144, 10), np.float32)
    for link in (h5py.ExternalLink(str(other), "0"), h5py.SoftLink("/layers/dense/vars/1")):
        pack(run, with_weights(honest, lambda file, link=link: replace_kernel(file, link)))
        assert_refused(
            run, r"has 0 weights of shape \(144, 10\), and the layers of resolved.yaml 1"
        )


def test_arrays_in_other_files(run: RunFolder, honest: Members, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(6000))

    def change(file: h5py.File) -> None:
        del file[KERNEL]
        external = [(str(tmp_path / "secret"), 0, 6000)]
        file.create_dataset(KERNEL, (144, 10), np.float32, external=external)

    pack(run, with_weights(honest, change))
    assert_refused(run, "'/layers/dense/vars/0': expected plain numbers, all in the file")


def test_virtual_arrays(run: RunFolder, honest: Members, tmp_path: Path) -> None:
    layout = h5py.VirtualLayout((144, 10), np.float32)
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "0", (144, 10))

    def change(file: h5py.File) -> None:
        del file[KERNEL]
        file.create_virtual_dataset(KERNEL, layout)

    pack(run, with_weights(honest, change))
    assert_refused(run, "expected plain numbers, all in the file")


@pytest.mark.parametrize(
    "claim",
    [
        {"shape": (10**10,), "dtype": "f4"},  # nothing of it is stored
        {"shape": (10**7,), "dtype": "f4", "fillvalue": 1, "chunks": True, "compression": "gzip"},
        {"data": ["text", "more"]},
        {"shape": (144, 10), "dtype": h5py.ref_dtype},
    ],
)
def test_arrays_that_claim_more(run: RunFolder, honest: Members, claim: dict[str, Any]) -> None:
    def change(file: h5py.File) -> None:
        del file[KERNEL]
        file.create_dataset(KERNEL, **claim)

    pack(run, with_weights(honest, change))
    assert_refused(run, "expected plain numbers, all in the file")


def test_many_groups(run: RunFolder, honest: Members) -> None:
    def change(file: h5py.File) -> None:
        for index in range(400):
            file.create_group(f"other/{index}")

    pack(run, with_weights(honest, change))
    assert_refused(run, "holds more than 6 layers have")


def test_weights_of_another_shape_or_place(run: RunFolder, honest: Members, recwarn) -> None:
    pack(run, with_weights(honest, lambda file: file.pop("layers/dense/vars/1")))
    assert_refused(run, r"has 0 weights of shape \(10,\), and the layers of resolved.yaml 1")
    pack(run, with_weights(honest, lambda file: file.move("layers/dense", "layers/tense")))
    assert_refused(run, "damaged")
    assert not list(recwarn)  # Keras's warnings stay out of the terminal
