"""The section `train` of a recipe, and what each setting in it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from kcnn.recipe.fields import (
    Accepting,
    Count,
    NotNegative,
    Positive,
    Settings,
    UnitInterval,
    WholeNumber,
    accept,
    choice,
    mistake,
    path_or,
)
from kcnn.recipe.losses import AnyLoss, AnyMetric, SparseCategoricalCrossentropy
from kcnn.recipe.optimizers import AnyOptimizer
from kcnn.recipe.schedules import AnySchedule

SAMPLINGS = ("without_replacement", "with_replacement", "balanced")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16", "auto")
WEIGHTS = "a run or a file of weights, as in cifar/run-001 or model.keras"
CLASS_WEIGHT = "balanced, or weights of at least 0 by class, as in {cat: 2, dog: 0.5}"


def _class_weight(value: Any) -> Any:
    def is_weight(number: Any) -> bool:
        return type(number) in (int, float) and 0 <= number < float("inf")

    is_mapping = isinstance(value, dict) and bool(value) and all(map(is_weight, value.values()))
    if value not in (None, "balanced") and not is_mapping:
        raise mistake("unexpected", expected=CLASS_WEIGHT, words=("balanced",))
    return value


class EarlyStopping(Settings):
    """When to stop before the last epoch, as Keras's callback of that name does.

    Args:
        monitor: The metric to watch: loss, accuracy or another of the training images; with `val_`
            before it, of the validation images, which needs `data.validation`.
        min_delta: How much better a value must be to count as better.
        patience: How many epochs without a better value to wait for.
        mode: Whether lower is better (min) or higher (max); auto decides by the name.
        baseline: A value that an epoch must be better than to count as better.
        restore_best_weights: End with the weights of the best epoch, not of the last.
        start_from_epoch: Epochs before watching begins.
    """

    monitor: str = "val_loss"
    min_delta: NotNegative | None = None
    patience: WholeNumber | None = None
    mode: Annotated[str | None, choice("auto", "min", "max")] = None
    baseline: float | None = None
    restore_best_weights: bool | None = None
    start_from_epoch: WholeNumber | None = None


class Lookahead(Settings):
    """Pull the weights back to a slow average of themselves (Zhang et al., 2019; Jordan, 2024).

    Args:
        every: Steps from one pull to the next.
        decay: Fraction of the slow average that a step keeps at the end of training; it grows from
            0 with the third power of the steps done.
    """

    every: Count = 5
    decay: UnitInterval = 0.95


def _is_layer_count(value: Any) -> bool:
    return value is True or (type(value) is int and 0 < value <= 10_000)


class FineTune(Settings):
    """Go on training with the last layers of the applications trainable, at a small learning rate.

    These epochs follow those of `train.epochs`, with a new optimizer of the same kind. Early
    stopping counts its patience anew; a learning-rate schedule and lookahead end before.

    Args:
        epochs: How many further epochs.
        unfreeze: How many of the last layers of each application to train, all of them if true.
            Batch normalization in them keeps its moving averages.
        learning_rate: The constant learning rate of these epochs.
    """

    epochs: Count
    unfreeze: Annotated[
        bool | int, accept(_is_layer_count, "true for all, or a number of layers, as in 30")
    ] = True
    learning_rate: Positive = 1e-5


class TrainSettings(Settings):
    """How the model is trained.

    Args:
        initial_weights: A run, or a `.keras` or `.weights.h5` file, whose weights the model starts
            with where the names and shapes of layers agree; a path is relative to the recipe, on
            the command line relative to the current folder. A run's name is one below outputs.
        epochs: How often to go through the training images.
        batch_size: Images per step, on all devices together.
        shuffle: A new order each epoch; the order of the files if false.
        sampling: Whether an epoch shows every image once, draws as many images at random, so that
            some come twice and others not at all, or shows each class equally often (balanced): all
            images of a rare class several times, and a new part of a frequent one in each epoch.
        drop_remainder: Leave out the last, smaller batch of an epoch.
        optimizer: How the weights are updated.
        learning_rate_schedule: How the optimizer's learning rate changes.
        learning_rate_multipliers: Multiplier of the learning rate for weights whose path, as in
            `conv2d/kernel`, matches a pattern, as in `*/bias`; 0 freezes them.
        lookahead: Pull the weights back to a slow average of themselves.
        fine_tune: Further epochs that also train layers of the applications.
        loss: What training minimizes.
        class_weight: How much each class counts in the training loss, as Keras's `class_weight`;
            classes that are not named count 1. `balanced` is images / (classes × images of the
            class). Images that MixUp or CutMix mix count as their labels are mixed.
        metrics: What is measured in addition to accuracy.
        watch_first: Measure accuracy on so many of the first training images and of the first test
            images after each epoch; on all images if there are fewer.
        early_stopping: When to stop early.
        checkpoint_every_minutes: How often to write a checkpoint within an epoch too; for long
            epochs.
        precision: Keras's dtype policy; `auto` is mixed_bfloat16 where that trains the model
            faster, else float32. Weights, logits and loss stay float32.
        seed: Decides the validation images, initial weights, order, augmentation and dropout.
    """

    initial_weights: Annotated[Path | None, path_or(WEIGHTS)] = None
    epochs: Count
    batch_size: Count = 32
    shuffle: bool = True
    sampling: Annotated[str, choice(*SAMPLINGS)] = "without_replacement"
    drop_remainder: bool = False
    optimizer: AnyOptimizer
    learning_rate_schedule: AnySchedule | None = None
    learning_rate_multipliers: dict[str, NotNegative] | None = None
    lookahead: Lookahead | None = None
    fine_tune: FineTune | None = None
    loss: AnyLoss = SparseCategoricalCrossentropy()
    class_weight: Annotated[
        str | dict[str, float] | None, Accepting(_class_weight, expected=CLASS_WEIGHT)
    ] = None
    metrics: list[AnyMetric] = []
    watch_first: Count | None = None
    early_stopping: EarlyStopping | None = None
    checkpoint_every_minutes: Positive | None = None
    precision: Annotated[str, choice(*PRECISIONS)] = "float32"
    seed: WholeNumber = 0

    @property
    def all_epochs(self) -> int:
        """Epochs with those of fine-tuning."""
        return self.epochs + (self.fine_tune.epochs if self.fine_tune else 0)
