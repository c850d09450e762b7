"""Show where the time of a training step goes: kernels by kind, feed, callbacks, waiting."""

from __future__ import annotations

import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from kcnn.errors import KcnnError
from kcnn.machine.cores import usable_cores
from kcnn.machine.start import start_tensorflow
from kcnn.progress import Progress

# What TensorFlow's profiler calls an operation, `name:Kind`, or XLA a part of a program. The first
# pattern that matches decides.
KINDS = {
    "feed": r"Map|Prefetch|PyFunc|Iterator|Dataset",
    "optimizer": r"/(adam|adamw|sgd|rmsprop|adagrad)/|ResourceApply",
    "loss and metrics": r"compile_loss|compile_metrics|ArgMax|/while/(Equal|Sum|SelectV2|Bitcast)",
    "convolution, forward": r"(?<!Backprop)Conv2D(?!Backprop)",
    "convolution, gradients": r"Conv2DBackprop",
    "products": r"MatMul|dot",  # of convolutions, too: kcnn/model/fast
    "pooling": r"Pool",
    "batch normalization": r"BatchNorm",
    "activations and other fused work of XLA": r"fusion|reduce|concat|pad|copy|transpose|broadcast",
    "activations": r"(Relu|Tanh|Sigmoid|Softmax|Elu|Gelu)(Grad)?$",
    "other operations": r"[^:]:_?[A-Z]\w+$",
}


@dataclass(frozen=True)
class StepProfile:
    """Where the time of a training step goes, in milliseconds.

    Args:
        busy: Of each kind of work, added up over the threads.
        profiled: By the clock, while the profiler ran.
        alone: By the clock, without the profiler.
        in_fit: By the clock, with the callbacks of kcnn fit.
    """

    busy: Mapping[str, float]
    profiled: float
    alone: float
    in_fit: float

    def rows(self, cores: int) -> dict[str, float]:
        """Return the rows of the table by their names.

        Args:
            cores: How many cores train.
        """
        waiting = cores * self.profiled - sum(self.busy.values())
        return {kind: self.busy.get(kind, 0.0) for kind in KINDS} | {
            f"starting operations and waiting, of {cores} cores": waiting,
            "a step by the clock, profiled": self.profiled,
            "a step by the clock": self.alone,
            "callbacks of kcnn fit": self.in_fit - self.alone,
        }


def profile_steps(net: str, policy: str, images: int) -> StepProfile:
    """Train a model and profile its steps.

    Args:
        net: A recipe's name or file.
        policy: Keras's dtype policy.
        images: The largest number of images in an epoch.

    Raises:
        KcnnError: The recipe or its data is wrong, or the training fails.
    """
    from contenders.ours import build, feed_of, seconds_of_epochs
    from contenders.task import make_task

    task = make_task(net, policy, 3, images)
    in_fit = min(seconds_of_epochs(task)[1:])
    model = build(task)
    feed = feed_of(task, model)
    model._symbolic_build(data_batch=feed.spec)
    model.optimizer.build(model.trainable_variables)
    model.make_train_function()
    iterator = iter(feed.batches)
    executions = feed.steps_per_epoch // model.steps_per_execution
    _run(model, iterator, executions)  # compiles
    alone = min(_run(model, iterator, executions) for _ in range(2))
    with tempfile.TemporaryDirectory() as folder:
        profiled = _run(model, iterator, executions, folder)
        busy = {
            kind: seconds / feed.steps_per_epoch * 1e3
            for kind, seconds in _kinds(Path(folder)).items()
        }
    by_the_clock = (seconds / feed.steps_per_epoch * 1e3 for seconds in (profiled, alone, in_fit))
    return StepProfile(busy, *by_the_clock)


def _run(model: Any, iterator: Iterator[Any], executions: int, folder: str | None = None) -> float:
    """Train for an epoch, profiled into a folder if one is given; return the seconds."""
    import tensorflow as tf

    if folder is not None:
        tf.profiler.experimental.start(folder)
    started = time.perf_counter()
    for _ in range(executions):
        logs = model.train_function(iterator)
    float(next(iter(logs.values())))  # waits for the last step
    seconds = time.perf_counter() - started
    if folder is not None:
        tf.profiler.experimental.stop()
    return seconds


def _kinds(folder: Path) -> Counter[str]:
    """Add up the seconds of each kind of work in a profile."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    (file,) = folder.rglob("*.xplane.pb")
    space = xplane_pb2.XSpace()
    space.ParseFromString(file.read_bytes())
    seconds: Counter[str] = Counter()
    for plane in space.planes:
        if "CPU" not in plane.name:
            continue
        names = {key: event.name for key, event in plane.event_metadata.items()}
        for line in plane.lines:
            for event, own in _own_times(line.events):
                if (kind := _kind(names[event.metadata_id])) is not None:
                    seconds[kind] += own / 1e12
    return seconds


def _own_times(events: Iterable[Any]) -> Iterator[tuple[Any, int]]:
    """Yield the events of a thread with their picoseconds, without those of events in them."""
    open_events: list[list[Any]] = []  # an event, its end, and its own time
    for event in sorted(events, key=lambda event: (event.offset_ps, -event.duration_ps)):
        while open_events and open_events[-1][1] <= event.offset_ps:
            done, _, own = open_events.pop()
            yield done, own
        if open_events:
            open_events[-1][2] -= event.duration_ps
        open_events.append([event, event.offset_ps + event.duration_ps, event.duration_ps])
    for done, _, own in open_events:
        yield done, own


def _kind(name: str) -> str | None:
    return next((kind for kind, pattern in KINDS.items() if re.search(pattern, name)), None)


@click.command(epilog="Example: python benchmarks/step_profile.py leaky_bn_fast lenet5")
@click.argument("nets", nargs=-1, required=True, metavar="RECIPE...")
@click.option("--precision", default="float32", show_default=True,
              type=click.Choice(["auto", "float32", "mixed_bfloat16"]),
              help="Precision of the training.")  # fmt: skip
@click.option("--images", default=60_000, show_default=True, type=click.IntRange(1),
              help="Images in an epoch.")  # fmt: skip
def main(nets: tuple[str, ...], precision: str, images: int) -> None:
    """Print a table of where the time of a training step goes, a column for each RECIPE.

    Each kind of work has the milliseconds that all threads together need for it in a step. What is
    left of the cores' time is spent on starting operations and on waiting. The last rows are by
    the clock. The callbacks are a difference of two trainings: near 0, it is noise.

    Some convolutions are computed as products. In compiled steps, as of leaky_bn_fast, all are, and
    XLA fuses most other work: the rows of these layers are then 0.
    """
    start_tensorflow(Progress())
    from contenders.task import error_line
    from training_speed import choose_policy

    columns: list[dict[str, float]] = []
    for net in nets:
        try:
            profile = profile_steps(net, choose_policy(net, precision), images)
        except KcnnError as error:
            raise click.ClickException(error_line(error)) from None
        columns.append(profile.rows(len(usable_cores())))
    click.echo(f"| milliseconds a step | {' | '.join(nets)} |")
    click.echo(f"| --- |{' ---: |' * len(nets)}")
    for name in columns[0]:
        click.echo(f"| {name} | {' | '.join(f'{column[name]:.2f}' for column in columns)} |")


if __name__ == "__main__":
    main()
