"""The group of all commands, which reports what went wrong."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from kcnn.console.failure import report
from kcnn.machine.signals import stop_replaces_errors

# What other programs call a command of kcnn.
OTHER_NAMES = {
    "train": "fit",
    "run": "fit",
    "resume": "fit --resume",
    "continue": "fit --resume",
    "test": "evaluate",
    "score": "evaluate",
    "eval": "evaluate",
    "classify": "predict",
    "infer": "predict",
    "draw": "plot",
    "figures": "plot",
    "save": "export",
    "convert": "export",
    "validate": "check",
    "lint": "check",
    "summary": "explain",
    "grid": "sweep",
    "search": "sweep",
    "tune": "sweep",
    "list": "runs",
    "ls": "runs",
    "log": "watch",
    "datasets": "data",
    "download": "data fetch",
    "info": "doctor",
    "help": "--help",
}


class Commands(click.Group):
    """Commands in the order they are written; errors in one line and a hint, or as JSON."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List commands in the order of use, not of the alphabet."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; propose one for the name that other programs have for it."""
        other = OTHER_NAMES.get(args[0])
        if ctx.parent is None and other is not None:
            raise click.UsageError(f"No such command '{args[0]}'. Did you mean '{other}'?", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; keep Click from turning a stop into Abort and an empty line."""
        try:
            with stop_replaces_errors(keep=(click.exceptions.Exit,)):
                return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            raise _StopError(stop) from stop

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line and exit.

        Printing can fail anywhere, even in `--help` (a closed pipe, a full disk).
        """
        arguments = sys.argv[1:] if args is None else args
        as_json = "--json" in arguments  # wrong usage is found before options are read
        try:
            status = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except Exception as error:
            cause = _cause(error)
            if not standalone_mode:
                raise cause from None
            status = report(cause, as_json)
        if not standalone_mode:
            return status
        sys.exit(status if isinstance(status, int) else 0)


class _StopError(Exception):
    """A stop by a signal that passes through Click."""

    def __init__(self, stop: KeyboardInterrupt) -> None:
        super().__init__()
        self.stop = stop


def _cause(error: Exception) -> BaseException:
    match error:
        case _StopError():
            return error.stop
        case click.Abort():  # a stop while Click was parsing
            return error.__cause__ or KeyboardInterrupt()
    return error
