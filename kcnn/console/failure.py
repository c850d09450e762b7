"""Report what went wrong: on standard error for people, with `--json` on standard output too."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from kcnn.console.ending import report_stop
from kcnn.console.json_text import json_text
from kcnn.console.streams import (
    discard_output,
    echo,
    echo_error,
    is_full,
    is_of_gone_terminal,
)
from kcnn.errors import KcnnError, RecipeError, TemporaryFolderError
from kcnn.text.printable import shorten

FAILED = 1  # exit status of an error that the user can fix
MAX_PROBLEMS = 20
MAX_LENGTH = 2000


@dataclass(frozen=True)
class Failure:
    """What programs learn about an error.

    Args:
        message: What is wrong.
        exit_status: The exit status of kcnn.
        hint: What to do about it.
        mistakes: All mistakes of a recipe.
    """

    message: str
    exit_status: int = FAILED
    hint: str | None = None
    mistakes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        error: dict[str, Any] = {
            "message": self.message,
            "hint": self.hint,
            "exit_status": self.exit_status,
        }
        if self.mistakes:
            error["mistakes"] = list(self.mistakes)
        return {"error": error}


def report(error: BaseException, as_json: bool) -> int:
    """Print an error; an unexpected one writes a crash file.

    Args:
        error: What ended a command.
        as_json: Whether standard output gets `{"error": ...}`.

    Returns:
        The exit status.
    """
    failure = _echo(error)
    if as_json:
        with suppress(OSError):
            echo(json_text(failure.as_json()))
    if isinstance(error, OSError):
        discard_output()
    return failure.exit_status


def echo_failure(error: KcnnError) -> Failure:
    """Print an error that the user can fix on standard error: what is wrong, then the hint."""
    echo_error(_in_lines(error), click.style("error:", fg="red", bold=True))
    _echo_hint(error.hint)
    mistakes = error.problems if isinstance(error, RecipeError) else ()
    return Failure(error.message, FAILED, error.hint, mistakes)


def _echo(error: BaseException) -> Failure:
    match error:
        case KeyboardInterrupt():
            message, status = report_stop(error)
            return Failure(message, status)
        case click.ClickException():
            return _echo_usage_error(error)
        case KcnnError():
            return echo_failure(error)
        case MemoryError():
            hint = "close other programs, or write a smaller image_size or batch_size"
            return echo_failure(KcnnError("memory ran out", hint))
        case OSError() if is_full(error):
            return echo_failure(KcnnError("no room left to print, or for a temporary file"))
        case OSError() if _lacks_temporary_folder(error):
            return echo_failure(TemporaryFolderError())
        case OSError() if _current_folder_is_gone():
            gone = "the current folder does not exist any more"
            return echo_failure(KcnnError(gone, "cd to another"))
        case OSError() if is_of_gone_terminal(error):
            return Failure("the terminal is gone")
    from kcnn.console.crash import CRASHED, report_crash  # this import takes a tenth of a second

    return Failure(report_crash(error), CRASHED)


def _echo_usage_error(error: click.ClickException) -> Failure:
    with suppress(OSError):
        error.show()
    context = getattr(error, "ctx", None)
    hint = f"{context.command_path} --help" if context is not None else None
    if isinstance(error, click.MissingParameter) and context is not None:
        hint = f"for example: {_example(context.command) or hint}"
        _echo_hint(hint)
    return Failure(error.format_message(), error.exit_code, hint)


def _example(command: click.Command) -> str | None:
    """Return the first example of a command's help."""
    example = re.search(r"^ +(kcnn .*?)(?:  .*)?$", command.help or "", re.MULTILINE)
    return example[1] if example else None


def _echo_hint(hint: str | None) -> None:
    if hint:
        echo_error(hint, click.style("fix:", bold=True))


def _current_folder_is_gone() -> bool:
    try:
        Path.cwd()
    except OSError:
        return True
    return False


def _lacks_temporary_folder(error: OSError) -> bool:
    """Return whether Python's tempfile, or Matplotlib for its cache, found no folder."""
    message = str(error)
    return "No usable temporary directory" in message or (
        "Matplotlib requires access to a writable cache" in message
    )


def _in_lines(error: KcnnError) -> str:
    """Return an error in one line per problem: the first ones, each cut if it is endless."""
    if not isinstance(error, RecipeError):
        return shorten(error.message.replace("\n", "\\n"), MAX_LENGTH)
    lines = [shorten(problem, MAX_LENGTH) for problem in error.problems[:MAX_PROBLEMS]]
    more = len(error.problems) - len(lines)
    if more:
        lines.append(f"and {more:,} more")
    return "\n".join(lines)
