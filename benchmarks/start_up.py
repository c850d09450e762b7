"""Measure the start-up time of commands, and the time of kcnn fit around its training."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

# Commands that do not import TensorFlow, and their limits in seconds; None for no limit.
COMMANDS: tuple[tuple[list[str], float | None], ...] = (
    (["--help"], 0.15),
    (["check", "cifar"], 0.5),
    (["explain", "cifar"], 0.5),
    (["recipes"], None),
    (["data"], None),
    (["runs"], None),
)
# Recipes to fit, and the limit in seconds for everything but the training and TensorFlow's import.
FITS = {"digits": 1.2, "mnist": 2.2, "cifar": 4.0}
# As fast as it can be imported: garbage collection would nearly double the time.
IMPORT_TENSORFLOW = "import gc; gc.disable(); import tensorflow; gc.freeze()"
AROUND = "around"
PARTS = ("load", "build", "score", "draw")


def time_process(command: list[str]) -> float:
    """Return the seconds that a Python process takes."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    if done.returncode:
        raise click.ClickException(f"{' '.join(command)}: {done.stderr.strip()}")
    return time.perf_counter() - started


def time_kcnn(arguments: list[str]) -> float:
    """Return the seconds that a command of kcnn takes."""
    return time_process(["-m", "kcnn", *arguments])


def time_around_training(recipe: str) -> dict[str, float]:
    """Time kcnn fit without training, checkpoints and the import of TensorFlow.

    Args:
        recipe: A recipe's name. It is trained for one epoch.

    Returns:
        By name, seconds: `around`, all but training and import; each of PARTS; `start`, how much
        longer kcnn takes to start TensorFlow than another program to import it (below 0, since
        kcnn hides packages from Keras); and `rest`: starting Python, reading the recipe, the run
        folder.
    """
    importing = time_process(["-c", IMPORT_TENSORFLOW])
    with tempfile.TemporaryDirectory() as outputs:
        fit = ["fit", recipe, "train.epochs=1", "--name", "timed", "--output-dir", outputs]
        whole = time_kcnn(fit)
        summary = json.loads((Path(outputs) / recipe / "timed" / "summary.json").read_text())
    timings = summary["timings"]
    around = whole - timings["train"] - importing
    parts = {part: timings[part] for part in PARTS}
    parts["start"] = timings["start"] - importing
    return {AROUND: around, **parts, "rest": around - sum(parts.values())}


def format_line(name: str, taken: list[float], limit: float | None) -> str:
    """Return the line of a command: its median, lowest and highest time, and its limit."""
    middle = statistics.median(taken)
    text = f"{name:40} {middle:6.3f} s ({min(taken):.3f} to {max(taken):.3f})"
    if limit is None:
        return text
    return f"{text}, {'within' if middle <= limit else 'OVER'} {limit:g} s"


def format_parts(fits: list[dict[str, float]]) -> str:
    """Return the line with the median seconds of each part."""
    parts = [name for name in fits[0] if name != AROUND]
    middles = {name: statistics.median(fit[name] for fit in fits) for name in parts}
    return f"  of it {', '.join(f'{name} {middle:.3f} s' for name, middle in middles.items())}"


@click.command(epilog="Example: python benchmarks/start_up.py --repeats 3")
@click.option("--repeats", default=7, show_default=True, type=click.IntRange(1),
              help="How often each command is run.")  # fmt: skip
@click.option("--fit/--no-fit", default=True, show_default=True,
              help="Time kcnn fit too, with three recipes for one epoch.")  # fmt: skip
def main(repeats: int, fit: bool) -> None:
    """Time the commands that do not import TensorFlow, and kcnn fit around its training."""
    for arguments, limit in COMMANDS:
        taken = [time_kcnn(arguments) for _ in range(repeats)]
        click.echo(format_line(" ".join(["kcnn", *arguments]), taken, limit))
    for recipe, limit in FITS.items() if fit else ():
        fits = [time_around_training(recipe) for _ in range(repeats)]
        around = [fit[AROUND] for fit in fits]
        click.echo(format_line(f"kcnn fit {recipe}, around its training", around, limit))
        click.echo(format_parts(fits))


if __name__ == "__main__":
    main()
