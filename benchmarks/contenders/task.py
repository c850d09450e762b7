"""The task of every contender: a model's plan, and images."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kcnn.data.dataset import Images
from kcnn.errors import KcnnError
from kcnn.model.checked_recipe import check_recipe
from kcnn.model.graph import INPUT, Node
from kcnn.model.plan import Plan, plan_model
from kcnn.progress import Progress
from kcnn.recipe import read_recipe
from kcnn.training.prepare import prepare_training
from kcnn.training.steps_per_execution import choose_steps_per_execution, should_compile_steps

WARM_UP_EPOCHS = 1


@dataclass(frozen=True)
class Task:
    """A training to time.

    Args:
        plan: The model and its recipe. Its epochs are those to train, with the warm-up.
        train: The images of an epoch.
        precision: Keras's dtype policy.
        compiled_steps: Whether kcnn fit compiles many steps of this recipe into one program.
    """

    plan: Plan
    train: Images
    precision: str
    compiled_steps: bool

    @property
    def batch_size(self) -> int:
        """Images per step."""
        return self.plan.recipe.train.batch_size

    @property
    def epochs(self) -> int:
        """Epochs, with those of the warm-up."""
        return self.plan.recipe.train.epochs

    @property
    def chain(self) -> Sequence[Node]:
        """The layers, which must form a chain."""
        before = [INPUT, *(node.name for node in self.plan.nodes)]
        for node, name in zip(self.plan.nodes, before, strict=False):
            if node.inputs != (name,):
                raise SystemExit(f"{node.name} reads {', '.join(node.inputs)}: not a simple chain")
        return self.plan.nodes


def make_task(net: str, precision: str, epochs: int, images: int, *overrides: str) -> Task:
    """Plan a model and load its images, so many that it trains as in kcnn fit.

    Args:
        net: A recipe's name or file.
        precision: Keras's dtype policy.
        epochs: Number of epochs to time.
        images: The largest number of images in an epoch, but at least a batch for each step of an
            execution in kcnn fit.
        overrides: Overrides of the recipe, each `setting=value`.

    Raises:
        KcnnError: The recipe or its data is wrong.
    """
    # No validation after an epoch, so no callback may need its metrics.
    settings = [f"train.epochs={WARM_UP_EPOCHS + epochs}", "data.validation=0", "published=[]",
                "train.learning_rate_schedule=null", "train.early_stopping=null",
                f"train.precision={precision}", *overrides]  # fmt: skip
    fitted = prepare_training(check_recipe(read_recipe(net, overrides)), None, Progress())
    plan = plan_model(read_recipe(net, settings), fitted.plan.image_shape, fitted.plan.classes)
    compiled = should_compile_steps(fitted.plan, len(fitted.train))
    steps = steps_as_in_fit(plan, min(images, len(fitted.train)), fitted.steps_per_epoch, compiled)
    train = fitted.train.first(steps * plan.recipe.train.batch_size)
    return Task(plan, train, precision, compiled)


def steps_as_in_fit(plan: Plan, images: int, steps_in_fit: int, compiled: bool = False) -> int:
    """Choose the steps of an epoch so that as many run per execution as in kcnn fit.

    Args:
        plan: The model and its recipe.
        images: The largest number of images, unless a single execution needs more.
        steps_in_fit: Steps in an epoch of kcnn fit.
        compiled: Whether XLA compiles many steps into one program.

    Returns:
        The largest such number of steps.
    """
    per_execution = choose_steps_per_execution(plan, steps_in_fit, 1, compiled=compiled)
    max_steps = max(per_execution, images // plan.recipe.train.batch_size)
    return max(
        steps
        for steps in range(1, max_steps + 1)
        if choose_steps_per_execution(plan, steps, 1, compiled=compiled) == per_execution
    )


def error_line(error: KcnnError) -> str:
    """Return an error and its fix as one line."""
    return "; ".join([*error.message.splitlines(), *([error.hint] if error.hint else [])])


def run(seconds_of_epochs: Callable[[Task], list[float]]) -> None:
    """Run the task of the command line; print the images per second of each timed epoch as JSON."""
    net, precision, epochs, images, *overrides = sys.argv[1:]
    try:
        task = make_task(net, precision, int(epochs), int(images), *overrides)
        seconds = seconds_of_epochs(task)[WARM_UP_EPOCHS:]
    except KcnnError as error:
        raise SystemExit(error_line(error)) from None
    print(json.dumps([len(task.train) / epoch for epoch in seconds]))
