"""kcnn: its pipeline, model and training, as in kcnn fit."""

from __future__ import annotations

import tempfile
from pathlib import Path

import keras

from contenders.task import Task, run
from kcnn.data.pipeline import training_batches
from kcnn.data.splits import steps_per_epoch
from kcnn.model.dtype_policy import dtype_policy
from kcnn.progress import Progress
from kcnn.runs.folder import create_run
from kcnn.training.compiled_steps import steps_together
from kcnn.training.feed import Feed
from kcnn.training.fit import compile_model, train
from kcnn.training.fresh_model import fresh_model
from kcnn.training.phases import Phase


def build(task: Task) -> keras.Model:
    """Build and compile the model."""
    with dtype_policy(task.precision):
        model = fresh_model(task.plan, task.train, compiled=True)
        steps = steps_per_epoch(len(task.train), task.batch_size)
        compile_model(task.plan, model, steps, compiled_steps=task.compiled_steps)
    return model


def feed_of(task: Task, model: keras.Model) -> Feed:
    """Return the batches of all epochs."""
    settings, together = task.plan.recipe.train, steps_together(model)
    batches = training_batches(
        task.train,
        batch_size=task.batch_size,
        epochs=task.epochs,
        seed=settings.seed,
        shuffle=settings.shuffle,
        with_replacement=settings.sampling == "with_replacement",
        augmentations=task.plan.recipe.data.augment,
        classes=task.plan.classes if settings.loss.targets == "one_hot" else None,
        steps_together=together,
    )
    steps = steps_per_epoch(len(task.train), task.batch_size)
    return Feed(batches, steps, task.batch_size, steps_together=together)


def seconds_of_epochs(task: Task) -> list[float]:
    """Train, and return the seconds of each epoch from the rows of metrics.csv."""
    model = build(task)
    with tempfile.TemporaryDirectory() as outputs:
        folder = create_run(Path(outputs), "speed")
        training = train(Phase(task.plan), model, feed_of(task, model), folder, Progress())
    return [row["seconds"] for row in training.rows]


if __name__ == "__main__":
    run(seconds_of_epochs)
