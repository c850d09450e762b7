"""A run that was begun, brought to its end: trained, scored and drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from kcnn.commands.fitting.clock import Clock
from kcnn.commands.fitting.job import Job
from kcnn.commands.fitting.peak_memory import peak_memory_mb
from kcnn.commands.fitting.run_log import logged
from kcnn.errors import KcnnError, RunError
from kcnn.files import write_json
from kcnn.progress import Progress
from kcnn.runs import RunFolder

if TYPE_CHECKING:
    import keras

    from kcnn.data.dataset import Images
    from kcnn.training.checkpoint import Checkpoint
    from kcnn.training.fit import Training


@dataclass(frozen=True)
class FitResult:
    """A finished run.

    Args:
        run: Its folder.
        summary: What summary.json holds.
    """

    run: RunFolder
    summary: dict[str, Any]


def complete_run(
    run: RunFolder,
    job: Job,
    model: keras.Model,
    clock: Clock,
    progress: Progress,
    resumed: Checkpoint | None = None,
) -> FitResult:
    """Trains a run to its end, scores it and draws its pictures.

    Args:
        run: A run that was begun.
        job: What is trained.
        model: Its compiled model, as it is before the first step.
        clock: Times the parts.
        progress: Shows the work.
        resumed: The checkpoint to go on from; None for a run that begins.

    Raises:
        KcnnError: Training diverged, or the folder cannot be written.
    """
    from kcnn.training.fit import seconds_before

    with logged(run, progress) as told:
        with _status_when_stopped(run, job, clock, told):
            with clock.timed("train"):
                training = _train(job, model, run, told, resumed)
            clock.add_earlier("train", seconds_before(resumed))
            summary = _conclude(job, model, training, run, clock, told)
        # A run that is scored is finished, whatever becomes of its pictures.
        _draw(job, model, run, summary, clock, told)
    return FitResult(run, summary)


def _train(
    job: Job, model: keras.Model, run: RunFolder, progress: Progress, resumed: Checkpoint | None
) -> Training:
    from kcnn.model.kernels import first_kernel, write_kernels
    from kcnn.training.checkpoint import newest_checkpoint

    about = resumed.about if resumed else _about(job, model)
    while resumed and resumed.step:
        _train_on(job, model, run, progress, about, resumed)
        resumed = newest_checkpoint(run, progress)
    training = _train_on(job, model, run, progress, about, resumed)
    write_kernels(run, about["first_kernel"], first_kernel(model))
    return training


def _train_on(
    job: Job,
    model: keras.Model,
    run: RunFolder,
    progress: Progress,
    about: Mapping[str, Any],
    resumed: Checkpoint | None,
) -> Training:
    from kcnn.data.pipeline import evaluation_batches, training_batches
    from kcnn.training.fit import train
    from kcnn.training.scoring import batch_size

    settings = job.recipe.train
    classes = job.plan.classes if settings.loss.targets == "one_hot" else None
    batches = training_batches(
        job.train,
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        first_epoch=resumed.epoch if resumed else 0,
        first_step=resumed.step if resumed else 0,
        seed=settings.seed,
        shuffle=settings.shuffle,
        with_replacement=settings.sampling == "with_replacement",
        drop_remainder=settings.drop_remainder,
        augmentations=job.recipe.data.augment,
        classes=classes,
    )
    validation = job.validation and evaluation_batches(job.validation, batch_size(model), classes)
    return train(
        job.plan,
        model,
        batches,
        job.steps_per_epoch,
        validation,
        run,
        progress,
        _watched(job),
        about,
        resumed,
    )


def _about(job: Job, model: keras.Model) -> dict[str, Any]:
    """Gives what every checkpoint of a run says of it besides."""
    from kcnn.model.kernels import first_kernel

    return {
        "images": job.images_digest,
        "settings": job.settings_digest(),
        "first_kernel": first_kernel(model),
    }


def _watched(job: Job) -> dict[str, Images]:
    """Takes the first training and test images that the recipe watches, by name of column."""
    count = job.recipe.train.watch_first
    if count is None:
        return {}
    return {
        "first_train_accuracy": job.train.first(count),
        "first_test_accuracy": job.dataset.test.first(count),
    }


def _conclude(
    job: Job,
    model: keras.Model,
    training: Training,
    run: RunFolder,
    clock: Clock,
    progress: Progress,
) -> dict[str, Any]:
    from kcnn.training.outcome import conclude

    with clock.timed("score"):
        outcome = conclude(job.plan, model, training, job.dataset, run, progress)
    rate = round(len(training.rows) * job.images_per_epoch / clock.parts["train"])
    summary = {
        **_summary(job, run, clock, "finished"),
        "class_names": list(job.dataset.class_names),
        "images": {
            "train": len(job.train),
            "validation": len(job.validation or ()),
            "test": len(job.dataset.test),
        },
        "images_digest": job.images_digest,
        "test_images_digest": job.dataset.test.digest(),
        "train": training.row_of_weights,
        "test": outcome.test,
        **({"test_augmented": outcome.augmented} if outcome.augmented else {}),
        **({"best": outcome.best} if outcome.best else {}),
        "timings": clock.parts | {"training_images_per_second": rate},
        "peak_memory_mb": peak_memory_mb(),
    }
    write_json(run.summary, summary)  # before the pictures, which show what it says
    return summary


def _draw(
    job: Job,
    model: keras.Model,
    run: RunFolder,
    summary: dict[str, Any],
    clock: Clock,
    progress: Progress,
) -> None:
    from kcnn.figures.gallery import draw_run
    from kcnn.model.activations import feature_maps

    with clock.timed("draw"):
        draw_run(run, job.dataset, partial(feature_maps, model), progress=progress)
    summary["timings"] |= clock.parts | {"total": clock.total}
    write_json(run.summary, summary)


def _summary(job: Job, run: RunFolder, clock: Clock, status: str) -> dict[str, Any]:
    cost = job.plan.cost
    return {
        "status": status,
        "run": run.title,
        "recipe": job.recipe.name,
        "dataset": job.recipe.data.dataset,
        "started": clock.started.isoformat(timespec="seconds"),
        "epochs": job.recipe.train.epochs,
        "parameters": cost.parameters,
        "trainable_parameters": cost.parameters - cost.not_trained,
        "multiply_adds": cost.multiply_adds,
    }


@contextmanager
def _status_when_stopped(
    run: RunFolder, job: Job, clock: Clock, progress: Progress
) -> Iterator[None]:
    """Leaves a summary that says why a run did not finish, beside the figures it had before."""
    try:
        yield
    except KeyboardInterrupt:
        with suppress(KcnnError):  # a full disk is not what ended it
            stopped = _summary(job, run, clock, "interrupted")
            write_json(run.summary, former_summary(run) | stopped)
        progress.note(_how_to_go_on(run))
        raise
    except Exception as error:
        mistake_in_kcnn = f"{type(error).__name__}: {error}"
        reason = error.message if isinstance(error, KcnnError) else mistake_in_kcnn
        with suppress(KcnnError):
            failed = _summary(job, run, clock, "failed") | {"reason": reason}
            write_json(run.summary, former_summary(run) | failed)
        raise


def former_summary(run: RunFolder) -> dict[str, Any]:
    """Gives what a run's summary tells before it is trained on, but for why it failed."""
    try:
        summary = run.read_summary()
    except RunError:
        return {}
    return {name: value for name, value in summary.items() if name != "reason"}


def _how_to_go_on(run: RunFolder) -> str:
    from kcnn.training.checkpoint import has_checkpoint

    if has_checkpoint(run):
        return f"its finished epochs are kept: kcnn fit --resume {run.path} goes on"
    return f"no epoch of it is finished: kcnn fit --resume {run.path} begins it again"
