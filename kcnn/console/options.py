"""What several commands share: the group that tells errors, arguments and options."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from kcnn.console.ending import tell_stopped
from kcnn.console.streams import (
    forget_what_is_left_to_print,
    is_full,
    is_of_gone_terminal,
    say,
)
from kcnn.errors import KcnnError, RecipeError

MOST_PROBLEMS = 20
LONGEST_LINE = 2000


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
            say(_in_lines(error), click.style("error:", fg="red", bold=True))
            if error.hint:
                say(error.hint, click.style("hint:", bold=True))
            ctx.exit(1)
        except KeyboardInterrupt as stopped:
            ctx.exit(tell_stopped(stopped))

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the command line; that nothing can be printed is met anywhere, in --help too."""
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            if is_full(error):
                say("no room left to print, or for a temporary file", "error:")
            elif not is_of_gone_terminal(error):
                raise
            forget_what_is_left_to_print()
            sys.exit(1)


def _in_lines(error: KcnnError) -> str:
    """Writes an error in one line a problem: the first ones, each cut where it is endless."""
    if not isinstance(error, RecipeError):
        return _cut(error.message.replace("\n", "\\n"))
    lines = [_cut(problem) for problem in error.problems[:MOST_PROBLEMS]]
    more = len(error.problems) - len(lines)
    return "\n".join([*lines, *([f"and {more:,} more"] if more else [])])


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"


def options(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Joins several options into one decorator."""
    return lambda function: reduce(lambda made, one: one(made), reversed(decorators), function)


def check_device(ctx: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Refuses what names no device before anything is loaded."""
    if value is None or re.fullmatch(r"cpu|gpu|\d+(,\d+)*", value):
        return value
    raise click.BadParameter(f"{value!r}: expected cpu, gpu or numbers of GPUs, as in 0,1")


def at_least_two(
    ctx: click.Context, argument: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    """Refuses to compare a single thing."""
    if len(value) < 2:
        raise click.BadParameter("expected at least two, as in cifar/run-001 cifar/run-002")
    return value


def check_place(
    ctx: click.Context, option: click.Parameter, value: str | None
) -> tuple[int, int] | None:
    """Reads a place in a map, as in 12,7."""
    if value is None:
        return None
    row, comma, column = (part.strip() for part in value.partition(","))
    if not comma or not re.fullmatch(r"\d{1,6}", row) or not re.fullmatch(r"\d{1,6}", column):
        raise click.BadParameter(f"{value!r}: expected a row and a column, as in 12,7")
    return int(row), int(column)


def check_explain(
    solve: str | None, layer: str | None, markdown: bool, as_json: bool, **of_layer: object
) -> None:
    """Refuses options of kcnn explain that ask for two answers, or for nothing without --layer."""
    for first, second, together in (
        ("--solve", "--layer", solve and layer),
        ("--markdown", "--json", markdown and as_json),
        ("--markdown", "--solve", markdown and solve),
        ("--markdown", "--layer", markdown and layer),
    ):
        if together:
            raise click.UsageError(f"{first} and {second} do not go together; choose one")
    alone = [f"--{name}" for name, value in of_layer.items() if value is not None]
    if layer is None and alone:
        raise click.UsageError(f"{', '.join(alone)}: only with --layer NAME")


def check_check(gradients: bool, **of_gradients: object) -> None:
    """Refuses options of kcnn check that mean nothing without --gradients."""
    alone = [f"--{name.replace('_', '-')}" for name, value in of_gradients.items() if value]
    if alone and not gradients:
        raise click.UsageError(f"{', '.join(alone)}: only with --gradients")


def check_runs(run: str | None, watched: bool, as_json: bool) -> None:
    """Refuses what goes with only one of kcnn runs and kcnn runs --watch."""
    if run is not None and not watched:
        raise click.UsageError(f"{run}: only with --watch; kcnn runs lists all runs")
    if watched and as_json:
        raise click.UsageError("--watch and --json do not go together; choose one")


def for_a_new_run(
    recipe: str | None, settings: Sequence[str], resume: None, **others: Any
) -> dict[str, Any]:
    """Sorts the arguments of kcnn fit for a run that begins."""
    if recipe is None:
        raise click.UsageError("Missing argument 'RECIPE'.")
    return {"recipe": recipe, "overrides": settings, **others}


def for_resuming(
    recipe: str | None,
    settings: Sequence[str],
    resume: str,
    name: str | None,
    seed: int | None,
    **others: Any,
) -> dict[str, Any]:
    """Sorts the arguments of kcnn fit --resume, whose RUN may be left out before settings."""
    for option, value in (("--name", name), ("--seed", seed)):
        if value is not None:
            raise click.UsageError(f"{option}: a run that goes on keeps its own")
    words = [word for word in (resume, recipe, *settings) if word]
    run = words.pop(0) if words and "=" not in words[0] else None
    for word in words:
        if "=" not in word:
            raise click.UsageError(f"{word}: expected a setting, as in train.epochs=40")
    return {"run": run, "overrides": words, **others}


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
device = click.option(
    "--device", metavar="cpu|gpu|0,1", callback=check_device,
    help="Where to train; every GPU when left out.",
)  # fmt: skip
side_by_side = click.option(
    "--side-by-side", type=click.IntRange(1), default=1, show_default=True,
    help="Trainings at a time, each on its share of the cores and GPUs. Faster in all; the numbers "
    "differ in their last digits from those of a training alone.",
)  # fmt: skip
resume_option = click.option(
    "--resume", metavar="[RUN]", is_flag=False, flag_value="",
    help="Go on with a run; the newest when none is named.",
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
for_one_layer = options(
    click.option("--layer", metavar="NAME", help="Walk one convolution through a real image."),
    click.option(
        "--at", metavar="ROW,COLUMN", callback=check_place,
        help="Where in its output; the middle when left out.",
    ),
    click.option("--filter", type=click.IntRange(0), help="Which filter, from 0."),
    click.option(
        "--image", type=click.Path(path_type=Path),
        help="An image file; the first test image when left out.",
    ),
    click.option("--run", help="Take this run's weights; fresh ones when left out."),
)  # fmt: skip
for_gradients = options(
    click.option("--gradients", is_flag=True, help="Check backpropagation numerically."),
    click.option("--weights", type=click.IntRange(1), help="How many to check; 300 when left out."),
    data_dir,
)
