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
    """Join several options into one decorator."""
    return lambda function: reduce(
        lambda made, decorate: decorate(made), reversed(decorators), function
    )


def check_device(ctx: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Refuse a value that names no device, before anything is loaded."""
    if value is None or re.fullmatch(r"cpu|gpu|\d+(,\d+)*", value):
        return value
    raise click.BadParameter(f"{value!r}: expected cpu, gpu or numbers of GPUs, as in 0,1")


def at_least_two(
    ctx: click.Context, argument: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    """Refuse to compare a single run."""
    if len(value) < 2:
        raise click.BadParameter("expected at least two, as in cifar/run-001 cifar/run-002")
    return value


def refuse_nan(ctx: click.Context, option: click.Parameter, value: float) -> float:
    """Refuse `nan`, which every range of Click lets pass."""
    if value != value:
        raise click.BadParameter("expected a number; got nan")
    return value


def check_location(
    ctx: click.Context, option: click.Parameter, value: str | None
) -> tuple[int, int] | None:
    """Read a location in a map, such as 12,7."""
    if value is None:
        return None
    row, comma, column = (part.strip() for part in value.partition(","))
    if not comma or not re.fullmatch(r"\d{1,6}", row) or not re.fullmatch(r"\d{1,6}", column):
        raise click.BadParameter(f"{value!r}: expected a row and a column, as in 12,7")
    return int(row), int(column)


def split_names(ctx: click.Context, option: click.Parameter, value: str) -> list[str]:
    """Read names with commas between them."""
    return [name.strip() for name in value.split(",") if name.strip()]


def former(*names: str, now: str) -> Callable[[Any], Any]:
    """Return hidden options that are gone; each names what replaced it.

    Args:
        names: How they were written, such as `--side-by-side`.
        now: What to write instead.
    """

    def refuse(ctx: click.Context, option: click.Parameter, value: str | None) -> None:
        if value is not None:
            raise click.UsageError(f"{option.opts[0]} is gone; write {now}", ctx)

    return options(
        *(
            click.option(
                name, f"former_{name.strip('-').replace('-', '_')}", callback=refuse, hidden=True,
                is_flag=False, flag_value="", is_eager=True, expose_value=False,
            )
            for name in names
        )
    )  # fmt: skip


def complete_recipe(
    ctx: click.Context, argument: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete names of the recipes that come with kcnn, and of files."""
    from kcnn.recipe.library import shipped_recipes

    names = [CompletionItem(name) for name in shipped_recipes() if name.startswith(incomplete)]
    return [*names, CompletionItem(incomplete, type="file")]


output_dir = click.option(
    "--output-dir", type=click.Path(path_type=Path), default="outputs", show_default=True,
    help="Folder of all runs.",
)  # fmt: skip
data_dir = click.option(
    "--data-dir", type=click.Path(path_type=Path),
    help="Folder in which to look for datasets first.",
)  # fmt: skip
device = click.option(
    "--device", metavar="cpu|gpu|0,1", callback=check_device,
    help="Devices to train on; without it, every GPU, or the processor if there is none.",
)  # fmt: skip
jobs = click.option(
    "--jobs", type=click.IntRange(1), default=1, show_default=True,
    help="Number of trainings at the same time. They share the cores and GPUs. This is faster in "
    "total; results differ in their last digits from those of one training on all cores.",
)  # fmt: skip
resume_option = click.option(
    "--resume", metavar="[RUN]", is_flag=False, flag_value="",
    help="Continue this run; without RUN, the newest.",
)  # fmt: skip
tracker_options = options(
    click.option(
        "--tensorboard", metavar="[DIR]", is_flag=False, flag_value="",
        help="Write event files for TensorBoard; without DIR, into the run's own folder.",
    ),
    click.option(
        "--mlflow", metavar="[ADDRESS]", is_flag=False, flag_value="",
        help="Send the run to an MLflow server; without ADDRESS, to MLFLOW_TRACKING_URI.",
    ),
)  # fmt: skip
quiet = click.option("--quiet", is_flag=True, help="Print the result only, no progress.")
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the result, or the error, as JSON."
)
weights = click.option(
    "--weights", type=click.Choice(["last", "best"]), default="last", show_default=True,
    help="Weights of the last epoch, or of the epoch with the best validation score.",
)  # fmt: skip
run = click.argument("run", required=False)
run_and_where = click.argument("words", nargs=-1, metavar="[RUN] [data.path=PATH]")
recipe = click.argument("recipe", shell_complete=complete_recipe)
overrides = click.argument("overrides", nargs=-1, metavar="[SETTING=VALUE]...")
for_reading_runs = options(output_dir, data_dir, quiet, json_option)
at = click.option(
    "--at", metavar="ROW,COLUMN", callback=check_location,
    help="Location in the output; without it, the middle.",
)  # fmt: skip
image_format = click.option(
    "--format", "image_format", type=click.Choice(["png", "svg", "pdf"]), default="png",
    show_default=True, help="Format of the plots.",
)  # fmt: skip
