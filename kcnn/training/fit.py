"""Train a compiled model, and write the run's metrics and checkpoints meanwhile."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from traceback import walk_tb
from types import FrameType

import keras
import tensorflow as tf

from kcnn.errors import DataError
from kcnn.machine.signals import stops_deferred
from kcnn.model.plan import Plan
from kcnn.progress import Progress, TrainingFinished, TrainingStarted
from kcnn.runs.checkpoint import Checkpoint, Origin
from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import PHASE, written
from kcnn.training.callbacks.best_weights import BestWeights
from kcnn.training.callbacks.build import TrainingCallbacks, make_callbacks
from kcnn.training.callbacks.metrics_file import MetricsFile
from kcnn.training.compiled_steps import compile_steps
from kcnn.training.feed import Feed
from kcnn.training.loss_and_metrics import make_loss, make_metrics
from kcnn.training.optimizers.build import make_optimizer
from kcnn.training.out_of_memory import out_of_memory
from kcnn.training.phases import FineTuning, Phase
from kcnn.training.remapping import remapping_where_it_works
from kcnn.training.steps_per_execution import choose_steps_per_execution


@dataclass(frozen=True)
class Training:
    """The result of a training.

    Args:
        rows: One mapping an epoch, as in metrics.csv.
        best: The best weights by validation accuracy; None without validation.
        restored_epoch: The epoch whose weights early stopping restored; None if the model has those
            of the last epoch.
        callbacks: Those of its last phase.
        fine_tuning: What its second phase trained; None without one.
        epochs_on_features: Epochs that trained on features of frozen layers, computed once.
    """

    rows: list[dict[str, float]]
    best: BestWeights | None
    restored_epoch: int | None = None
    callbacks: TrainingCallbacks | None = None
    fine_tuning: FineTuning | None = None
    epochs_on_features: int = 0

    @property
    def row_of_weights(self) -> dict[str, float]:
        """The row of the epoch whose weights the model has, rounded as in metrics.csv."""
        epoch = self.restored_epoch or len(self.rows)
        row = {name: float(written(name, value)) for name, value in self.rows[epoch - 1].items()}
        return row | {name: int(row[name]) for name in ("epoch", PHASE) if name in row}


def seed_everything(seed: int) -> None:
    """Set the seed of weights and dropout, and make every operation deterministic."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def compile_model(
    plan: Plan,
    model: keras.Model,
    steps_per_epoch: int,
    multiply_adds: int | None = None,
    compiled_steps: bool = False,
) -> None:
    """Compile a model with the optimizer, loss and metrics of its recipe.

    Args:
        plan: The model's plan.
        model: The model built from it.
        steps_per_epoch: Steps in an epoch; schedules and `steps_per_execution` depend on it.
        multiply_adds: Those of the model for one row, if it is only a part of the plan's.
        compiled_steps: Whether XLA compiles many steps into one program, see
            `should_compile_steps`.
    """
    devices = model.distribute_strategy.num_replicas_in_sync
    model.compile(
        optimizer=make_optimizer(
            plan.recipe.train, steps_per_epoch, plan.learning_rate_multipliers, fused=devices == 1
        ),
        loss=make_loss(plan),
        metrics=make_metrics(plan),
        steps_per_execution=choose_steps_per_execution(
            plan, steps_per_epoch, devices, multiply_adds, compiled_steps
        ),
        # In float16, Keras would otherwise choose the factor and ignore the recipe's.
        auto_scale_loss=plan.recipe.train.optimizer.loss_scale_factor is None,
    )
    if compiled_steps:
        compile_steps(model)


def train(
    phase: Phase,
    model: keras.Model,
    feed: Feed,
    run: RunFolder,
    progress: Progress,
    origin: Origin | None = None,
    resumed: Checkpoint | None = None,
    before: Training | None = None,
) -> Training:
    """Train a compiled model to the last epoch of a phase.

    If the checkpoint to resume from was written within an epoch, train only to the end of that
    epoch; then resume from the checkpoint that this leaves.

    Args:
        phase: The phase.
        model: The model, compiled for the phase.
        feed: The images, from the first step to train.
        run: The run, for metrics.csv, steps.csv and checkpoints.
        progress: Receives steps and epochs.
        origin: What every checkpoint records in addition to the state of the training.
        resumed: The checkpoint of this phase to resume from; None for its start.
        before: The phase before, if it was trained in this process.

    Returns:
        The rows of metrics.csv and the best weights; the model has the last weights, or those that
        early stopping restored.

    Raises:
        DataError: An image cannot be read, or has changed.
        TrainingError: The loss is not finite, or memory ran out.
        Stopped: A signal came; training ended between two steps.
        RunError: The checkpoint is another training's, or the run's folder cannot be written.
    """
    step = resumed.step if resumed else 0
    # An older kcnn may have run fewer steps in an execution, and have stopped between two of them.
    model.steps_per_execution = math.gcd(model.steps_per_execution, step)
    callbacks = make_callbacks(
        phase, feed, run, progress, origin or Origin("", "", None), resumed,
        before.callbacks if before else None,
    )  # fmt: skip
    _build_early(model, feed, is_needed=step > 0 or feed.steps_together > 1)
    model.optimizer.build(model.trainable_variables)
    try:
        progress.receive(
            TrainingStarted(
                phase.all_epochs, feed.steps_per_epoch, feed.batch_size, after=phase.after
            )
        )
        with remapping_where_it_works(phase.plan), stops_deferred(), _feed_ended(model):
            model.fit(
                feed.batches,
                epochs=resumed.epoch + 1 if resumed and step else phase.last_epoch,
                initial_epoch=_first_epoch(phase, resumed),
                steps_per_epoch=feed.steps_per_epoch - step,
                shuffle=False,  # the batches are shuffled already
                validation_data=feed.validation,
                callbacks=callbacks.in_order,
                verbose=0,
            )
    except tf.errors.ResourceExhaustedError as error:
        raise out_of_memory(error.message, feed.batch_size) from None
    except tf.errors.OpError:
        if (failure := feed.failure) is not None:
            fix = f"{failure.hint}; or leave all such files out: data.unreadable=skip"
            raise DataError(failure.message, fix) from None
        raise
    finally:
        progress.receive(TrainingFinished())
    return Training(
        callbacks.metrics_file.rows, callbacks.best, callbacks.restored_epoch, callbacks
    )


@contextmanager
def _feed_ended(model: keras.Model) -> Iterator[None]:
    """Destroy the iterators of a fit that stops or fails; their threads read images in Python.

    Keras's iterator and its generator refer to each other, so only the garbage collector destroys
    them. If it does so while Python ends, the process waits forever: Python has already ended the
    thread that reads a batch, and TensorFlow waits for that batch.
    """
    try:
        yield
    except BaseException as error:
        model._eval_epoch_iterator = None
        _clear_frames(error)
        gc.collect()
        raise


def _clear_frames(error: BaseException) -> None:
    """Clear the local variables of every function that an error has ended.

    Keras removes its own frames from the traceback, so they are found through `f_back`.
    """
    *_, (innermost, _) = walk_tb(error.__traceback__)
    frame: FrameType | None = innermost
    while frame is not None:
        with suppress(RuntimeError):  # a function that still runs
            frame.clear()
        frame = frame.f_back


def seconds_before(resumed: Checkpoint | None) -> float:
    """Return how long the training before a checkpoint took; 0 without one."""
    if resumed is None:
        return 0.0
    return MetricsFile.seconds_of(resumed.parts[MetricsFile.__name__])


def _first_epoch(phase: Phase, resumed: Checkpoint | None) -> int:
    """Return the first epoch to train; the last one if early stopping has ended the phase."""
    if resumed is None:
        return phase.after
    return phase.last_epoch if resumed.is_stopped else resumed.epoch


def _build_early(model: keras.Model, feed: Feed, is_needed: bool) -> None:
    """Build a model's loss, metrics and optimizer before Keras would, where that is too late.

    On several devices, Keras adds their parts of the first batch to learn its shape, which fails if
    they are unequal; here the shape comes from the dataset. Keras would also take the stacked
    batches of several steps for one. And running metrics can be restored only if they exist.
    """
    strategy = model.distribute_strategy
    if strategy.num_replicas_in_sync == 1 and not is_needed:
        return
    with strategy.scope():
        model._symbolic_build(data_batch=feed.spec)
    model._maybe_symbolic_build = lambda iterator: None
