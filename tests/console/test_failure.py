"""Errors as JSON, for every command that has --json."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from kcnn.cli import cli
from kcnn.errors import KcnnError, RecipeError

Command = tuple[tuple[str, ...], click.Command]


def commands_with_json(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[Command]:
    for name, command in group.commands.items():
        if any("--json" in parameter.opts for parameter in command.params):
            yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands_with_json(command, (*path, name))


def values_of(command: click.Command) -> list[str]:
    """Return a value for each argument and option that the command requires."""
    values: list[str] = []
    for parameter in command.params:
        if isinstance(parameter, click.Argument) and parameter.name != "overrides":
            several = parameter.nargs == -1 and parameter.name != "words"  # [RUN] SETTING=VALUE ...
            values += ["nope"] * (2 if several else 1)
        elif parameter.required:
            values += [parameter.opts[0], "train.seed=[0,1]"]
    if command.name == "track":
        values.append("--tensorboard")  # one of two options is required
    return values


COMMANDS = list(commands_with_json())
each_command = pytest.mark.parametrize(
    ("path", "command"), COMMANDS, ids=[" ".join(path) for path, _ in COMMANDS]
)


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Call kcnn in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KCNN_DATA", raising=False)

    def call(*arguments: str) -> Result:
        done = CliRunner().invoke(cli, list(arguments))
        assert done.exception is None or isinstance(done.exception, SystemExit)
        return done

    return call


def error_of(done: Result) -> dict[str, Any]:
    (key, error), *others = json.loads(done.stdout).items()
    assert (key, others) == ("error", [])
    assert error["exit_status"] == done.exit_code
    assert {"message", "hint", "exit_status"} <= error.keys()
    return error


def test_there_are_commands() -> None:
    assert {("fit",), ("trace",), ("data",), ("data", "verify")} <= {path for path, _ in COMMANDS}


@each_command
def test_missing_inputs(
    path: tuple[str, ...], command: click.Command, call: Callable[..., Result]
) -> None:
    done = call(*path, *values_of(command), "--json")
    if done.exit_code == 0:
        assert path in (("runs",), ("recipes",), ("data",), ("doctor",))
        json.loads(done.stdout)
    else:
        error = error_of(done)
        assert done.exit_code == 1
        hint = f"fix: {error['hint']}\n" if error["hint"] else ""
        assert done.stderr.endswith(f"error: {error['message']}\n{hint}")


@each_command
def test_wrong_usage(
    path: tuple[str, ...], command: click.Command, call: Callable[..., Result]
) -> None:
    done = call(*path, "--json", "--no-such-option")
    error = error_of(done)
    assert (done.exit_code, error["hint"]) == (2, f"cli {' '.join(path)} --help")
    assert error["message"] == "No such option '--no-such-option'."
    assert f"Error: {error['message']}" in done.stderr


@each_command
@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (KcnnError("broken", "fix it"), {"message": "broken", "hint": "fix it", "exit_status": 1}),
        (
            RecipeError(["a:1: b", "a:2: c"]),
            {"message": "a:1: b\na:2: c", "hint": None, "exit_status": 1,
             "mistakes": ["a:1: b", "a:2: c"]},
        ),
        (
            KeyboardInterrupt(),
            {"message": "stopped by Ctrl-C", "hint": None, "exit_status": 130},
        ),
        (
            MemoryError(),
            {"message": "memory ran out", "exit_status": 1,
             "hint": "close other programs, or write a smaller image_size or batch_size"},
        ),
        (
            OSError(28, os.strerror(28)),
            {"message": "no room left to print, or for a temporary file", "hint": None,
             "exit_status": 1},
        ),
    ],
    ids=["error", "mistakes", "stop", "memory", "disk"],
)  # fmt: skip
def test_every_error_is_written_as_json(
    path: tuple[str, ...],
    command: click.Command,
    raised: BaseException,
    expected: dict[str, Any],
    call: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(**arguments: object) -> None:
        raise raised

    monkeypatch.setattr(command, "callback", fail)
    done = call(*path, *values_of(command), "--json")
    assert error_of(done) == expected
    assert expected["message"].splitlines()[-1] in done.stderr


def test_prints_the_first_mistakes_and_cuts_endless_ones(
    call: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    mistakes = [f"net.yaml:{line}: wrong" for line in range(1, 1_024)]

    def fail(**arguments: object) -> None:
        raise RecipeError(["x" * 5_000, *mistakes], "read the pages")

    monkeypatch.setattr(cli.commands["runs"], "callback", fail)
    done = call("runs", "--json")
    first, *others, more, hint = done.stderr.splitlines()
    assert first == f"error: {'x' * 1_999}…"
    assert others == mistakes[:19]
    assert (more, hint) == ("and 1,004 more", "fix: read the pages")
    assert error_of(done)["mistakes"] == ["x" * 5_000, *mistakes]


def test_a_crash(call: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**arguments: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(cli.commands["runs"], "callback", fail)
    done = call("runs", "--json")
    error = error_of(done)
    assert done.exit_code == 3
    assert error["message"].startswith("a bug in kcnn (ZeroDivisionError: division by zero): ")
    assert done.stderr == f"error: {error['message']}\n"


def test_a_missing_argument_has_an_example(call: Callable[..., Result]) -> None:
    assert error_of(call("fit", "--json")) == {
        "message": "Missing argument 'RECIPE'.",
        "hint": "for example: kcnn fit digits",
        "exit_status": 2,
    }


def test_an_unknown_command(call: Callable[..., Result]) -> None:
    assert error_of(call("train", "digits", "--json"))["message"] == (
        "No such command 'train'. Did you mean 'fit'?"
    )


def test_without_json_standard_output_is_empty(call: Callable[..., Result]) -> None:
    done = call("check", "nope")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("error: nope: no such file")


def test_a_result_with_a_problem_stays_alone_on_standard_output(
    call: Callable[..., Result],
) -> None:
    """A program reads one document; the error is on standard error and in the exit status."""
    done = call("explain", "digits", "model.layers=[Flatten, {Dense: {units: 9}}]", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["problem"] in done.stderr
