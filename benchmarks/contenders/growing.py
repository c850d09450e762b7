"""One point of growth.py: trains on random images in a process of its own, and weighs it."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import numpy as np

from contenders.ours import seconds_of_epochs
from contenders.task import Task
from kcnn.data.dataset import Images
from kcnn.model.plan import plan_network
from kcnn.recipe import read_recipe

NET = Path(__file__).parents[1] / "nets" / "growth.yaml"
IMAGE_SHAPE = (32, 32, 3)
CLASSES = 10


def main(images: int, batch_size: int, depth: int) -> None:
    """Prints the seconds of the second epoch, the peak memory and the images' own bytes."""
    overrides = [f"train.batch_size={batch_size}", f"model.layers[1].Repeat.times={depth}"]
    recipe = read_recipe(NET, overrides)
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (images, *IMAGE_SHAPE), np.uint8)
    labels = random.integers(0, CLASSES, images, np.int32)
    plan = plan_network(recipe, IMAGE_SHAPE, CLASSES)
    *_, seconds = seconds_of_epochs(Task(plan, Images(pixels, labels), "float32"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "peak": peak, "data": pixels.nbytes + labels.nbytes}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
