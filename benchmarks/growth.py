"""Measure how time and memory grow with images, batch size and depth of the model."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from kcnn.figures import style
from kcnn.machine.cores import core_count
from kcnn.machine.start import start_tensorflow
from training_speed import KCNN_ENVIRONMENT, reason_of

HERE = Path(__file__).parent
# Values that stay while another quantity grows; IMAGES is a multiple of every batch size.
IMAGES, FEWER_IMAGES, BATCH_SIZE, DEPTH = 20_480, 2_048, 128, 1
BATCH_SIZES = (16, 64, 256, 1024, 4096)
DEPTHS = (1, 4, 16, 64)
PRECISION = "float32"
LINEAR = 1.05  # up to this exponent, with a margin for noise, growth counts as linear
PLAIN = FuncFormatter(lambda value, _: f"{value:g}")


@dataclass(frozen=True)
class Point:
    """The measurements of a training.

    Args:
        value: The value of the quantity that grows.
        seconds: Seconds of an epoch.
        beyond: Peak memory of the process without the images themselves, in bytes.
    """

    value: int
    seconds: float
    beyond: int


def measure(value: int, images: int, batch_size: int, depth: int) -> Point:
    """Measure a training in a fresh process."""
    command = [sys.executable, "-m", "contenders.growing", PRECISION]
    command += map(str, (images, batch_size, depth))
    done = subprocess.run(command, env=KCNN_ENVIRONMENT, text=True, capture_output=True)
    if done.returncode:
        raise click.ClickException(reason_of(done))
    measured = json.loads(done.stdout.splitlines()[-1])
    point = Point(value, measured["seconds"], measured["peak"] - measured["data"])
    click.echo(
        f"{images:,} images in batches of {batch_size}, {depth} layers: {point.seconds:.2f} s, "
        f"{point.beyond / 1e6:,.0f} MB beyond the images",
        err=True,
    )
    return point


def exponent(points: Sequence[Point]) -> float:
    """Fit seconds = c · value ** exponent to the larger half of the points; return the exponent."""
    upper = points[len(points) // 2 - (len(points) < 4) :]
    logarithms = np.log([(point.value, point.seconds) for point in upper])
    return float(np.polyfit(*logarithms.T, 1)[0])


def table(name: str, points: Sequence[Point]) -> str:
    """Return the points of one quantity as Markdown."""
    rows = [
        f"| {point.value:,} | {point.seconds:.2f} | {point.beyond / 1e6:,.0f} |" for point in points
    ]
    head = [f"| {name} | seconds an epoch | MB beyond the images |", "| ---: | ---: | ---: |"]
    fitted = f"Seconds grow with the power {exponent(points):.2f} of it."
    return "\n".join([*head, *rows, "", fitted])


def verdict(grown: Mapping[str, Sequence[Point]]) -> str:
    """Summarize all points in one line."""
    powers = {name: exponent(points) for name, points in grown.items()}
    faster = [f"{name} ({power:.2f})" for name, power in powers.items() if power > LINEAR]
    linear = [f"{name} ({power:.2f})" for name, power in powers.items() if power <= LINEAR]
    parts = [f"faster than linearly with {', '.join(faster)}"] if faster else []
    parts += [f"not faster than linearly with {', '.join(linear)}"] if linear else []
    memory = [
        f"from {points[0].beyond / 1e6:,.0f} to {points[-1].beyond / 1e6:,.0f} MB with "
        f"{points[-1].value / points[0].value:,.0f} times the {name}"
        for name, points in grown.items()
    ]
    return (
        f"**Verdict:** seconds grow {', but '.join(parts)}; memory beyond the images' own bytes "
        f"goes {', '.join(memory)}."
    )


def circumstances() -> str:
    """Describe when and on what machine everything was measured.

    Call it after all measurements: it loads TensorFlow, and the peak memory of a process begins
    with that of its parent process.
    """
    start_tensorflow()
    from kcnn.machine.description import describe_machine

    machine = describe_machine()
    packages = machine["packages"]
    devices = ", ".join(device["name"] for device in machine["devices"])
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d}, on {core_count()} cores of "
        f"{machine['processor']} ({devices}), in {PRECISION}, with TensorFlow "
        f"{packages['tensorflow']}, Keras {packages['keras']} and Python {machine['python']}."
    )


def short(value: int) -> str:
    """Format a number for an axis: 1M, 20k, 64."""
    for unit, letter in ((1_000_000, "M"), (1_000, "k")):
        if value >= unit and value % unit == 0:
            return f"{value // unit}{letter}"
    return str(value)


@style.house_style
def plot(grown: dict[str, list[Point]]) -> Figure:
    """Draw seconds above memory, one column per quantity."""
    figure = style.new_figure("What an epoch costs as one quantity grows", 5.4)
    axes = figure.subplots(2, len(grown), squeeze=False, sharex="col")
    for (above, below), (name, points) in zip(axes.T, grown.items(), strict=True):
        values = [point.value for point in points]
        megabytes = [point.beyond / 1e6 for point in points]
        above.loglog(values, [point.seconds for point in points], "o-", color=style.COLORS[0])
        above.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        above.yaxis.set_major_formatter(PLAIN)
        below.semilogx(values, megabytes, "o-", color=style.COLORS[1])
        below.set_ylim(0, 1.2 * max(megabytes))
        below.set_xlabel(name)
        below.set_xticks(values, [short(value) for value in values])
        for axis in (above.xaxis, above.yaxis, below.xaxis):
            axis.set_minor_formatter(NullFormatter())
    axes[0, 0].set_ylabel("seconds an epoch")
    axes[1, 0].set_ylabel("MB beyond the images")
    return figure


@click.command(epilog="Example: python benchmarks/growth.py --most-images 100000")
@click.option("--most-images", default=1_000_000, show_default=True,
              type=click.IntRange(10_000),
              help="Largest number; from 1,000 on, each is ten times the last.")  # fmt: skip
@click.option("--output-dir", default=HERE, show_default="benchmarks",
              type=click.Path(path_type=Path), help="For growth.md and growth.png.")  # fmt: skip
@click.option("--quick", is_flag=True, help="Measure two points each, only to see that it runs.")
def main(most_images: int, output_dir: Path, quick: bool) -> None:
    """Measure how an epoch's time and memory grow; write growth.md and growth.png."""
    if quick and output_dir == HERE:
        raise click.UsageError(
            "--quick measures too little for growth.md: choose another --output-dir"
        )
    counts = [10**power for power in range(3, len(str(most_images)))]
    shortest = slice(2 if quick else None)
    images, fewer = (2_048, 256) if quick else (IMAGES, FEWER_IMAGES)
    grown = {
        "images": [measure(count, count, BATCH_SIZE, DEPTH) for count in counts[shortest]],
        "batch size": [measure(size, images, size, DEPTH) for size in BATCH_SIZES[shortest]],
        "layers": [measure(depth, fewer, BATCH_SIZE, depth) for depth in DEPTHS[shortest]],
    }
    text = "\n\n".join([*(table(*item) for item in grown.items()), verdict(grown)])
    page = INTRODUCTION.format(images=images, fewer=fewer, circumstances=circumstances())
    output_dir.mkdir(parents=True, exist_ok=True)
    (output_dir / "growth.md").write_text(f"{page}\n{text}\n", encoding="utf-8")
    style.save(plot(grown), output_dir / "growth.png")
    click.echo(text)


INTRODUCTION = """\
# How cost grows

Written by `python benchmarks/growth.py`: random 32×32 images with flips, a very small net, each
point in a process of its own. While one quantity grows the others stay: {images:,} images
({fewer:,} for depth) in batches of 128. Every point takes one step at a time; `kcnn fit` takes
several of so small a net where their number allows it, and is faster then. Seconds are of the
second epoch, and the powers are fitted to the larger half of each table.

All images are held once, as bytes, and batches are made of them as they are trained on. Memory is
the peak of the whole process, TensorFlow included, less that one copy and its labels.

{circumstances}

![Seconds and memory against images, batch size and layers](growth.png)
"""


if __name__ == "__main__":
    main()
