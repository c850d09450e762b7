"""Trains a compiled model, writing the run's metrics as it goes."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from traceback import walk_tb
from types import FrameType

import keras
import tensorflow as tf

from kcnn.data.dataset import Images
from kcnn.machine.signals import stops_deferred
from kcnn.model.plan import Plan
from kcnn.progress import Progress, TrainingFinished, TrainingStarted
from kcnn.recipe.rules import metric_names
from kcnn.runs.checkpoint import Checkpoint, Origin
from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import written
from kcnn.training.callbacks.keras_callbacks import (
    BestWeights,
    MetricsFile,
    ProgressReports,
    StopBetweenSteps,
    make_callbacks,
)
from kcnn.training.callbacks.lookahead import LookaheadWeights
from kcnn.training.callbacks.resumption import Checkpoints, FrequentCheckpoints, parts_of
from kcnn.training.callbacks.step_losses import StepLosses
from kcnn.training.callbacks.watched_accuracy import WatchedAccuracy
from kcnn.training.loss_and_metrics import make_loss, make_metrics
from kcnn.training.optimizers.build import make_optimizer
from kcnn.training.out_of_memory import out_of_memory
from kcnn.training.remapping import remapping_where_it_works
from kcnn.training.steps_per_execution import choose_steps_per_execution


@dataclass(frozen=True)
class Feed:
    """The images that a training is given.

    Args:
        batches: Training batches of all epochs and steps that are left, one after the other.
        steps_per_epoch: How many of them make an epoch.
        batch_size: Images in each of them; the last of an epoch may have fewer.
        validation: Batches scored after each epoch, or None.
        watched: Images whose accuracy is measured after each epoch, by name of its column.
    """

    batches: tf.data.Dataset
    steps_per_epoch: int
    batch_size: int
    validation: tf.data.Dataset | None = None
    watched: Mapping[str, Images] = field(default_factory=dict)


@dataclass(frozen=True)
class Training:
    """What a training left.

    Args:
        rows: One mapping an epoch, as in metrics.csv.
        best: The best weights by validation accuracy; None without validation.
        restored_epoch: The epoch whose weights early stopping brought back; None where the model
            has those of the last.
    """

    rows: list[dict[str, float]]
    best: BestWeights | None
    restored_epoch: int | None = None

    @property
    def row_of_weights(self) -> dict[str, float]:
        """The row of the epoch whose weights the model has, rounded as in metrics.csv."""
        epoch = self.restored_epoch or len(self.rows)
        row = {name: float(written(name, value)) for name, value in self.rows[epoch - 1].items()}
        return row | {"epoch": epoch}


def seed_everything(seed: int) -> None:
    """Seeds weights and dropout, and makes every operation repeat bit for bit."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def compile_model(plan: Plan, model: keras.Model, steps_per_epoch: int) -> None:
    """Gives a model the optimizer, loss and metrics of its recipe.

    Args:
        plan: The network and its recipe.
        model: The model built from it.
        steps_per_epoch: Steps in an epoch, for schedules and for how many are taken at a time.
    """
    devices = model.distribute_strategy.num_replicas_in_sync
    model.compile(
        optimizer=make_optimizer(
            plan.recipe.train, steps_per_epoch, plan.learning_rate_multipliers
        ),
        loss=make_loss(plan),
        metrics=make_metrics(plan),
        steps_per_execution=choose_steps_per_execution(plan, steps_per_epoch, devices),
        # In float16 Keras would find a factor of its own, and drop the one that is written.
        auto_scale_loss=plan.recipe.train.optimizer.loss_scale_factor is None,
    )


def train(
    plan: Plan,
    model: keras.Model,
    feed: Feed,
    run: RunFolder,
    progress: Progress,
    origin: Origin | None = None,
    resumed: Checkpoint | None = None,
) -> Training:
    """Train a compiled model to the recipe's last epoch.

    From a checkpoint within an epoch, only train to the end of that epoch; its own checkpoint is
    the one to go on from.

    Args:
        plan: The network and its recipe.
        model: The compiled model.
        feed: The images, from where training begins or goes on.
        run: Where metrics.csv, steps.csv and checkpoints go.
        progress: Shows steps and epochs.
        origin: What every checkpoint records besides the state of the training.
        resumed: The checkpoint to go on from; None for a training that begins.

    Returns:
        The rows of metrics.csv and the best weights; the model has the last weights, or those that
        early stopping restored.

    Raises:
        TrainingError: The loss is no longer a number, or memory ran out.
        Stopped: A signal came; training ended between two steps.
        RunError: The checkpoint is another training's, or the run's folder cannot be written.
    """
    settings, step = plan.recipe.train, resumed.step if resumed else 0
    listeners = _make_listeners(plan, feed, run, progress, origin or Origin("", "", None), resumed)
    _build_early(model, feed.batches, is_needed=step > 0)
    model.optimizer.build(model.trainable_variables)
    try:
        progress.receive(TrainingStarted(settings.epochs, feed.steps_per_epoch, feed.batch_size))
        with remapping_where_it_works(plan), stops_deferred(), _feed_ended(model):
            model.fit(
                feed.batches,
                epochs=resumed.epoch + 1 if resumed and step else settings.epochs,
                initial_epoch=_first_epoch(settings.epochs, resumed),
                steps_per_epoch=feed.steps_per_epoch - step,
                shuffle=False,  # the batches come in their order
                validation_data=feed.validation,
                callbacks=listeners.in_order,
                verbose=0,
            )
    except tf.errors.ResourceExhaustedError as error:
        raise out_of_memory(error.message, feed.batch_size) from None
    finally:
        progress.receive(TrainingFinished())
    return Training(
        listeners.metrics_file.rows, listeners.best, _restored_epoch(listeners.in_order)
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


@dataclass(frozen=True)
class _Listeners:
    """The callbacks of a training, among them those that are asked when it has ended.

    Args:
        metrics_file: Has the rows of metrics.csv.
        best: The best weights; None without validation.
        in_order: All callbacks, as Keras calls them.
    """

    metrics_file: MetricsFile
    best: BestWeights | None
    in_order: list[keras.callbacks.Callback]


def _make_listeners(
    plan: Plan,
    feed: Feed,
    run: RunFolder,
    progress: Progress,
    origin: Origin,
    resumed: Checkpoint | None,
) -> _Listeners:
    settings, step = plan.recipe.train, resumed.step if resumed else 0
    watch = WatchedAccuracy(feed.watched)
    step_losses = StepLosses(run, feed.steps_per_epoch)
    metrics_file = MetricsFile(
        run,
        metric_names(plan.recipe),
        feed.validation is not None,
        progress,
        watch.columns,
        step_losses.first_bad_step,
    )
    best = BestWeights() if feed.validation is not None else None
    steps = settings.epochs * feed.steps_per_epoch
    callbacks = [
        StopBetweenSteps(),
        *([LookaheadWeights(settings.lookahead, steps)] if settings.lookahead else []),
        *make_callbacks(settings),
        *([best] if best else []),
        # After BestWeights, whose on_test_end must see the averaged weights that were scored.
        *([keras.callbacks.SwapEMAWeights()] if settings.optimizer.use_ema else []),
        watch,  # before the file, which writes what it measures
        step_losses,  # before the file, which may find that training diverged
        metrics_file,
        ProgressReports(progress, step),  # whose training ends with that epoch
    ]
    kept = (run, parts_of(callbacks), origin, resumed)
    minutes = settings.checkpoint_every_minutes
    callbacks.append(FrequentCheckpoints(minutes, *kept) if minutes else Checkpoints(*kept))
    return _Listeners(metrics_file, best, callbacks)


def seconds_before(resumed: Checkpoint | None) -> float:
    """Says how long the processes trained that led to a checkpoint; 0 without one."""
    if resumed is None:
        return 0.0
    return MetricsFile.seconds_of(resumed.parts[MetricsFile.__name__])


def _restored_epoch(callbacks: Sequence[keras.callbacks.Callback]) -> int | None:
    """Says which epoch's weights early stopping brought back, counted from 1; None without."""
    for one in callbacks:
        if isinstance(one, keras.callbacks.EarlyStopping) and one.best_weights is not None:
            return int(one.best_epoch) + 1
    return None


def _first_epoch(epochs: int, resumed: Checkpoint | None) -> int:
    """Says where training goes on: nowhere, once it was stopped early."""
    if resumed is None:
        return 0
    return epochs if resumed.is_stopped else resumed.epoch


def _build_early(model: keras.Model, batches: tf.data.Dataset, is_needed: bool) -> None:
    """Builds loss, metrics and optimizer of a model before Keras does, where that is too late.

    On several devices Keras would add their shares of the first batch up to learn its shape, which
    fails unless they are equal; the shape is known without. And metrics that shall go on have to
    be there.
    """
    strategy = model.distribute_strategy
    if strategy.num_replicas_in_sync == 1 and not is_needed:
        return
    with strategy.scope():
        model._symbolic_build(data_batch=batches.element_spec)
    model._maybe_symbolic_build = lambda iterator: None
