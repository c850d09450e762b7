"""kcnn fit --resume: resume a run from its newest checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kcnn.commands.fit import draw_plots
from kcnn.errors import RunError
from kcnn.files.atomic import remove_leftovers
from kcnn.machine.start import start_tensorflow
from kcnn.model.checked_recipe import check_recipe
from kcnn.model.pretrained import PretrainedFiles, find_pretrained
from kcnn.progress import Progress
from kcnn.recipe import Recipe
from kcnn.recipe.differences import differing_settings, plain_settings
from kcnn.recipe.of_run import read_resolved
from kcnn.recipe.schedules import Cosine, OneCycle, Triangle
from kcnn.recipe.train_settings import TrainSettings
from kcnn.recipe.write import resolved_yaml
from kcnn.runs.dataset import digests_differ
from kcnn.runs.environment import (
    Environment,
    read_environment,
    when_started,
    write_resumption,
)
from kcnn.runs.find import find_run
from kcnn.runs.folder import DEFAULT_OUTPUT_DIR, RunFolder
from kcnn.runs.lock import lock_run
from kcnn.runs.log import Remembering, log_notes
from kcnn.runs.recipe import write_resolved
from kcnn.runs.summary import read_status, write_unfinished
from kcnn.trackers.listen import tracked
from kcnn.trackers.tracker import Tracker
from kcnn.trackers.trackers import make_trackers
from kcnn.training.clock import Clock
from kcnn.training.complete_run import FitResult, complete_run
from kcnn.training.prepare import PreparedTraining, build_compiled_model, prepare_training

if TYPE_CHECKING:
    import keras

    from kcnn.runs.checkpoint import Checkpoint
    from kcnn.training.devices import Devices

MAY_CHANGE = (
    "train.epochs",
    "train.fine_tune.epochs",
    "train.checkpoint_every_minutes",
    "data.path",
)


def resume(
    run: str | None = None,
    overrides: Sequence[str] = (),
    output_dir: Path = DEFAULT_OUTPUT_DIR,
    data_dir: Path | None = None,
    device: str | None = None,
    progress: Progress | None = None,
    trackers: Mapping[str, str] | None = None,
) -> FitResult:
    """Resume a run that was stopped, or train a finished one for more epochs.

    On the same machine it ends with the same weights and metrics, bit for bit, as without the stop.
    No file of the run is changed before everything has been checked.

    Args:
        run: A run as `kcnn.runs.find.find_run` takes it; None for the newest.
        overrides: New values of settings in MAY_CHANGE, each `setting=value`.
        output_dir: The folder of all runs.
        data_dir: The folder in which datasets are looked for first.
        device: As of `fit`.
        progress: Receives the events of the work.
        trackers: As of `fit`.

    Raises:
        KcnnError: There is no such run, nothing is left to do, another process trains it, the
            settings, images or devices are not those that it was started with, or a tracker cannot
            be used.
    """
    listeners = make_trackers(trackers or {})
    found = find_run(run, output_dir)
    with lock_run(found):
        return _resume(found, overrides, data_dir, device, progress or Progress(), listeners)


def _resume(
    run: RunFolder,
    overrides: Sequence[str],
    data_dir: Path | None,
    device: str | None,
    display: Progress,
    trackers: Sequence[Tracker],
) -> FitResult:
    from kcnn.runs.checkpoint import newest_checkpoint

    clock, progress = Clock(when_started(run).astimezone(UTC)), Remembering(display)
    before, settings = read_resolved(run), read_resolved(run, overrides)
    _require_same_settings(run, before, settings)
    environment = read_environment(run)
    policy = environment.precision()
    checkpoint = newest_checkpoint(run, progress)
    _require_work(run, before, settings, checkpoint)
    with clock.timed("load"):
        checked = check_recipe(settings, has_begun=checkpoint is not None)
        pretrained = {} if checkpoint else find_pretrained(checked.plan, progress)
        prepared = prepare_training(checked, data_dir, progress, run.path.parent)
    _require_same_training(run, prepared, checkpoint)
    with clock.timed("start"):
        start_tensorflow(progress)
    from kcnn.training.devices import choose_devices
    from kcnn.training.run_description import describe_run

    devices = choose_devices(device)
    _require_same_devices(run, environment, devices)
    here = describe_run(devices, policy, settings.train.seed)
    _note_differences(environment, here, progress)
    with clock.timed("build"):
        first_step = checkpoint.step if checkpoint else 0
        model = build_compiled_model(prepared, devices, policy, progress, first_step)
        if checkpoint is None:
            _load_pretrained(run, environment, prepared, model, pretrained)
            _take_initial_weights(run, environment, settings, model)
    _note_mixed_schedule(before, settings, progress)
    epoch, step = (checkpoint.epoch, checkpoint.step) if checkpoint else (0, 0)
    remove_leftovers(run.path)
    remove_leftovers(run.checkpoints)
    write_resumption(run, environment, here, epoch, step, before.train.all_epochs)
    write_resolved(run, resolved_yaml(prepared.recipe))
    write_unfinished(run)
    if checkpoint is None:
        progress.note(f"starting {run.path} again: it had finished no epoch")
    else:
        progress.note(f"resuming {run.path} after {checkpoint.position}")
    log_notes(run, progress.notes)
    with tracked(run, trackers, display) as display:
        return complete_run(run, prepared, model, clock, draw_plots, display, checkpoint)


def _require_same_settings(run: RunFolder, before: Recipe, settings: Recipe) -> None:
    both = [plain_settings(before), plain_settings(settings)]
    changed = [name for name in differing_settings(both) if name not in MAY_CHANGE]
    if changed:
        raise RunError(
            f"{run.path}: {', '.join(changed)} cannot change when a run is resumed",
            f"only {', '.join(MAY_CHANGE)} can; kcnn fit starts another run with other settings",
        )


def _require_same_training(
    run: RunFolder, prepared: PreparedTraining, checkpoint: Checkpoint | None
) -> None:
    if checkpoint is None:
        return
    if digests_differ(checkpoint.origin.images, prepared.images_digest):
        raise RunError(
            f"{run.path}: was trained on other images than those that are here now",
            "point --data-dir at the data that it was started with",
        )
    if checkpoint.origin.settings != prepared.settings_digest():
        raise RunError(
            f"{run.resolved}: these are not the settings that the run was started with",
            "restore the file; kcnn fit starts another run with other settings",
        )
    if checkpoint.step >= prepared.steps_per_epoch:
        raise RunError(
            f"{run.checkpoints}: step {checkpoint.step} of an epoch of "
            f"{prepared.steps_per_epoch} steps",
            "remove the newest file there, to resume from the one before",
        )


def _load_pretrained(
    run: RunFolder,
    environment: Environment,
    prepared: PreparedTraining,
    model: keras.Model,
    files: PretrainedFiles,
) -> None:
    """Load the pretrained weights of a run without a checkpoint again.

    Raises:
        RunError: Their file has changed.
    """
    from kcnn.model.pretrained_weights import load_pretrained

    for name, file in files.items():
        if file.sha256 != environment.pretrained_sha256.get(name):
            raise RunError(
                f"{run.path}: {file.path} has changed since the run was started",
                "restore the file; kcnn fit starts another run",
            )
    load_pretrained(prepared.plan, model, files)


def _take_initial_weights(
    run: RunFolder, environment: Environment, settings: Recipe, model: keras.Model
) -> None:
    """Load the initial weights of a run without a checkpoint again.

    Raises:
        RunError: Their file has changed.
    """
    from kcnn.model.initial_weights import take_initial_weights

    initial = take_initial_weights(settings, model)
    if initial is not None and initial.sha256 != environment.initial_weights_sha256:
        raise RunError(
            f"{run.path}: {initial.file} has changed since the run was started",
            "restore the file; kcnn fit starts another run",
        )


def _note_mixed_schedule(before: Recipe, settings: Recipe, progress: Progress) -> None:
    """Note that some trainings with more epochs are none that a single fit could do."""
    train = settings.train
    counts = isinstance(train.learning_rate_schedule, (Cosine, OneCycle, Triangle))
    if train.epochs != before.train.epochs and (counts or train.lookahead):
        progress.note(
            f"the schedule of {before.train.epochs} epochs continues as one of {train.epochs}: the "
            "result will differ from a training of either length"
        )


def _require_work(
    run: RunFolder, before: Recipe, settings: Recipe, checkpoint: Checkpoint | None
) -> None:
    finished, train = read_status(run) == "finished", settings.train
    if checkpoint is None:
        if finished:
            raise RunError(f"{run.path}: finished, and without a checkpoint to resume from")
        return
    if train.fine_tune is not None:
        if checkpoint.fine_tuned_after is not None and train.epochs != before.train.epochs:
            raise RunError(
                f"{run.path}: train.epochs cannot change after fine-tuning has begun",
                "train.fine_tune.epochs can",
            )
        _require_fine_tuning_left(run, train, checkpoint, finished)
        return
    epochs = train.epochs
    if epochs < checkpoint.epoch + (checkpoint.step > 0):
        raise RunError(
            f"{run.path}: train.epochs={epochs}, but {checkpoint.epoch} epochs are done",
            f"write more than {checkpoint.epoch}",
        )
    if finished and (epochs == checkpoint.epoch or checkpoint.is_stopped):
        how = "early stopping ended it" if checkpoint.is_stopped else "all its epochs are done"
        more = f"to train it further, write train.epochs={2 * checkpoint.epoch}"
        hint = "kcnn fit starts another run" if checkpoint.is_stopped else more
        raise RunError(f"{run.path}: finished after epoch {checkpoint.epoch}; {how}", hint)


def _require_fine_tuning_left(
    run: RunFolder, train: TrainSettings, checkpoint: Checkpoint, finished: bool
) -> None:
    """Raise unless epochs are left of the phase that a checkpoint is of, or of fine-tuning."""
    assert train.fine_tune is not None
    after, begun = checkpoint.fine_tuned_after, checkpoint.epoch + (checkpoint.step > 0)
    if after is None:
        setting, last = "train.epochs", train.epochs
    else:
        setting, last = "train.fine_tune.epochs", after + train.fine_tune.epochs
    if begun > last:
        raise RunError(
            f"{run.path}: {setting} is too small: {checkpoint.epoch} epochs are done",
            f"write at least {begun - (after or 0)}",
        )
    if finished and (begun == last or checkpoint.is_stopped):
        how = "early stopping ended it" if checkpoint.is_stopped else "all its epochs are done"
        more = f"to train it further, write {setting}={2 * train.fine_tune.epochs}"
        hint = "kcnn fit starts another run" if checkpoint.is_stopped else more
        raise RunError(f"{run.path}: finished after epoch {checkpoint.epoch}; {how}", hint)


def _require_same_devices(run: RunFolder, environment: Environment, devices: Devices) -> None:
    began = environment.values.get("training_devices")
    if began != list(devices.names):
        shown = ", ".join(map(str, began)) if isinstance(began, list) else "unknown devices"
        raise RunError(
            f"{run.path}: was started on {shown}, and here {', '.join(devices.names)} would train",
            "choose with --device: cpu, gpu or numbers of GPUs",
        )


def _note_differences(began: Environment, here: dict[str, Any], progress: Progress) -> None:
    if changed := began.differences(here):
        progress.note(
            f"not as when the run was started: {', '.join(changed)}; its metrics may differ in "
            "their last digits from those of a run without a stop"
        )
