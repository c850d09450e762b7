"""Seconds that commands take before and after their work, as whole processes, in turn."""

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
FIT_LIMIT = 2.0


def seconds(command: list[str]) -> float:
    """Times a process."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    if done.returncode:
        raise click.ClickException(f"{' '.join(command)}: {done.stderr.strip()}")
    return time.perf_counter() - started


def seconds_of_kcnn(arguments: list[str]) -> float:
    """Times a command of kcnn."""
    return seconds(["-m", "kcnn", *arguments])


def seconds_around_training() -> float:
    """Times kcnn fit without its training and without what importing TensorFlow takes."""
    importing = seconds(["-c", "import tensorflow"])
    with tempfile.TemporaryDirectory() as outputs:
        whole = seconds_of_kcnn(["fit", "digits", "--name", "timed", "--output-dir", outputs])
        summary = json.loads((Path(outputs) / "digits" / "timed" / "summary.json").read_text())
    return whole - summary["timings"]["train"] - importing


def line(name: str, taken: list[float], limit: float | None) -> str:
    """Writes what was measured, and whether it keeps within its limit."""
    middle = statistics.median(taken)
    text = f"{name:40} {middle:6.3f} s ({min(taken):.3f} to {max(taken):.3f})"
    if limit is None:
        return text
    return f"{text}, {'within' if middle <= limit else 'OVER'} {limit:g} s"


@click.command(epilog="Example: python benchmarks/start_up.py --repeats 3")
@click.option("--repeats", default=7, show_default=True, help="Times each command is run.")
@click.option("--fit/--no-fit", default=True, show_default=True,
              help="Whether kcnn fit is timed too, half a minute each time.")  # fmt: skip
def main(repeats: int, fit: bool) -> None:
    """Time the commands that need no TensorFlow, and kcnn fit before and after its training."""
    for arguments, limit in COMMANDS:
        taken = [seconds_of_kcnn(arguments) for _ in range(repeats)]
        click.echo(line(" ".join(["kcnn", *arguments]), taken, limit))
    if fit:
        taken = [seconds_around_training() for _ in range(repeats)]
        click.echo(line("kcnn fit digits, around its training", taken, FIT_LIMIT))


if __name__ == "__main__":
    main()
