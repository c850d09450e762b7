"""The group that every command is in, which prints what went wrong."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from kcnn.console.ending import report_stop
from kcnn.console.streams import (
    forget_what_is_left_to_print,
    is_full,
    is_of_gone_terminal,
    say,
)
from kcnn.errors import KcnnError, RecipeError, TemporaryFolderError
from kcnn.machine.signals import stop_replaces_errors

MOST_PROBLEMS = 20
LONGEST_LINE = 2000


class Commands(click.Group):
    """Commands in the order they are written, and errors as one line and a hint."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List commands in the order of use, not of the alphabet."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; print an error that the user can fix without a traceback."""
        try:
            # A command within a group, as `kcnn data fetch`, has reported before it exits.
            with stop_replaces_errors(keep=(click.exceptions.Exit,)):
                return super().invoke(ctx)
        except KcnnError as error:
            _report(error)
            ctx.exit(1)
        except KeyboardInterrupt as stopped:
            ctx.exit(report_stop(stopped))

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line.

        Printing can fail anywhere, even in `--help` (a closed pipe, a full disk). An unexpected
        error writes a crash file.
        """
        try:
            return super().main(*args, **kwargs)
        except MemoryError:
            say("memory ran out", "error:")
            say("close other programs, or write a smaller image_size or batch_size", "hint:")
            sys.exit(1)
        except OSError as error:
            if is_full(error):
                say("no room left to print, or for a temporary file", "error:")
            elif _lacks_temporary_folder(error):
                _report(TemporaryFolderError())
            elif _current_folder_is_gone():
                _report(KcnnError("the current folder does not exist any more", "cd to another"))
            elif not is_of_gone_terminal(error):
                sys.exit(_report_crash(error))
            forget_what_is_left_to_print()
            sys.exit(1)
        except Exception as error:
            sys.exit(_report_crash(error))


def _report(error: KcnnError) -> None:
    say(_in_lines(error), click.style("error:", fg="red", bold=True))
    if error.hint:
        say(error.hint, click.style("hint:", bold=True))


def _report_crash(error: Exception) -> int:
    from kcnn.console.crash import report_crash  # this import takes a tenth of a second

    return report_crash(error)


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
    """Writes an error in one line a problem: the first ones, each cut where it is endless."""
    if not isinstance(error, RecipeError):
        return _cut(error.message.replace("\n", "\\n"))
    lines = [_cut(problem) for problem in error.problems[:MOST_PROBLEMS]]
    more = len(error.problems) - len(lines)
    return "\n".join([*lines, *([f"and {more:,} more"] if more else [])])


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"
