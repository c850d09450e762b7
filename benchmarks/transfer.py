"""Measure transfer learning from few images: accuracy over draws, and seconds of an epoch."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from unittest import mock

import click
import numpy as np

from kcnn.commands.fit import fit
from kcnn.console.plain_progress import PlainProgress
from kcnn.data.catalog import NAMED_DATASETS
from kcnn.data.load import read_named
from kcnn.progress import Progress
from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import read_metrics
from kcnn.stats import mean_interval
from kcnn.text.numbers import per_cent, per_cent_range

FINE_TUNE = "train.fine_tune={epochs: 5, unfreeze: 30, learning_rate: 1e-5}"


@click.command(context_settings={"show_default": True})
@click.option("--weights", default="imagenet", help="imagenet, none, or a file.")
@click.option("--images", default=500, help="Training images, equally many of each class.")
@click.option("--size", default=128, help="Side to which the images are resized.")
@click.option("--draws", default=3, help="Trainings, each with other images and another seed.")
@click.option("--epochs", default=50, help="Epochs of the head.")
def main(weights: str, images: int, size: int, draws: int, epochs: int) -> None:
    """Train recipes/transfer.yaml on a few of CIFAR-10's training images, with all test images.

    Each draw is trained twice, without and with fine-tuning. At the end: how long an epoch of the
    head takes with the features of the frozen layers computed once, and in every epoch.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recipes = [write_images(folder / f"draw{draw}.npz", images, draw) for draw in range(draws)]
        for title, further in (("head alone", ()), ("with fine-tuning", (FINE_TUNE,))):
            accuracies = []
            for draw, path in enumerate(recipes):
                settings = [*overrides(path, weights, size, epochs, draw), *further]
                run = fit("transfer", settings, folder, progress=PlainProgress())
                accuracies.append(run.summary["test"]["accuracy"])
            interval = mean_interval(accuracies)
            within = f", 95 % interval {per_cent_range(interval.low, interval.high)}" * (
                interval is not None
            )
            listed = ", ".join(map(per_cent, accuracies))
            print(f"{title}: {per_cent(float(np.mean(accuracies)))} ({listed}{within})")
        few = overrides(recipes[0], weights, size, 6, 0)
        once = seconds_of_epoch(fit("transfer", few, folder).run)
        with mock.patch("kcnn.training.train_phases.last_frozen", lambda plan: None):
            each = seconds_of_epoch(fit("transfer", few, folder).run)
        print(f"an epoch: {once:.3f} s on features, {each:.3f} s without; factor {each / once:.0f}")


def overrides(path: Path, weights: str, size: int, epochs: int, seed: int) -> list[str]:
    """Return the settings of a training, each `setting=value`."""
    return [
        f"data={{dataset: npz, path: {path}, image_size: [{size}, {size}], scaling: none}}",
        f"model.layers[0].Application.weights={weights}",
        f"train.epochs={epochs}",
        "train.fine_tune=null",
        f"train.seed={seed}",
    ]


def write_images(path: Path, count: int, draw: int) -> Path:
    """Write some of CIFAR-10's training images, and all of its test images."""
    dataset = read_named(NAMED_DATASETS["cifar10"], None, Progress())
    random, labels = np.random.default_rng(draw), dataset.train.labels
    chosen = np.sort(
        np.concatenate(
            [
                random.permutation(np.flatnonzero(labels == label))[: count // 10]
                for label in range(10)
            ]
        )
    )
    np.savez(
        path,
        x_train=dataset.train.read(chosen),
        y_train=labels[chosen],
        x_test=dataset.test.read_all(),
        y_test=dataset.test.labels,
    )
    return path


def seconds_of_epoch(run: RunFolder) -> float:
    """Return the median time of a run's epochs but the first, in which steps are compiled."""
    return median(row["seconds"] for row in read_metrics(run)[1:])


if __name__ == "__main__":
    main()
