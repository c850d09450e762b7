from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kcnn.cli import cli
from kcnn.console.environment import prepare_environment
from kcnn.console.json_text import json_text


def stream(encoding: str, errors: str = "strict") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=errors, newline="\n")


def written(text: io.TextIOWrapper) -> bytes:
    text.flush()
    assert isinstance(text.buffer, io.BytesIO)
    return text.buffer.getvalue()


@pytest.fixture(autouse=True)
def backend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a notebook's Matplotlib backend."""
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")


def test_replaces_a_notebook_s_matplotlib_backend() -> None:
    prepare_environment()
    assert os.environ["MPLBACKEND"] == "agg"


@pytest.mark.parametrize(
    ("encoding", "errors", "expected"),
    [
        ("cp1252", "strict", b"3\xd7(8 - 2) \xb7 2 -> \xe9 \\u0416 \\ud83d\\ude00 ..."),
        ("ascii", "backslashreplace", b"3x(8 - 2) * 2 -> \\u00e9 \\u0416 \\ud83d\\ude00 ..."),
        ("utf-8", "strict", "3×(8 − 2) · 2 → é Ж 😀 …".encode()),
        ("ascii", "replace", b"3?(8 ? 2) ? 2 ? ? ? ? ?"),  # as PYTHONIOENCODING=ascii:replace
    ],
)
def test_replaces_characters_that_the_encoding_lacks(
    encoding: str, errors: str, expected: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = stream(encoding, errors)
    monkeypatch.setattr(sys, "stdout", output)
    prepare_environment()
    output.write("3×(8 − 2) · 2 → é Ж 😀 …")
    # cp1252 has an ellipsis.
    assert written(output) == expected.replace(b"...", b"\x85" if encoding == "cp1252" else b"...")


def test_json_stays_exact_in_a_narrow_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    value = {"path": "Träume – “×”.yaml"}
    monkeypatch.setattr(sys, "stdout", stream("cp1252"))
    assert json_text(value).isascii() and json.loads(json_text(value)) == value
    monkeypatch.setattr(sys, "stdout", stream("utf-8"))
    assert "Träume – “×”" in json_text(value)


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii", "latin-1"])
@pytest.mark.parametrize(
    "arguments", [["recipes"], ["explain", "digits"], ["check", "digits"], ["--help"]]
)
def test_commands_print_in_every_encoding(
    encoding: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    output, errors = stream(encoding), stream(encoding, "backslashreplace")
    monkeypatch.setattr(sys, "stdout", output)
    monkeypatch.setattr(sys, "stderr", errors)
    prepare_environment()
    with pytest.raises(SystemExit) as end:
        cli(arguments, prog_name="kcnn")
    assert end.value.code == 0
    assert written(output)


def test_the_command_line_prepares_its_environment(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "cp1252"}
    command = [sys.executable, "-m", "kcnn", "recipes"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"digits" in done.stdout and "─".encode() not in done.stdout


def test_uses_utf_8_if_the_encoding_cannot_replace_characters(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kcnn", "explain", "digits"],
        env={**os.environ, "PYTHONIOENCODING": "idna"},
        cwd=tmp_path,
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert "×" in done.stdout.decode("utf-8")


def test_reports_a_damaged_matplotlibrc(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_bytes(b"backend: agg\n\xff\xfe")
    done = subprocess.run(
        [sys.executable, "-c", "import kcnn.figures"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stderr.splitlines()[-1].startswith(
        "kcnn.errors.KcnnError: Matplotlib cannot read its settings: 'utf-8' codec can't decode"
    )
