"""What every contender is given: a net as kcnn plans it, and images."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kcnn.data.dataset import Images
from kcnn.data.load import load_dataset
from kcnn.model.graph import INPUT, Node
from kcnn.model.plan import Plan, plan_network
from kcnn.progress import Progress
from kcnn.recipe import read_recipe

WARM_UP_EPOCHS = 1


@dataclass(frozen=True)
class Task:
    """A training to be timed.

    Args:
        plan: The net and its recipe, with as many epochs as are trained, warm-up included.
        train: As many images as an epoch has, a whole number of batches.
        precision: Keras's dtype policy.
    """

    plan: Plan
    train: Images
    precision: str

    @property
    def batch_size(self) -> int:
        """Images in a step."""
        return self.plan.recipe.train.batch_size

    @property
    def epochs(self) -> int:
        """Epochs to train, those of the warm-up included."""
        return self.plan.recipe.train.epochs

    @property
    def chain(self) -> Sequence[Node]:
        """The layers, which must follow one another."""
        before = [INPUT, *(node.name for node in self.plan.nodes)]
        for node, name in zip(self.plan.nodes, before, strict=False):
            if node.inputs != (name,):
                raise SystemExit(f"{node.name} reads {', '.join(node.inputs)}: not a simple chain")
        return self.plan.nodes


def make_task(net: str, precision: str, epochs: int, images: int, *overrides: str) -> Task:
    """Plans a net and loads its images.

    Args:
        net: A recipe's name or file.
        precision: Keras's dtype policy.
        epochs: Epochs to be timed.
        images: At most so many in an epoch; one batch at least.
        overrides: Further settings of the recipe, each `setting=value`.
    """
    settings = [f"train.epochs={WARM_UP_EPOCHS + epochs}", "data.validation=0", "published=[]",
                "train.learning_rate_schedule=null", f"train.precision={precision}",
                *overrides]  # fmt: skip
    recipe = read_recipe(net, settings)
    dataset = load_dataset(recipe.data, None, Progress())
    plan = plan_network(recipe, dataset.image_shape, len(dataset.class_names))
    batch = recipe.train.batch_size
    count = max(1, min(images, len(dataset.train)) // batch) * batch
    train = Images(dataset.train.images[:count], dataset.train.labels[:count])
    return Task(plan, train, precision)


def run(seconds_of_epochs: Callable[[Task], list[float]]) -> None:
    """Takes a task from the command line and prints the images per second of each timed epoch."""
    net, precision, epochs, images, *overrides = sys.argv[1:]
    task = make_task(net, precision, int(epochs), int(images), *overrides)
    seconds = seconds_of_epochs(task)[WARM_UP_EPOCHS:]
    print(json.dumps([len(task.train) / one for one in seconds]))
