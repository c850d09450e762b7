"""Measure a point of growth.py: train on random images in a fresh process."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from kcnn.data.dataset import Images, MemoryImages
from kcnn.data.pipeline import training_batches
from kcnn.data.splits import steps_per_epoch
from kcnn.machine.memory import peak_memory_mb
from kcnn.model.dtype_policy import dtype_policy
from kcnn.model.plan import Plan, plan_model
from kcnn.progress import Progress
from kcnn.recipe import read_recipe
from kcnn.runs.folder import create_run
from kcnn.training.feed import Feed
from kcnn.training.fit import compile_model, train
from kcnn.training.fresh_model import fresh_model
from kcnn.training.phases import Phase

NET = Path(__file__).parents[1] / "nets" / "growth.yaml"
IMAGE_SHAPE = (32, 32, 3)
CLASSES = 10


def main(policy: str, images: int, batch_size: int, depth: int) -> None:
    """Print the seconds of the second epoch, the peak memory and the images' own bytes."""
    overrides = [f"train.batch_size={batch_size}", f"model.layers[1].Repeat.times={depth}"]
    recipe = read_recipe(NET, overrides)
    random = np.random.default_rng(0)
    # As uint8 from the start, because a larger temporary array would raise the peak memory.
    pixels = random.integers(0, 256, (images, *IMAGE_SHAPE), np.uint8)
    labels = random.integers(0, CLASSES, images, np.int32)
    plan = plan_model(recipe, IMAGE_SHAPE, CLASSES)
    *_, seconds = seconds_of_epochs(plan, MemoryImages(pixels, labels), policy)
    peak = peak_memory_mb() * 1_000_000
    print(json.dumps({"seconds": seconds, "peak": peak, "data": pixels.nbytes + labels.nbytes}))


def seconds_of_epochs(plan: Plan, images: Images, policy: str) -> list[float]:
    """Train as kcnn fit does, but with one step per execution; return the seconds of each epoch.

    The steps per execution of kcnn fit divide the steps of an epoch, so the number of images would
    change the speed in jumps.
    """
    settings = plan.recipe.train
    steps = steps_per_epoch(len(images), settings.batch_size)
    with dtype_policy(policy):
        model = fresh_model(plan, images, compiled=True)
        compile_model(plan, model, steps)
    model.steps_per_execution = 1
    batches = training_batches(
        images,
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        seed=settings.seed,
        augmentations=plan.recipe.data.augment,
    )
    with tempfile.TemporaryDirectory() as outputs:
        folder = create_run(Path(outputs), "growth")
        feed = Feed(batches, steps, settings.batch_size)
        training = train(Phase(plan), model, feed, folder, Progress())
    return [row["seconds"] for row in training.rows]


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
