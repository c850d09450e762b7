"""Measure the seconds that commands take before and after their work, as whole processes."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

# Commands that need no TensorFlow, and the seconds they may take; None where nothing is promised.
COMMANDS: tuple[tuple[list[str], float | None], ...] = (
    (["--help"], 0.15),
    (["check", "cifar"], 0.5),
    (["explain", "cifar"], 0.5),
    (["recipes"], None),
    (["data"], None),
    (["runs"], None),
)
# Recipes to fit, and the seconds that may take before and after training.
FITS = ("digits", "mnist", "cifar")
FIT_LIMIT = 2.0
AROUND = "around"
PARTS = ("load", "build", "score", "draw")


def seconds(command: list[str]) -> float:
    """Time a process."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    if done.returncode:
        raise click.ClickException(f"{' '.join(command)}: {done.stderr.strip()}")
    return time.perf_counter() - started


def seconds_of_kcnn(arguments: list[str]) -> float:
    """Time a command of kcnn."""
    return seconds(["-m", "kcnn", *arguments])


def around_training(recipe: str) -> dict[str, float]:
    """Time kcnn fit, less training, checkpoints and the import of TensorFlow.

    Args:
        recipe: A recipe's name; it is trained for one epoch.

    Returns:
        Seconds of all that, of its parts, and of the rest: Python and Keras, the run's folder.
    """
    importing = seconds(["-c", "import tensorflow"])
    with tempfile.TemporaryDirectory() as outputs:
        fit = ["fit", recipe, "train.epochs=1", "--name", "timed", "--output-dir", outputs]
        whole = seconds_of_kcnn(fit)
        summary = json.loads((Path(outputs) / recipe / "timed" / "summary.json").read_text())
    timings = summary["timings"]
    around = whole - timings["train"] - importing
    parts = {part: timings[part] for part in PARTS}
    return {AROUND: around, **parts, "rest": around - sum(parts.values())}


def line(name: str, taken: list[float], limit: float | None) -> str:
    """Print the measured times, and whether they are within their limits."""
    middle = statistics.median(taken)
    text = f"{name:40} {middle:6.3f} s ({min(taken):.3f} to {max(taken):.3f})"
    if limit is None:
        return text
    return f"{text}, {'within' if middle <= limit else 'OVER'} {limit:g} s"


def line_of_parts(fits: list[dict[str, float]]) -> str:
    """Print where the time goes, as medians."""
    parts = [name for name in fits[0] if name != AROUND]
    middles = {name: statistics.median(fit[name] for fit in fits) for name in parts}
    return f"  of it {', '.join(f'{name} {middle:.3f} s' for name, middle in middles.items())}"


@click.command(epilog="Example: python benchmarks/start_up.py --repeats 3")
@click.option("--repeats", default=7, show_default=True, type=click.IntRange(1),
              help="Times each command is run.")  # fmt: skip
@click.option("--fit/--no-fit", default=True, show_default=True,
              help="Whether kcnn fit is timed too, of three recipes for one epoch.")  # fmt: skip
def main(repeats: int, fit: bool) -> None:
    """Time the commands that need no TensorFlow, and kcnn fit before and after its training."""
    for arguments, limit in COMMANDS:
        taken = [seconds_of_kcnn(arguments) for _ in range(repeats)]
        click.echo(line(" ".join(["kcnn", *arguments]), taken, limit))
    for recipe in FITS if fit else ():
        fits = [around_training(recipe) for _ in range(repeats)]
        around = [fit[AROUND] for fit in fits]
        click.echo(line(f"kcnn fit {recipe}, around its training", around, FIT_LIMIT))
        click.echo(line_of_parts(fits))


if __name__ == "__main__":
    main()
