"""Compare the training speed of kcnn, bare Keras and PyTorch on the same models, as ratios."""

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
from kcnn.model.checked_recipe import check_recipe
from kcnn.progress import Progress
from kcnn.recipe import read_recipe

HERE = Path(__file__).parent
NETS = ("leaky_bn_fast", "lenet5", "simple_convnet", "cifar", "airbench94")
OURS = "ours"
OTHERS = {
    "bare_keras": "bare Keras",
    "pytorch_plain": "PyTorch, plain",
    "pytorch_tuned": "PyTorch, tuned",
    "pytorch_compiled": "PyTorch, compiled",
}
BENCHMARK_VARIABLES = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(HERE)}
SCRIPT_ENVIRONMENT = os.environ | BENCHMARK_VARIABLES
KCNN_ENVIRONMENT = os.environ | start_environment() | BENCHMARK_VARIABLES


def images_per_second(
    contender: str,
    net: str,
    precision: str,
    epochs: int,
    images: int,
    *overrides: str,
    environment: Mapping[str, str] = KCNN_ENVIRONMENT,
) -> float:
    """Train a model in a fresh process; return the images per second of its fastest epoch.

    Whatever else the machine does can only make an epoch slower.
    """
    command = [sys.executable, "-m", f"contenders.{contender}", net, precision]
    command += [str(epochs), str(images), *overrides]
    done = subprocess.run(command, env=environment, text=True, capture_output=True)
    if done.returncode:
        raise click.ClickException(f"{contender} on {net}: {reason_of(done)}")
    return max(json.loads(done.stdout.splitlines()[-1]))


def reason_of(failed: subprocess.CompletedProcess[str]) -> str:
    """Return why a process failed: its last line of errors, or its exit status if there is none."""
    return (failed.stderr.strip().splitlines() or [f"ended with status {failed.returncode}"])[-1]


def available_contenders() -> list[str]:
    """Return the contenders that can run here; print a note if PyTorch is missing."""
    if importlib.util.find_spec("torch"):
        return list(OTHERS)
    click.echo("PyTorch is not installed and skipped: pip install -e '.[benchmark]'", err=True)
    return [name for name in OTHERS if not name.startswith("pytorch")]


def choose_policy(net: str, precision: str) -> str:
    """Return the dtype policy that kcnn fit chooses on this machine for a model and a precision."""
    start_tensorflow(Progress())
    from kcnn.training.devices import choose_devices
    from kcnn.training.precision import choose_precision

    plan = check_recipe(read_recipe(net, [f"train.precision={precision}"])).plan
    return choose_precision(plan, choose_devices()).policy


def recipe_of(net: str) -> str:
    """Return the name or the file of a model's recipe."""
    return str(HERE / "nets" / f"{net}.yaml") if net == "airbench94" else net


def measure(
    net: str, others: Sequence[str], policies: Sequence[str], rounds: int, epochs: int, images: int
) -> dict[str, dict[str, list[float]]]:
    """Run every contender once per round and policy, in turn.

    Args:
        net: The model's name.
        others: The contenders besides kcnn.
        policies: Keras's dtype policies.
        rounds: How often each contender is run.
        epochs: Epochs that are timed.
        images: Images in an epoch.

    Returns:
        By policy and contender, the images per second of each round. A contender that fails with a
        policy is left out there, with all its rounds. If kcnn fails, all are left out.
    """
    measured: dict[str, dict[str, list[float]]] = {
        policy: {name: [] for name in (OURS, *others)} for policy in policies
    }
    # Bare Keras runs with TensorFlow's defaults, which may be without oneDNN.
    environments = dict.fromkeys(others, SCRIPT_ENVIRONMENT) | {OURS: KCNN_ENVIRONMENT}
    for number in range(1, rounds + 1):
        for policy, rates in measured.items():
            for name in tuple(rates):
                try:
                    rate = images_per_second(
                        name, recipe_of(net), policy, epochs, images, environment=environments[name]
                    )
                except click.ClickException as error:
                    error.show()
                    if name == OURS:
                        rates.clear()
                        break
                    del rates[name]
                    continue
                rates[name].append(rate)
                click.echo(
                    f"{net} in {policy}, round {number}: {name} {rate:,.0f} images/s", err=True
                )
    return measured


def format_row(
    net: str, policy: str, others: Sequence[str], measured: Mapping[str, Sequence[float]]
) -> str:
    """Return a row of the table: kcnn's speed, its ratio to each contender's and to the best."""
    ours = measured.get(OURS)
    cells = [net, policy, f"{statistics.median(ours):,.0f}" if ours else "failed"]
    cells += [
        speed_ratio(ours, measured[name]) if name in measured else "failed" for name in others
    ]
    rounds = list(zip(*(measured[name] for name in others if name in measured), strict=True))
    cells.append(speed_ratio(ours, list(map(max, rounds))) if rounds else "failed")
    return f"| {' | '.join(cells)} |"


def speed_ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Return kcnn's speed divided by a contender's, as text."""
    return format_ratios([our_rate / rate for our_rate, rate in zip(ours, theirs, strict=True)])


def format_ratios(ratios: Sequence[float]) -> str:
    """Return the median of the rounds with the lowest and the highest, as text."""
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


@click.command(epilog="Example: python benchmarks/training_speed.py cifar lenet5 --rounds 5 "
               "--precision float32 --precision mixed_bfloat16")  # fmt: skip
@click.argument("nets", nargs=-1, metavar="[NET]...", type=click.Choice(NETS))
@click.option("--precision", "precisions", default=["auto"], show_default=True, multiple=True,
              type=click.Choice(["auto", "float32", "mixed_bfloat16"]),
              help="Precision of all but plain PyTorch, which has float32. Repeat the option to "
                   "measure several in turn.")  # fmt: skip
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1),
              help="How often each contender is run, in turn.")  # fmt: skip
@click.option("--epochs", default=5, show_default=True, type=click.IntRange(1),
              help="Epochs that are timed, after a warm-up epoch.")  # fmt: skip
@click.option("--images", default=10_000, show_default=True, type=click.IntRange(1),
              help="Images in an epoch.")  # fmt: skip
def main(
    nets: tuple[str, ...], precisions: tuple[str, ...], rounds: int, epochs: int, images: int
) -> None:
    """Compare the training speed of kcnn and others, on some NETs or on all.

    The NETs are leaky_bn_fast, lenet5, simple_convnet, cifar and airbench94.

    Print kcnn's images per second divided by each contender's: above 1, kcnn is faster. The last
    column compares kcnn with the fastest contender of each round. Of each training, the fastest
    epoch counts. The table has the median of the rounds, the lowest and the highest. The time that
    PyTorch and TensorFlow take to compile is in the warm-up epoch, so it is left out. If a
    contender fails, the others are still measured, and the exit status is 1.
    """
    others = available_contenders()
    names = " | ".join(f"kcnn / {OTHERS[name]}" for name in others)
    click.echo(f"{len(usable_cores())} cores.\n")
    click.echo(f"| net | precision | kcnn, images/s | {names} | kcnn / best other |")
    click.echo(f"| --- | --- | ---: |{' ---: |' * len(others)} ---: |")
    failed = False
    for net in nets or NETS:
        # Without duplicates: auto may be one of the others.
        policies = {choose_policy(recipe_of(net), precision): None for precision in precisions}
        for policy, rates in measure(net, others, list(policies), rounds, epochs, images).items():
            click.echo(format_row(net, policy, others, rates))
            failed = failed or len(rates) <= len(others)
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
