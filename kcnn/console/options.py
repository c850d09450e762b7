"""Arguments and options of commands, and what each may be."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem


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
jobs = click.option(
    "--jobs", type=click.IntRange(1), default=1, show_default=True,
    help="Trainings at the same time; the cores and GPUs are divided among them. Faster in total; "
    "the numbers differ in their last digits from those of a training alone.",
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
overrides = click.argument("overrides", nargs=-1, metavar="[SETTING=VALUE]...")
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
