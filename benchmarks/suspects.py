"""Flip some labels on purpose, and measure how many of them kcnn data suspects finds."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
import numpy as np

from kcnn.commands.fit import fit
from kcnn.commands.suspects import find_suspects
from kcnn.data.catalog import NAMED_DATASETS
from kcnn.data.load import read_named
from kcnn.progress import Progress

# Recipe, its dataset, and the epochs of each fold.
CASES = {"digits": ("digits", 30), "mnist": ("mnist", 8), "cifar": ("cifar10", 15)}


def write_flipped(dataset: str, count: int, fraction: float, seed: int, path: Path) -> np.ndarray:
    """Write an npz of some training images, with another label for a fraction of them.

    Args:
        dataset: A named dataset.
        count: How many training images to take, at most.
        fraction: Of the labels, to change to one of the other classes at random.
        seed: Which images, and which labels.
        path: The file.

    Returns:
        bool, (images,): which labels were changed.
    """
    images = read_named(NAMED_DATASETS[dataset], None, Progress())
    generator = np.random.default_rng(seed)
    chosen = np.sort(generator.permutation(len(images.train))[:count])
    labels = images.train.labels[chosen].copy()
    flipped = generator.random(len(labels)) < fraction
    classes = len(images.class_names)
    labels[flipped] += generator.integers(1, classes, flipped.sum(), dtype=labels.dtype)
    np.savez(
        path,
        x_train=images.train.read(chosen),
        y_train=labels % classes,
        x_test=images.test.read(np.arange(300)),
        y_test=images.test.labels[:300],
        class_names=np.array(images.class_names),
    )
    return flipped


def measure(recipe: str, count: int, fraction: float, seed: int, folds: int) -> str:
    """Return a row of the table: how many suspects there are, and how many were flipped."""
    dataset, epochs = CASES[recipe]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flipped.npz"
        flipped = write_flipped(dataset, count, fraction, seed, path)
        settings = [
            "data.dataset=npz",
            f"data.path={path}",
            "data.validation=0",
            f"train.seed={seed}",
        ]
        outputs = Path(folder) / "outputs"
        fit(recipe, [*settings, "train.epochs=1"], outputs)
        found = find_suspects(None, outputs, folds, epochs)
    right = flipped[[suspect.index for suspect in found.suspects]]
    first = right[: flipped.sum()]
    cells = [
        f"{recipe}, {len(flipped):,} images, {epochs} epochs",
        f"{found.accuracy:.1%}",
        f"{flipped.sum()}",
        f"{len(right)}",
        f"{right.mean():.1%}",
        f"{right.sum() / flipped.sum():.1%}",
        f"{first.sum() / flipped.sum():.1%}",
    ]
    return f"| {' | '.join(cells)} |"


@click.command()
@click.option("--recipe", type=click.Choice(list(CASES)), multiple=True, help="Only these.")
@click.option("--images", default=5000, show_default=True, help="Training images, at most.")
@click.option("--fraction", default=0.05, show_default=True, help="Of labels to change.")
@click.option("--folds", default=3, show_default=True)
@click.option(
    "--seeds", default=1, show_default=True, help="Each with images and labels of its own."
)
def main(recipe: tuple[str, ...], images: int, fraction: float, folds: int, seeds: int) -> None:
    """Measure precision and recall of kcnn data suspects on labels that were changed on purpose."""
    columns = ("data", "labels predicted", "changed", "suspects", "precision", "recall")
    click.echo(f"| {' | '.join(columns)} | precision of as many as were changed |")
    click.echo(f"| ---{' | ---:' * len(columns)} |")
    for name in recipe or CASES:
        for seed in range(seeds):
            click.echo(measure(name, images, fraction, seed, folds))


if __name__ == "__main__":
    main()
