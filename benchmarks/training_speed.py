"""Compare the images per second of kcnn, bare Keras and PyTorch on the same networks, as ratios."""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from kcnn.machine.cores import usable_cores
from kcnn.machine.start import start_environment, start_tensorflow
from kcnn.progress import Progress

HERE = Path(__file__).parent
NETS = ("leaky_bn_fast", "lenet5", "simple_convnet", "cifar", "airbench94")
OURS = "ours"
OTHERS = {
    "bare_keras": "bare Keras",
    "pytorch_plain": "PyTorch, plain",
    "pytorch_tuned": "PyTorch, tuned",
}
OF_BENCHMARKS = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(HERE)}
SCRIPT_ENVIRONMENT = os.environ | OF_BENCHMARKS
KCNN_ENVIRONMENT = os.environ | start_environment() | OF_BENCHMARKS


def images_per_second(
    contender: str,
    net: str,
    precision: str,
    epochs: int,
    images: int,
    *overrides: str,
    environment: Mapping[str, str] = KCNN_ENVIRONMENT,
) -> float:
    """Train a network in a process of its own; return the median of its epochs."""
    command = [sys.executable, "-m", f"contenders.{contender}", net, precision]
    command += [str(epochs), str(images), *overrides]
    done = subprocess.run(command, env=environment, text=True, capture_output=True)
    if done.returncode:
        raise click.ClickException(f"{contender} on {net}: {reason_of(done)}")
    return statistics.median(json.loads(done.stdout.splitlines()[-1]))


def reason_of(failed: subprocess.CompletedProcess[str]) -> str:
    """Return why a process failed: its last line, or its exit status if it printed nothing."""
    return (failed.stderr.strip().splitlines() or [f"ended with status {failed.returncode}"])[-1]


def contenders_here() -> list[str]:
    """List the contenders; print a note if PyTorch is missing."""
    if importlib.util.find_spec("torch"):
        return list(OTHERS)
    click.echo("PyTorch is not installed and left out: pip install -e '.[benchmark]'", err=True)
    return [name for name in OTHERS if not name.startswith("pytorch")]


def settled(precision: str) -> str:
    """Resolve `auto` as kcnn fit does on this machine."""
    start_tensorflow(Progress())
    from kcnn.training.devices import choose_devices
    from kcnn.training.precision import choose_precision

    return choose_precision(precision, choose_devices()).policy


def measure(
    net: str, others: Sequence[str], precision: str, rounds: int, epochs: int, images: int
) -> dict[str, list[float]]:
    """Run every contender once per round, in turn; return the images per second of each round.

    One that fails is left out, with all its rounds; where kcnn itself fails, so are the others.
    """
    path = str(HERE / "nets" / f"{net}.yaml") if net == "airbench94" else net
    measured: dict[str, list[float]] = {name: [] for name in (OURS, *others)}
    # TensorFlow starts for bare Keras as for any script, which may be without oneDNN.
    environments = dict.fromkeys(others, SCRIPT_ENVIRONMENT) | {OURS: KCNN_ENVIRONMENT}
    for turn in range(1, rounds + 1):
        for name in tuple(measured):
            try:
                rate = images_per_second(
                    name, path, precision, epochs, images, environment=environments[name]
                )
            except click.ClickException as error:
                error.show()
                if name == OURS:
                    return {}
                del measured[name]
                continue
            measured[name].append(rate)
            click.echo(f"{net}, round {turn}: {name} {rate:,.0f} images/s", err=True)
    return measured


def row(net: str, others: Sequence[str], measured: dict[str, list[float]]) -> str:
    """Print the row of a network: our speed, and the ratio to each contender."""
    ours = measured.get(OURS)
    cells = [net, f"{statistics.median(ours):,.0f}" if ours else "failed"]
    cells += [over(ours, measured[name]) if name in measured else "failed" for name in others]
    return f"| {' | '.join(cells)} |"


def over(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Return our speed over theirs: the median of the rounds, the lowest and the highest."""
    return shown([mine / other for mine, other in zip(ours, theirs, strict=True)])


def shown(ratios: Sequence[float]) -> str:
    """Return the median of the rounds, the lowest and the highest, as text."""
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


@click.command(epilog="Example: python benchmarks/training_speed.py cifar lenet5 --rounds 5")
@click.argument("nets", nargs=-1, metavar="[NET]...", type=click.Choice(NETS))
@click.option("--precision", default="auto", show_default=True,
              type=click.Choice(["auto", "float32", "mixed_bfloat16"]),
              help="Of kcnn, bare Keras and tuned PyTorch.")  # fmt: skip
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1),
              help="Times each is run, in turn.")  # fmt: skip
@click.option("--epochs", default=3, show_default=True, type=click.IntRange(1),
              help="Timed in each run, after one more.")  # fmt: skip
@click.option("--images", default=10_000, show_default=True, type=click.IntRange(1),
              help="In an epoch.")  # fmt: skip
def main(nets: tuple[str, ...], precision: str, rounds: int, epochs: int, images: int) -> None:
    """Compare how many images a second kcnn and others train on, on some NETs or on all.

    Prints kcnn's speed over that of each other: above 1, kcnn is faster. Median of the rounds, and
    the lowest and highest. If one fails, the others are measured
    all the same; the exit status is 1.
    """
    others, policy = contenders_here(), settled(precision)
    names = " | ".join(f"kcnn / {OTHERS[name]}" for name in others)
    click.echo(f"Precision {policy}, {len(usable_cores())} cores.\n")
    click.echo(f"| net | kcnn, images/s | {names} |")
    click.echo(f"| --- | ---: |{' ---: |' * len(others)}")
    failed = False
    for net in nets or NETS:
        measured = measure(net, others, policy, rounds, epochs, images)
        click.echo(row(net, others, measured))
        failed = failed or len(measured) <= len(others)
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
