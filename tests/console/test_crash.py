from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kcnn.cli import cli
from kcnn.commands import recipes
from kcnn.machine import signals


def call(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> Result:
    """Call kcnn recipes, which fails."""

    def fail() -> None:
        raise error

    monkeypatch.setattr(recipes, "list_recipes", fail)
    return CliRunner().invoke(cli, ["recipes"])


def test_an_unexpected_error_leaves_a_crash_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["/usr/bin/kcnn", "recipes", "--name", "two words"])
    first = call(monkeypatch, ZeroDivisionError("division\nby zero\x1b[31m"))
    second = call(monkeypatch, ZeroDivisionError())
    assert (first.exit_code, second.exit_code) == (3, 3)
    assert len(list(tmp_path.iterdir())) == 2
    (line,) = first.stderr.splitlines()
    start, name = line.split(" please report it with ")
    assert start == "error: a bug in kcnn (ZeroDivisionError: division by zero\\u001b[31m):"
    text = Path(name).read_text(encoding="utf-8")
    assert Path(name).parent == tmp_path and Path(name).name.startswith("kcnn-crash-")
    assert text.startswith("kcnn ") and "\ntensorflow 2" in text and "\x1b" not in text
    assert "\n$ kcnn recipes --name 'two words'\n" in text
    assert "Traceback (most recent call last)" in text and "in list_recipes" not in text
    assert text.endswith("by zero\\u001b[31m\n")


def test_writes_a_temporary_crash_file_if_the_folder_is_read_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(Path, "cwd", lambda: Path("/proc/missing"))
    result = call(monkeypatch, OSError("no such thing"))
    (path,) = tmp_path.iterdir()
    assert (result.exit_code, result.stderr.count("\n")) == (3, 1)
    assert str(path) in result.stderr


def test_prints_the_traceback_if_no_folder_is_writable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/proc/missing")
    monkeypatch.setattr(Path, "cwd", lambda: Path("/proc/missing"))
    result = call(monkeypatch, KeyError("name"))
    assert result.exit_code == 3
    *lines, last = result.stderr.splitlines()
    assert "KeyError: 'name'" in lines
    assert last == "error: a bug in kcnn (KeyError: 'name'): please report it with the lines above"


@pytest.mark.parametrize(
    ("error", "beginning"),
    [
        (MemoryError(), "error: memory ran out\nfix: close other programs"),
        (
            FileNotFoundError(2, "No usable temporary directory found in ['/tmp']"),
            "error: no folder for temporary files can be written\nfix: set TMPDIR to a folder",
        ),
        (OSError("Matplotlib requires access to a writable cache directory"), "error: no folder"),
        (OSError(28, os.strerror(28)), "error: no room left to print"),
    ],
)
def test_errors_of_the_machine_are_not_bugs(
    error: Exception, beginning: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = call(monkeypatch, error)
    assert result.exit_code == 1
    assert result.stderr.startswith(beginning)
    assert not list(tmp_path.iterdir())


def test_reports_a_current_folder_that_was_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    result = call(monkeypatch, FileNotFoundError(2, "No such file or directory"))
    assert result.exit_code == 1
    assert result.stderr == (
        "error: the current folder does not exist any more\nfix: cd to another\n"
    )


def test_an_error_after_a_signal_is_reported_as_a_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C++ may turn the exception of the signal into a SystemError."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(signals._requests, "first", signal.SIGTERM)
    result = call(monkeypatch, SystemError("returned a result with an exception set"))
    assert (result.exit_code, result.stderr) == (143, "stopped by SIGTERM\n")
    assert not list(tmp_path.iterdir())
