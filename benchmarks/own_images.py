"""Measure what kcnn init and kcnn fit reach on folders of images, as a person would type them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import click
import numpy as np
from PIL import Image
from sklearn.linear_model import RidgeClassifierCV

from kcnn.data.catalog import NAMED_DATASETS
from kcnn.data.dataset import Dataset, Images
from kcnn.data.load import read_named
from kcnn.progress import Progress
from kcnn.text.numbers import per_cent

COLUMNS = (
    "images",
    "size",
    "epochs",
    "seconds",
    "test accuracy of each",
    "median (lowest to highest)",
    "linear model",
)


def choose_images(images: Images, count: int, seed: int) -> np.ndarray:
    """Return the indices of some images, equally many of each class, in random order."""
    generator = np.random.default_rng(seed)
    classes = np.unique(images.labels)
    each = count // len(classes)
    found = [np.flatnonzero(images.labels == label) for label in classes]
    return generator.permutation(
        np.concatenate([generator.permutation(indices)[:each] for indices in found])
    )


def write_images(folder: Path, dataset: Dataset, images: Images, chosen: np.ndarray) -> None:
    """Write images into a folder for each class: gray ones as PNG files, others as JPEG files."""
    for name in dataset.class_names:
        (folder / name).mkdir(parents=True)
    for index, pixels in zip(chosen, images.read(chosen), strict=True):
        file = folder / dataset.class_names[images.labels[index]] / str(index)
        if pixels.shape[-1] == 1:
            Image.fromarray(pixels[..., 0]).save(file.with_suffix(".png"))
        else:
            Image.fromarray(pixels).save(file.with_suffix(".jpg"), quality=95)


def run_kcnn(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run a command of kcnn in a folder, and return what it prints as JSON."""
    command = [sys.executable, "-m", "kcnn", *arguments, "--json"]
    done = subprocess.run(command, cwd=folder, text=True, encoding="utf-8", capture_output=True)
    if done.returncode:
        raise click.ClickException(f"kcnn {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def linear_accuracy(dataset: Dataset, train: np.ndarray, test: np.ndarray) -> float:
    """Return the test accuracy of ridge regression on the pixels."""
    parts = ((dataset.train, train), (dataset.test, test))
    pixels, test_pixels = (
        images.read(chosen).reshape(len(chosen), -1).astype(np.float32) / 255
        for images, chosen in parts
    )
    labels, test_labels = (images.labels[chosen] for images, chosen in parts)
    # It chooses the penalty by leaving out one training image at a time.
    model = RidgeClassifierCV(alphas=(10, 100, 1000))
    return float(model.fit(pixels, labels).score(test_pixels, test_labels))


def measure(
    dataset: Dataset, count: int, test_count: int, seeds: int, settings: Sequence[str]
) -> str:
    """Train with several seeds, and return a row of the table."""
    runs, linear = [], []
    for seed in range(seeds):
        train = choose_images(dataset.train, count, seed)
        test = choose_images(dataset.test, test_count, seed=0)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_images(folder / "photos" / "train", dataset, dataset.train, train)
            write_images(folder / "photos" / "test", dataset, dataset.test, test)
            run_kcnn(folder, "init", "photos")
            runs.append(run_kcnn(folder, "fit", "photos.yaml", "--seed", str(seed), *settings))
        linear.append(linear_accuracy(dataset, train, test))
        accuracy, seconds = runs[-1]["test"]["accuracy"], runs[-1]["timings"]["total"]
        click.echo(f"{dataset.name}, seed {seed}: {accuracy:.1%} in {seconds:.0f} s", err=True)
    accuracies = [run["test"]["accuracy"] for run in runs]
    height, width, _ = runs[0]["image_shape"]
    low, middle, high = (per_cent(find(accuracies), 1) for find in (min, median, max))
    cells = [
        f"{dataset.name}, {len(train):,}",
        f"{height}×{width}",
        f"{runs[0]['epochs']}",
        f"{median(run['timings']['total'] for run in runs):.0f}",
        ", ".join(per_cent(accuracy, 1) for accuracy in accuracies),
        f"{middle} ({low} to {high})",
        per_cent(median(linear), 1),
    ]
    return f"| {' | '.join(cells)} |"


@click.command(
    context_settings={"show_default": True},
    epilog="Example: python benchmarks/own_images.py --data cifar10 --images 500 --images 2000",
)
@click.argument("settings", nargs=-1, metavar="[SETTING=VALUE]...")
@click.option(
    "--data", type=click.Choice(list(NAMED_DATASETS)), multiple=True, default=["cifar10", "mnist"]
)
@click.option("--images", type=click.IntRange(10), multiple=True, default=[500],
              help="Training images, equally many of each class.")  # fmt: skip
@click.option("--seeds", default=3, type=click.IntRange(1),
              help="Trainings, each with other images.")  # fmt: skip
@click.option("--test", "test_count", default=2000, type=click.IntRange(10),
              help="Test images, the same in all trainings.")  # fmt: skip
def main(
    settings: tuple[str, ...],
    data: tuple[str, ...],
    images: tuple[int, ...],
    seeds: int,
    test_count: int,
) -> None:
    """Write folders of images, and train on them with kcnn init and kcnn fit.

    Print a row for each dataset and number of training images: the size and epochs that kcnn init
    chooses, the seconds of kcnn fit, and the accuracy on test images. Beside it is the median
    accuracy of a linear model on the pixels (ridge regression). SETTINGs are passed to kcnn fit, to
    compare a choice with another.
    """
    click.echo(f"| {' | '.join(COLUMNS)} |")
    click.echo(f"| ---{' | ---:' * (len(COLUMNS) - 1)} |")
    for name in data:
        dataset = read_named(NAMED_DATASETS[name], None, Progress())
        for count in images:
            click.echo(measure(dataset, count, test_count, seeds, settings))


if __name__ == "__main__":
    main()
