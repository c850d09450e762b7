"""Plans and short trainings on scikit-learn's digits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import pytest

from kcnn.data.dataset import Dataset, Images
from kcnn.data.digits import read_digits
from kcnn.data.pipeline import evaluation_batches, training_batches
from kcnn.data.splits import split_validation, steps_per_epoch
from kcnn.model.build import build_model
from kcnn.model.dtype_policy import dtype_policy
from kcnn.model.plan import Plan, plan_model
from kcnn.progress import Progress
from kcnn.recipe import read_recipe
from kcnn.runs.folder import RunFolder, create_run
from kcnn.training.feed import Feed
from kcnn.training.fit import Training, compile_model, seed_everything, train
from kcnn.training.phases import Phase

RECIPE = """\
name: tiny
data: {dataset: digits, validation: 0.2}
model:
  layers:
    - Flatten
    - Dense: {units: 10}
train: {epochs: 3, batch_size: 64, optimizer: {Adam: {learning_rate: 0.01}}}
"""

MakePlan = Callable[..., Plan]


@dataclass(frozen=True)
class Trained:
    """Hold the result of a training."""

    plan: Plan
    model: keras.Model
    training: Training
    validation: Images | None
    run: RunFolder


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """Return the digits: 1,437 training and 360 test images, 8×8 in gray."""
    return read_digits()


@pytest.fixture
def make_plan(tmp_path: Path) -> MakePlan:
    """Plan the tiny model with some settings changed, each `setting=value`."""
    file = tmp_path / "tiny.yaml"
    file.write_text(RECIPE, encoding="utf-8")
    return lambda *settings: plan_model(read_recipe(file, settings), (8, 8, 1), 10)


@pytest.fixture
def trained(make_plan: MakePlan, digits: Dataset, tmp_path: Path) -> Callable[..., Trained]:
    """Train the tiny model with some settings changed, as kcnn fit would."""

    def run_training(*settings: str, progress: Progress | None = None) -> Trained:
        run = create_run(tmp_path, "tiny")
        plan = make_plan(*settings)
        options = plan.recipe.train
        classes = 10 if options.loss.targets == "one_hot" else None
        images, validation = split_validation(digits.train, plan.recipe.data.validation, 0)
        steps = steps_per_epoch(len(images), options.batch_size)
        seed_everything(options.seed)
        with dtype_policy(options.precision):
            model = build_model(plan)
            compile_model(plan, model, steps)
        batches = training_batches(
            images, batch_size=options.batch_size, epochs=options.epochs, seed=0, classes=classes
        )
        scored = validation and evaluation_batches(validation, 100, classes)
        feed = Feed(batches, steps, options.batch_size, scored)
        training = train(Phase(plan), model, feed, run, progress or Progress())
        return Trained(plan, model, training, validation, run)

    return run_training
