"""How time and memory grow with the images, the size of a batch, and the depth of the net."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from training_speed import ENVIRONMENT

from kcnn.figures import style

HERE = Path(__file__).parent
IMAGES, BATCH_SIZE, DEPTH = 20_000, 128, 1  # what stays while another quantity grows
BATCH_SIZES = (16, 64, 256, 1024, 4096)
DEPTHS = (1, 4, 16, 64)
PLAIN = FuncFormatter(lambda value, _: f"{value:g}")


@dataclass(frozen=True)
class Point:
    """One training.

    Args:
        value: Of the quantity that grows.
        seconds: Of an epoch.
        beyond: Peak memory of the process beyond the images themselves, in bytes.
    """

    value: int
    seconds: float
    beyond: int


def measure(value: int, images: int, batch_size: int, depth: int) -> Point:
    """Trains in a process of its own."""
    command = [sys.executable, "-m", "contenders.growing", *map(str, (images, batch_size, depth))]
    done = subprocess.run(command, env=ENVIRONMENT, text=True, capture_output=True)
    if done.returncode:
        raise click.ClickException((done.stderr.strip().splitlines() or ["no reason given"])[-1])
    found = json.loads(done.stdout.splitlines()[-1])
    point = Point(value, found["seconds"], found["peak"] - found["data"])
    click.echo(
        f"{images:,} images in batches of {batch_size}, {depth} layers: {point.seconds:.2f} s, "
        f"{point.beyond / 1e6:,.0f} MB beyond the images",
        err=True,
    )
    return point


def exponent(points: Sequence[Point]) -> float:
    """Fits seconds = c · value ** exponent to the larger half of the points."""
    upper = points[len(points) // 2 - (len(points) < 4) :]
    logarithms = np.log([(one.value, one.seconds) for one in upper])
    return float(np.polyfit(*logarithms.T, 1)[0])


def table(name: str, points: Sequence[Point]) -> str:
    """Writes the points of one quantity as Markdown."""
    rows = [f"| {one.value:,} | {one.seconds:.2f} | {one.beyond / 1e6:,.0f} |" for one in points]
    head = [f"| {name} | seconds an epoch | MB beyond the images |", "| ---: | ---: | ---: |"]
    fitted = f"Seconds grow with the power {exponent(points):.2f} of it."
    return "\n".join([*head, *rows, "", fitted])


def short(value: int) -> str:
    """Writes a number for an axis: 1M, 20k, 64."""
    for unit, letter in ((1_000_000, "M"), (1_000, "k")):
        if value >= unit and value % unit == 0:
            return f"{value // unit}{letter}"
    return str(value)


@style.house_style
def picture(grown: dict[str, list[Point]]) -> Figure:
    """Draws seconds above memory, a column for each quantity."""
    figure = style.new_figure("What an epoch costs as one quantity grows", 5.4)
    axes = figure.subplots(2, len(grown), squeeze=False, sharex="col")
    for (above, below), (name, points) in zip(axes.T, grown.items(), strict=True):
        values = [one.value for one in points]
        megabytes = [one.beyond / 1e6 for one in points]
        above.loglog(values, [one.seconds for one in points], "o-", color=style.COLORS[0])
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
@click.option("--most-images", default=1_000_000, show_default=True, type=click.IntRange(1_000),
              help="From a thousand up to so many, tenfold each time.")  # fmt: skip
@click.option("--output-dir", default=HERE, show_default="benchmarks",
              type=click.Path(path_type=Path), help="Takes growth.md and growth.png.")  # fmt: skip
@click.option("--quick", is_flag=True, help="Two points each: to see that it runs.")
def main(most_images: int, output_dir: Path, quick: bool) -> None:
    """Measure how an epoch's time and memory grow; write growth.md and growth.png."""
    counts = [10**power for power in range(3, len(str(most_images)))]
    shortest = slice(2 if quick else None)
    images = 2_000 if quick else IMAGES
    grown = {
        "images": [measure(one, one, BATCH_SIZE, DEPTH) for one in counts[shortest]],
        "batch size": [measure(one, images, one, DEPTH) for one in BATCH_SIZES[shortest]],
        "layers": [measure(one, images // 10, BATCH_SIZE, one) for one in DEPTHS[shortest]],
    }
    text = "\n\n".join(table(name, points) for name, points in grown.items())
    output_dir.mkdir(parents=True, exist_ok=True)
    (output_dir / "growth.md").write_text(f"{INTRODUCTION}\n{text}\n", encoding="utf-8")
    style.save(picture(grown), output_dir / "growth.png")
    click.echo(text)


INTRODUCTION = """\
# How cost grows

Written by `python benchmarks/growth.py`: random 32×32 images with flips, a very small net, each
point in a process of its own. While one quantity grows the others stay: 20,000 images (2,000 for
depth) in batches of 128. Memory is the peak of the whole process, TensorFlow included, less the
images' own bytes.

![Seconds and memory against images, batch size and layers](growth.png)
"""


if __name__ == "__main__":
    main()
