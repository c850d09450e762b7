"""The parts of a training: the recipe's epochs, and after them those of `train.fine_tune`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import keras

from kcnn.model.plan import Plan
from kcnn.recipe.train_settings import FineTune


@dataclass(frozen=True)
class Phase:
    """A part of a training with its own optimizer and its own trainable layers.

    Args:
        plan: The model's plan. Its recipe's `train` has the settings of this phase; `epochs` is the
            number of the phase's last epoch.
        after: Epochs before the phase.
        fine_tune: Its settings if it fine-tunes; None for the first phase.
    """

    plan: Plan
    after: int = 0
    fine_tune: FineTune | None = None

    @property
    def number(self) -> int:
        """1, or 2 for fine-tuning; the column `phase` of metrics.csv."""
        return 1 if self.fine_tune is None else 2

    @property
    def all_epochs(self) -> int:
        """The number of the training's last epoch."""
        return self.plan.recipe.train.all_epochs if self.fine_tune is None else self.last_epoch

    @property
    def last_epoch(self) -> int:
        """The number of its last epoch, from 1."""
        return self.plan.recipe.train.epochs


@dataclass(frozen=True)
class FineTuning:
    """How much of a model fine-tuning trains, for summary.json.

    Args:
        after_epoch: Epochs before it.
        unfrozen: Layers with weights of the applications that it trains.
        trainable_parameters: Weights of the whole model that it trains.
        learning_rate: Its learning rate.
    """

    after_epoch: int
    unfrozen: int
    trainable_parameters: int
    learning_rate: float

    @property
    def in_words(self) -> str:
        """What begins, in one line."""
        return (
            f"fine-tuning: {self.unfrozen} layers with weights of the application are trained too, "
            f"{self.trainable_parameters:,} weights in all, at a learning rate of "
            f"{self.learning_rate:g}"
        )

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        return dict(vars(self))


def fine_tuning_phase(plan: Plan, after: int) -> Phase:
    """Return the phase of `train.fine_tune`.

    Loss, batches and early stopping are those of the first phase, and the optimizer is a new one of
    the same kind. The learning rate is constant: schedule and lookahead belong to the first phase,
    whose length they are made for.

    Args:
        plan: The model's plan; its recipe has `train.fine_tune`.
        after: Epochs of the first phase.
    """
    train = plan.recipe.train
    assert train.fine_tune is not None
    rate = {"learning_rate": train.fine_tune.learning_rate}
    settings = train.model_copy(
        update={
            "epochs": after + train.fine_tune.epochs,
            "optimizer": train.optimizer.model_copy(update=rate),
            "learning_rate_schedule": None,
            "lookahead": None,
        }
    )
    recipe = plan.recipe.model_copy(update={"train": settings})
    return Phase(replace(plan, recipe=recipe), after, train.fine_tune)


def rest_in_training(plan: Plan, model: keras.Model) -> None:
    """Let pretrained applications compute in training what they compute outside it.

    Batch normalization keeps its moving averages, and dropout does nothing, in every phase. The
    guide of Keras calls the application with `training=False` for that, but a model that is called
    with `training=True` overrides it (Keras 3.15, `operation_fn` in functional.py): only frozen
    batch normalization is safe there, and unfreezing it spoils what it has learned.

    Args:
        plan: The model's plan.
        model: The model, before it is trained.
    """
    for node in plan.nodes:
        if node.layer.is_application and not node.layer.is_from_scratch:
            layer = model.get_layer(node.name)
            layer.call = partial(_call_at_rest, layer.call)


def _call_at_rest(
    call: Callable[..., Any], inputs: Any, training: bool | None = None, mask: Any = None
) -> Any:
    return call(inputs, training=False, mask=mask)


def unfreeze(phase: Phase, model: keras.Model) -> FineTuning:
    """Make the last layers of a model's applications trainable; compile the model afterwards.

    Of batch normalization in an application, only scale and offset are trained: see
    `rest_in_training`.

    Args:
        phase: The phase.
        model: The model.
    """
    assert phase.fine_tune is not None
    count = 0
    for application in _applications(model):
        layers = application.layers
        wanted = len(layers) if phase.fine_tune.unfreeze is True else phase.fine_tune.unfreeze
        before = [application.trainable and layer.trainable for layer in layers]
        application.trainable = True
        for index, layer in enumerate(layers):
            layer.trainable = before[index] or index >= len(layers) - wanted
        count += sum(bool(layer.trainable_weights) for layer in layers)
    frozen = {path for path, rate in phase.plan.learning_rate_multipliers.items() if rate == 0}
    trained = [weight for weight in model.trainable_variables if weight.path not in frozen]
    return FineTuning(
        phase.after,
        count,
        sum(int(keras.ops.size(weight)) for weight in trained),
        phase.fine_tune.learning_rate,
    )


def _applications(model: keras.Model) -> Iterator[keras.Model]:
    return (layer for layer in model.layers if isinstance(layer, keras.Model))
