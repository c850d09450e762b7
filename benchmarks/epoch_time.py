"""Seconds of an epoch of kcnn against bare Keras, in turn, as a ratio with its spread."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from kcnn.runs import read_metrics

HERE = Path(__file__).parent
QUIET = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}


def kcnn_seconds(recipe: str, epochs: int) -> list[float]:
    """Runs kcnn fit and reads the seconds of its epochs."""
    with tempfile.TemporaryDirectory() as outputs:
        command = [sys.executable, "-m", "kcnn", "fit", recipe, f"train.epochs={epochs}"]
        run([*command, "--quiet", "--name", "bench", "--output-dir", outputs])
        rows = read_metrics(Path(outputs) / recipe / "bench" / "metrics.csv")
    return [row["seconds"] for row in rows]


def keras_seconds(recipe: str, epochs: int) -> list[float]:
    """Runs the same net in bare Keras."""
    printed = run([sys.executable, str(HERE / "bare_keras.py"), recipe, str(epochs)])
    return json.loads(printed.splitlines()[-1])


def run(command: list[str]) -> str:
    """Runs a command and gives what it printed."""
    done = subprocess.run(command, env=QUIET, stdout=subprocess.PIPE, text=True, check=True,
                          stderr=subprocess.DEVNULL)  # fmt: skip
    return done.stdout


@click.command()
@click.argument("recipe", type=click.Choice(["cifar", "mnist"]))
@click.option("--rounds", default=3, show_default=True, help="Times each is run, in turn.")
@click.option("--epochs", default=5, show_default=True, help="The first of them is not counted.")
def main(recipe: str, rounds: int, epochs: int) -> None:
    """Compare an epoch of RECIPE in kcnn with a bare model.fit of the same net."""
    ratios = []
    for turn in range(1, rounds + 1):
        ours = statistics.median(kcnn_seconds(recipe, epochs)[1:])
        bare = statistics.median(keras_seconds(recipe, epochs)[1:])
        ratios.append(ours / bare)
        click.echo(
            f"round {turn}: kcnn {ours:.2f} s, bare Keras {bare:.2f} s, ratio {ratios[-1]:.3f}"
        )
    spread = f"{min(ratios):.3f} to {max(ratios):.3f}"
    click.echo(f"{recipe}: kcnn / bare Keras = {statistics.median(ratios):.3f} ({spread})")


if __name__ == "__main__":
    main()
