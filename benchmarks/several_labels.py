"""Measure images with several labels: pictures of MNIST digits, from a CSV file to the scores."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import click
import numpy as np
from PIL import Image

from kcnn.data.catalog import NAMED_DATASETS
from kcnn.data.dataset import Images
from kcnn.data.load import read_named
from kcnn.progress import Progress
from kcnn.text.numbers import per_cent

SIDE = 28  # of an MNIST image
SCORES = {
    "mean average precision": "mean_average_precision",
    "accuracy per label": "accuracy",
    "exact match": "exact_match",
    "macro F1": "macro_f1",
}


def write_pictures(folder: Path, train: int, test: int, seed: int) -> int:
    """Write pictures with none to three digits, and `labels.csv` with the digits of each.

    Args:
        folder: Where to.
        train: How many pictures to make from MNIST's training images.
        test: How many to make from its test images.
        seed: Decides which digits are in a picture, and in which of its quarters.

    Returns:
        How many test pictures show no digit.
    """
    mnist = read_named(NAMED_DATASETS["mnist"], None, Progress())
    generator = np.random.default_rng(seed)
    rows, empty = [], 0
    for part, images, count in (("train", mnist.train, train), ("test", mnist.test, test)):
        (folder / part).mkdir()
        for number in range(count):
            file = f"{part}/{number:05}.png"
            pixels, digits = draw_picture(images, generator)
            Image.fromarray(pixels).save(folder / file)
            rows.append((file, ";".join(map(str, sorted(digits))), part))
            empty += part == "test" and not digits
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("path", "label", "split"), *rows])
    return empty


def draw_picture(images: Images, generator: np.random.Generator) -> tuple[np.ndarray, set[int]]:
    """Put none to three images into different quarters of a black picture.

    Returns:
        The picture, uint8 of shape (56, 56), and the digits that it shows.
    """
    pixels, digits = np.zeros((2 * SIDE, 2 * SIDE), np.uint8), set()
    for quarter in generator.permutation(4)[: generator.integers(4)].tolist():
        index = int(generator.integers(len(images)))
        top, left = SIDE * (quarter // 2), SIDE * (quarter % 2)
        pixels[top : top + SIDE, left : left + SIDE] = images.read_one(index)[..., 0]
        digits.add(int(images.labels[index]))
    return pixels, digits


def kcnn(folder: Path, *words: str) -> None:
    """Run a command as a person would.

    Raises:
        click.ClickException: It failed.
    """
    command = [sys.executable, "-m", "kcnn", *words]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise click.ClickException(f"{' '.join(words)}: {done.stdout.decode(errors='replace')}")


def measure(
    train: int, test: int, epochs: int, seed: int, settings: tuple[str, ...]
) -> tuple[dict[str, float], int, float]:
    """Write pictures, `kcnn init`, `kcnn fit`.

    Returns:
        The scores of the test pictures, how many of them show no digit, and the seconds that
        `kcnn fit` took.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        empty = write_pictures(folder, train, test, seed)
        kcnn(folder, "init", "labels.csv")
        start = perf_counter()
        kcnn(
            folder, "fit", "labels.yaml", f"train.epochs={epochs}", f"train.seed={seed}", *settings
        )
        seconds = perf_counter() - start
        (summary,) = folder.glob("outputs/labels/run-*/summary.json")
        return json.loads(summary.read_text(encoding="utf-8"))["test"], empty, seconds


@click.command(context_settings={"show_default": True})
@click.argument("settings", nargs=-1, metavar="[SETTING=VALUE]...")
@click.option("--seeds", default=3, help="Trainings, each with pictures of its own.")
@click.option("--train", default=3000, help="Pictures to train on, of MNIST's training images.")
@click.option("--test", default=1000, help="Pictures to score, of MNIST's test images.")
@click.option("--epochs", default=10)
def main(settings: tuple[str, ...], seeds: int, train: int, test: int, epochs: int) -> None:
    """Train the recipe of kcnn init on pictures with none to three MNIST digits each.

    Settings override those of the recipe.
    """
    columns = ("seed", *SCORES, "test pictures without a digit", "seconds of kcnn fit")
    click.echo(f"| {' | '.join(columns)} |")
    click.echo(f"| ---{' | ---:' * (len(columns) - 1)} |")
    rows = []
    for seed in range(seeds):
        scores, empty, seconds = measure(train, test, epochs, seed, settings)
        rows.append((*(scores[key] for key in SCORES.values()), empty, seconds))
        click.echo(table_row(str(seed), rows[-1]))
    click.echo(table_row("median", tuple(map(median, zip(*rows, strict=True)))))


def table_row(name: str, values: tuple[float, ...]) -> str:
    """Return a row of the table; the last two values are a number of pictures, and seconds."""
    *fractions, empty, seconds = values
    cells = [name, *(per_cent(value, 1) for value in fractions), f"{empty:g}", f"{seconds:.0f}"]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
