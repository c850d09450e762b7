"""The task of every contender: a network as kcnn plans it, and images."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kcnn.data.dataset import Images
from kcnn.errors import KcnnError
from kcnn.model.graph import INPUT, Node
from kcnn.model.plan import Plan, plan_network
from kcnn.progress import Progress
from kcnn.recipe import read_recipe
from kcnn.training.job import load_job
from kcnn.training.steps_per_execution import choose_steps_per_execution

WARM_UP_EPOCHS = 1


@dataclass(frozen=True)
class Task:
    """A training to time.

    Args:
        plan: The net and its recipe, with as many epochs as are trained, warm-up included.
        train: As many images as an epoch has.
        precision: Keras's dtype policy.
    """

    plan: Plan
    train: Images
    precision: str

    @property
    def batch_size(self) -> int:
        """Return the number of images per step."""
        return self.plan.recipe.train.batch_size

    @property
    def epochs(self) -> int:
        """Return the number of epochs, with those of the warm-up."""
        return self.plan.recipe.train.epochs

    @property
    def chain(self) -> Sequence[Node]:
        """Return the layers, which must form a chain."""
        before = [INPUT, *(node.name for node in self.plan.nodes)]
        for node, name in zip(self.plan.nodes, before, strict=False):
            if node.inputs != (name,):
                raise SystemExit(f"{node.name} reads {', '.join(node.inputs)}: not a simple chain")
        return self.plan.nodes


def make_task(net: str, precision: str, epochs: int, images: int, *overrides: str) -> Task:
    """Plan a network and load as many images as kcnn fit needs to train it in its usual way.

    Args:
        net: A recipe's name or file.
        precision: Keras's dtype policy.
        epochs: Epochs to be timed.
        images: At most so many in an epoch; but one batch at least, or as many batches as kcnn fit
            takes at a time.
        overrides: Further settings of the recipe, each `setting=value`.

    Raises:
        KcnnError: The recipe or its data is wrong.
    """
    # Nothing is scored after an epoch, so nothing may wait for what that would give.
    settings = [f"train.epochs={WARM_UP_EPOCHS + epochs}", "data.validation=0", "published=[]",
                "train.learning_rate_schedule=null", "train.early_stopping=null",
                f"train.precision={precision}", *overrides]  # fmt: skip
    fitted = load_job(read_recipe(net, overrides), None, Progress())
    plan = plan_network(read_recipe(net, settings), fitted.plan.image_shape, fitted.plan.classes)
    steps = steps_as_in_fit(plan, min(images, len(fitted.train)), fitted.steps_per_epoch)
    return Task(plan, fitted.train.first(steps * plan.recipe.train.batch_size), precision)


def steps_as_in_fit(plan: Plan, images: int, steps_in_fit: int) -> int:
    """Choose the steps of an epoch so that as many run per execution as in kcnn fit.

    Args:
        plan: The net and its recipe.
        images: No more are needed, unless one batch, or what kcnn fit takes at a time, needs more.
        steps_in_fit: Steps in an epoch of kcnn fit.
    """
    at_a_time = choose_steps_per_execution(plan, steps_in_fit, 1)
    most = max(at_a_time, images // plan.recipe.train.batch_size)
    alike = (
        steps
        for steps in range(1, most + 1)
        if choose_steps_per_execution(plan, steps, 1) == at_a_time
    )
    return max(alike)


def in_one_line(error: KcnnError) -> str:
    """Print the error and the fix."""
    return "; ".join([*error.message.splitlines(), *([error.hint] if error.hint else [])])


def run(seconds_of_epochs: Callable[[Task], list[float]]) -> None:
    """Read a task from the command line, and print the images per second of each timed epoch."""
    net, precision, epochs, images, *overrides = sys.argv[1:]
    try:
        task = make_task(net, precision, int(epochs), int(images), *overrides)
        seconds = seconds_of_epochs(task)[WARM_UP_EPOCHS:]
    except KcnnError as error:
        raise SystemExit(in_one_line(error)) from None
    print(json.dumps([len(task.train) / epoch for epoch in seconds]))
