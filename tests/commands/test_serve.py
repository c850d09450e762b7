"""kcnn serve chooses and exports a model, and says what is wrong before it listens."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from kcnn.cli import cli
from kcnn.commands import serve as command
from kcnn.commands.export import Exports
from kcnn.commands.serve import Service, serve
from kcnn.console.serve import service_text
from kcnn.errors import PackageError, RunError, ServeError
from kcnn.export.formats import FORMATS
from kcnn.export.runtimes import onnx as runtime
from kcnn.runs.folder import RunFolder

NAMES = [str(digit) for digit in range(10)]
ABOUT = {"weights": "last", "image_size": [8, 8], "channels": 1, "resize": "stretch"}
ONNX = {"format_name": "onnx", "port": 0}


def even(images: np.ndarray) -> np.ndarray:
    return np.full((len(images), 10), 0.1, np.float32)


def write_artefact(run: RunFolder, **about: Any) -> Path:
    """Write what an export leaves, but for the model itself."""
    folder = run.exports / "onnx"
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"")
    described = {**ABOUT, "several_labels": False, **about}
    (folder / "kcnn.json").write_text(json.dumps(described), "utf-8")
    (folder / "class_names.json").write_text(json.dumps(NAMES), "utf-8")
    return folder


@pytest.fixture
def exports(monkeypatch: pytest.MonkeyPatch, run_copy: RunFolder) -> list[str]:
    """Replace the runtime by a function and the export by a folder; return what was exported."""
    exported: list[str] = []

    def export(run: str, output_dir: Path, formats: list[str], weights: str, **_: Any) -> Exports:
        assert formats == ["onnx"]
        exported.append(weights)
        for file in run_copy.exports.rglob("*.*"):
            file.unlink()
        if (run_copy.exports / "onnx").is_dir():
            (run_copy.exports / "onnx").rmdir()
        write_artefact(run_copy, weights=weights)
        return Exports(run, weights, ())

    monkeypatch.setattr(command, "export", export)
    monkeypatch.setattr(runtime, "load", lambda path: even)
    return exported


@pytest.fixture
def prepare(run_copy: RunFolder, exports: list[str]) -> Iterator[Any]:
    """Return a function that prepares a server; what it prepared is closed afterwards."""
    prepared: list[Service] = []

    def prepare_service(**arguments: Any) -> Service:
        service = serve(None, run_copy.path.parents[1], **{**ONNX, **arguments})
        prepared.append(service)
        return service

    yield prepare_service
    for service in prepared:
        service.listener.close()
        service.server.close()


def test_the_model_is_exported_once(prepare: Any, exports: list[str], notes: Any) -> None:
    service = prepare(progress=notes)
    assert exports == ["last"]
    assert notes.lines == [f"{service.run}: exporting the model as ONNX first"]
    assert service.name == "digits"
    assert service.runtime.startswith("ONNX Runtime ")
    prepare()
    prepare(weights="last")
    assert exports == ["last"]


def test_the_model_is_exported_again_when_it_is_older_or_has_other_weights(
    prepare: Any, exports: list[str], run_copy: RunFolder
) -> None:
    prepare()
    later = time.time_ns() + 10**9
    os.utime(run_copy.model, ns=(later, later))
    prepare()
    assert exports == ["last", "last"]
    os.utime(run_copy.model, ns=(0, 0))
    shutil.copy2(run_copy.model, run_copy.best_model)
    assert prepare(weights="best").weights == "best"
    assert prepare().weights == "best"  # those that are exported
    (run_copy.exports / "onnx" / "class_names.json").write_text("{}", "utf-8")
    prepare()
    assert exports == ["last", "last", "best", "last"]


def test_text_and_json(prepare: Any) -> None:
    service = prepare()
    first, *others = service_text(service).splitlines()
    assert first.startswith("digits/run-001 (last weights) by ONNX Runtime ")
    assert first.endswith(f" at {service.url}")
    assert others == [
        f"  curl --data-binary @image.jpg {service.url}/classify",
        f"  POST {service.url}/v1/models/digits:predict  as TensorFlow Serving",
        "  Ctrl-C stops it",
    ]
    assert json.loads(json.dumps(service.as_json()))["url"] == service.url


def test_labels_without_a_threshold_have_the_usual_one(prepare: Any, run_copy: RunFolder) -> None:
    write_artefact(run_copy, several_labels=True, thresholds=[0.25, *[None] * 9])
    with_thresholds = prepare().server._model.thresholds
    assert with_thresholds == [0.25, *[0.5] * 9]


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"image_size": [float("inf"), 8]}, "OverflowError"),
        ({"several_labels": True, "thresholds": [0.5]}, "ValueError: 1 thresholds of 10 classes"),
    ],
)
def test_refuses_facts_that_cannot_be_true(
    prepare: Any, run_copy: RunFolder, facts: dict[str, Any], reason: str
) -> None:
    write_artefact(run_copy, **facts)
    with pytest.raises(RunError, match=rf"kcnn\.json: cannot be served: {reason}"):
        prepare()


def test_a_model_that_does_not_fit_the_files_beside_it(
    prepare: Any, run_copy: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_artefact(run_copy)
    monkeypatch.setattr(runtime, "load", lambda path: lambda images: even(images)[:, :9])
    with pytest.raises(RunError, match=r"model\.onnx: cannot be served: it predicts 9 classes"):
        prepare()

    def fail(path: str) -> None:
        raise ValueError("no such operation\nin a long text")

    monkeypatch.setattr(runtime, "load", fail)
    with pytest.raises(RunError, match=r"cannot be served: no such operation$") as raised:
        prepare()
    assert raised.value.hint == "remove its folder: it is exported anew"
    (folder / "kcnn.json").write_text('{"weights": "last"}', "utf-8")
    with pytest.raises(RunError, match=r"kcnn\.json: cannot be served: KeyError: 'image_size'"):
        prepare()


def test_a_port_in_use_is_an_error_in_one_line(run_copy: RunFolder, exports: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        arguments = ["serve", "--port", str(port), "--format", "onnx"]
        where = ["--output-dir", str(run_copy.path.parents[1])]
        done = CliRunner().invoke(cli, [*arguments, *where])
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        f"error: port {port} of 127.0.0.1 is in use by another program",
        f"fix: end that program, or choose another port: kcnn serve --port {port + 1}",
    ]
    assert exports == []


@pytest.mark.parametrize(
    ("host", "port", "message"),
    [
        ("256.1.1.1", 0, "--host 256.1.1.1: not an address of this machine"),
        ("192.0.2.1", 0, "--host 192.0.2.1: not an address of this machine"),
    ],
)
def test_hosts_that_are_not_here(prepare: Any, host: str, port: int, message: str) -> None:
    with pytest.raises(ServeError, match=message):
        prepare(host=host, port=port)


@pytest.mark.skipif(
    sys.platform == "darwin", reason="macOS has only 127.0.0.1 until more are added"
)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2"])
def test_a_host_that_only_this_machine_reaches_is_not(prepare: Any, notes: Any, host: str) -> None:
    prepare()
    prepare(host=host, progress=notes)
    assert notes.lines == []


def test_a_host_that_others_reach_is_noted(prepare: Any, notes: Any) -> None:
    service = prepare(host="0.0.0.0", progress=notes)
    assert notes.lines[-1] == (
        "0.0.0.0 is not this machine alone: whoever reaches it can use the model, without a "
        "password"
    )
    assert service.url.startswith("http://0.0.0.0:")


def test_the_format_is_the_exported_one_or_the_first_that_is_installed(
    run_copy: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing: list[str] = []

    def require(title: str, extra: str, requirements: Any) -> None:
        if title in missing:
            raise PackageError(f"{title} needs a package", f"install {extra}")

    monkeypatch.setattr(command, "require_packages", require)
    titles = {form.NAME: form.TITLE for form in FORMATS if form.NAME in command.SERVED_FORMATS}
    first = next(iter(titles))
    assert first == command._choose_format(None, run_copy).NAME
    write_artefact(run_copy)
    assert command._choose_format(None, run_copy).NAME == "onnx"
    missing += titles.values()
    with pytest.raises(PackageError, match=f"{titles[first]} needs a package"):
        command._choose_format(None, run_copy)
    with pytest.raises(PackageError, match="ONNX needs a package"):
        command._choose_format("onnx", run_copy)


def test_a_missing_package_is_named(run_copy: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kcnn.machine.packages._installed", lambda distribution: None)
    with pytest.raises(
        PackageError, match=r"^kcnn serve needs the package starlette 1\.0"
    ) as error:
        serve(None, run_copy.path.parents[1])
    assert error.value.hint == 'pip install "kcnn[serve]"'
