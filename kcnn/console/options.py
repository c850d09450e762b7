"""What several commands share: the group that tells errors, arguments and options."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from kcnn.errors import KcnnError

INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C ended


class Commands(click.Group):
    """Commands in the order they are written, and errors as one line and a hint."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Lists commands in their order of use and not of the alphabet."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a command; says what the user can mend without a traceback."""
        try:
            return super().invoke(ctx)
        except KcnnError as error:
            click.echo(f"{click.style('error:', fg='red', bold=True)} {error.message}", err=True)
            if error.hint:
                click.echo(f"{click.style('hint:', bold=True)} {error.hint}", err=True)
            ctx.exit(1)
        except KeyboardInterrupt:
            click.echo("stopped by Ctrl-C", err=True)
            ctx.exit(INTERRUPTED)


def options(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Joins several options into one decorator."""
    return lambda function: reduce(lambda made, one: one(made), reversed(decorators), function)


def check_device(ctx: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Refuses what names no device before anything is loaded."""
    if value is None or re.fullmatch(r"cpu|gpu|\d+(,\d+)*", value):
        return value
    raise click.BadParameter(f"{value!r}: expected cpu, gpu or numbers of GPUs, as in 0,1")


def complete_recipe(
    ctx: click.Context, argument: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Completes the names of recipes that kcnn brings, and files."""
    from kcnn.recipe.library import shipped_recipes

    names = [CompletionItem(name) for name in shipped_recipes() if name.startswith(incomplete)]
    return [*names, CompletionItem(incomplete, type="file")]


output_dir = click.option(
    "--output-dir", type=click.Path(path_type=Path), default="outputs", show_default=True,
    help="Folder of all runs.",
)  # fmt: skip
data_dir = click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Look for data here first.",
)  # fmt: skip
quiet = click.option("--quiet", is_flag=True, help="No progress, only the result.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
weights = click.option(
    "--weights", type=click.Choice(["last", "best"]), default="last", show_default=True,
    help="Weights after the last epoch, or at the best validation epoch.",
)  # fmt: skip
run = click.argument("run", required=False)
recipe = click.argument("recipe", shell_complete=complete_recipe)
settings = click.argument("settings", nargs=-1, metavar="[SETTING=VALUE]...")
for_reading_runs = options(output_dir, data_dir, quiet, json_option)
