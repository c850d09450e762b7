from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from kcnn.cli import cli
from kcnn.console.plain_progress import PlainProgress
from kcnn.console.streams import own_standard_error
from kcnn.files.atomic import write_csv, write_json, write_text
from kcnn.runs.folder import RunFolder
from kcnn.text.printable import printable

RED = "\x1b[31m \x9b31m \x07 \u202e \udcff"
SHOWN = "\\u001b[31m \\u009b31m \\u0007 \\u202e \\udcff"


@given(st.text(st.characters()))
def test_printable_text_has_no_control_characters(text: str) -> None:
    shown = printable(text)
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert printable(shown) == shown
    assert (shown == text) == all(
        character.isprintable() or character == "\n" for character in text
    )


@given(st.dictionaries(st.text(st.characters()), st.text(st.characters())))
def test_printable_json_has_the_same_value(value: dict[str, str]) -> None:
    assert json.loads(printable(json.dumps(value, ensure_ascii=False, indent=2))) == value


def kcnn(*arguments: str) -> Result:
    """Call kcnn as in a terminal, where click prints escape sequences."""
    return CliRunner().invoke(cli, arguments, color=True)


@pytest.fixture
def hostile_run(tmp_path: Path) -> RunFolder:
    """Write a run whose texts would control a terminal."""
    run = RunFolder(tmp_path / "evil" / "run-001")
    write_text(run.resolved, "name: evil\n")
    write_json(run.summary, {"status": RED, "test": {"accuracy": 0.5}, "dataset": RED})
    write_csv(run.metrics, ("epoch", "loss"), [(1, 0.5)])
    run.log.write_text(RED[:-1], encoding="utf-8")
    with run.log.open("ab") as stream:
        stream.write(b"\xff\n")
    return run


@pytest.mark.parametrize(
    "command", [["runs"], ["runs", "--json"], ["watch", "evil"], ["evaluate", "evil"]]
)
def test_text_of_a_run_cannot_control_a_terminal(
    hostile_run: RunFolder, command: list[str]
) -> None:
    result = kcnn(*command, "--output-dir", str(hostile_run.path.parents[1]))
    printed = result.output.replace("\x1b[31m\x1b[1merror:\x1b[0m", "").replace(
        "\x1b[1mfix:\x1b[0m", ""
    )
    assert printable(printed) == printed
    assert command[0] != "watch" or "\\u001b[31m \\u009b31m" in printed


def test_an_error_is_a_single_line_and_long_lists_are_cut(tmp_path: Path) -> None:
    forged = kcnn("fit", "digits", 'data={dataset: npz, path: "/x/\\nerror: forged"}')
    assert "/x/\\nerror: forged: no such file" in forged.stderr
    (tmp_path / "many.yaml").write_text("\n".join(f"x{n}: 1" for n in range(5000)))
    lines = kcnn("check", str(tmp_path / "many.yaml")).stderr.splitlines()
    assert len(lines) == 22
    assert lines[20].startswith("and 4,98") and lines[20].endswith(" more")
    (tmp_path / "long.yaml").write_text(f"a: *{'b' * 9000}")
    assert len(kcnn("check", str(tmp_path / "long.yaml")).stderr) < 2200


def test_escapes_errors_and_lines_of_progress(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = kcnn("check", f"{tmp_path}/{RED}.yaml")
    assert f"{SHOWN}.yaml" in result.stderr
    PlainProgress().note(RED)
    assert capsys.readouterr().err == f"{SHOWN}\n"


def test_a_bar_is_printed_while_standard_error_is_redirected(
    capfd: pytest.CaptureFixture[str],
) -> None:
    own = own_standard_error()
    terminal, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        os.write(2, b"held back\n")
        own.write("the bar\n")
        own.flush()
    finally:
        os.dup2(terminal, 2)
        for descriptor in (terminal, nowhere):
            os.close(descriptor)
        own.close()
    assert capfd.readouterr().err == "the bar\n"


def test_a_standard_error_without_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.StringIO()
    monkeypatch.setattr(sys, "stderr", text)
    assert own_standard_error() is text
