"""The callbacks of a training, in their order."""

from __future__ import annotations

from dataclasses import dataclass

import keras

from kcnn.progress import Progress
from kcnn.recipe.rules import metric_names
from kcnn.recipe.schedules import ReduceLROnPlateau
from kcnn.recipe.train_settings import TrainSettings
from kcnn.runs.checkpoint import Checkpoint, Origin
from kcnn.runs.folder import RunFolder
from kcnn.training.callbacks.best_weights import BestWeights
from kcnn.training.callbacks.checkpoints import Checkpoints, FrequentCheckpoints
from kcnn.training.callbacks.lookahead import LookaheadWeights
from kcnn.training.callbacks.metrics_file import MetricsFile
from kcnn.training.callbacks.progress_reports import ProgressReports
from kcnn.training.callbacks.resumable import parts_of
from kcnn.training.callbacks.step_losses import StepLosses
from kcnn.training.callbacks.stop_between_steps import StopBetweenSteps
from kcnn.training.callbacks.watched_accuracy import WatchedAccuracy
from kcnn.training.feed import Feed
from kcnn.training.loss_and_metrics import decision_threshold
from kcnn.training.phases import Phase


@dataclass(frozen=True)
class TrainingCallbacks:
    """The callbacks of a training, some of them by name for when it has ended.

    Args:
        metrics_file: Has the rows of metrics.csv.
        step_losses: Writes steps.csv.
        best: Has the best weights; None without validation.
        in_order: All callbacks, in the order in which Keras calls them.
    """

    metrics_file: MetricsFile
    step_losses: StepLosses
    best: BestWeights | None
    in_order: list[keras.callbacks.Callback]

    @property
    def restored_epoch(self) -> int | None:
        """The epoch, counted from 1, whose weights early stopping restored; None if it did not."""
        for callback in self.in_order:
            is_early_stopping = isinstance(callback, keras.callbacks.EarlyStopping)
            if is_early_stopping and callback.best_weights is not None:
                return int(callback.best_epoch) + 1
        return None


def make_callbacks(
    phase: Phase,
    feed: Feed,
    run: RunFolder,
    progress: Progress,
    origin: Origin,
    resumed: Checkpoint | None,
    before: TrainingCallbacks | None = None,
) -> TrainingCallbacks:
    """Build the callbacks of a phase of a training.

    Args:
        phase: The phase.
        feed: The images.
        run: The run.
        progress: Receives steps and epochs.
        origin: What every checkpoint records in addition to the state of the training.
        resumed: The checkpoint to resume from; None for a phase from its start.
        before: The callbacks of the phase before, whose rows, losses and best weights go on.
    """
    settings, done = phase.plan.recipe.train, resumed.step if resumed else 0
    watched = WatchedAccuracy(feed.watched, decision_threshold(phase.plan.output_activation))
    if before is None:
        step_losses = StepLosses(run, feed.steps_per_epoch)
        metrics_file = MetricsFile(
            run,
            metric_names(phase.plan.recipe),
            feed.validation is not None,
            progress,
            watched.columns,
            step_losses.first_bad_step,
        )
        best = BestWeights() if feed.validation is not None else None
    else:
        step_losses, metrics_file, best = before.step_losses, before.metrics_file, before.best
    metrics_file.phase = phase.number if settings.fine_tune else None
    callbacks: list[keras.callbacks.Callback] = [StopBetweenSteps()]
    if settings.lookahead:
        steps = settings.epochs * feed.steps_per_epoch
        callbacks.append(LookaheadWeights(settings.lookahead, steps))
    callbacks += keras_callbacks(settings)
    if best:
        callbacks.append(best)
    if settings.optimizer.use_ema:
        # After BestWeights, whose on_test_end must see the averaged weights that were scored.
        callbacks.append(keras.callbacks.SwapEMAWeights())
    callbacks += [
        watched,  # before the file, which writes what it measures
        step_losses,  # before the file, which asks it at which step the training diverged
        metrics_file,
        ProgressReports(progress, done),
    ]
    fine_tuned_after = phase.after if phase.fine_tune else None
    kept = (run, parts_of(callbacks), origin, resumed, fine_tuned_after)
    minutes = settings.checkpoint_every_minutes
    callbacks.append(FrequentCheckpoints(minutes, *kept) if minutes else Checkpoints(*kept))
    return TrainingCallbacks(metrics_file, step_losses, best, callbacks)


def keras_callbacks(train: TrainSettings) -> list[keras.callbacks.Callback]:
    """Build Keras's own callbacks that a recipe asks for."""
    callbacks: list[keras.callbacks.Callback] = []
    if isinstance(train.learning_rate_schedule, ReduceLROnPlateau):
        arguments = train.learning_rate_schedule.written()
        callbacks.append(keras.callbacks.ReduceLROnPlateau(**arguments))
    if train.early_stopping is not None:
        arguments = {"monitor": train.early_stopping.monitor, **train.early_stopping.written()}
        callbacks.append(keras.callbacks.EarlyStopping(**arguments))
    return callbacks
