"""kcnn fit: from a recipe to a trained, scored and drawn run."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kcnn.backend import start_tensorflow
from kcnn.commands.check import plan_for_known_images
from kcnn.commands.fresh_model import fresh_model
from kcnn.errors import DataError, KcnnError, TrainingError
from kcnn.files import atomic, write_json, write_text
from kcnn.model.plan import Plan, plan_network
from kcnn.progress import Progress
from kcnn.recipe import Recipe, read_recipe
from kcnn.recipe.write import resolved_yaml
from kcnn.runs import RunFolder, create_run, require_room

if TYPE_CHECKING:
    import keras

    from kcnn.data.dataset import Dataset, Images
    from kcnn.training.devices import Devices
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


@dataclass(frozen=True)
class _Job:
    """What is trained on what, all of it found to be right."""

    plan: Plan
    dataset: Dataset
    train: Images
    validation: Images | None

    @property
    def recipe(self) -> Recipe:
        return self.plan.recipe


class _Clock:
    """Times the parts of a fit, in seconds."""

    def __init__(self) -> None:
        self.started = datetime.now(UTC)
        self.parts: dict[str, float] = {}
        self._begin = time.perf_counter()

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        self.parts[part] = round(time.perf_counter() - begin, 3)

    @property
    def total(self) -> float:
        return round(time.perf_counter() - self._begin, 3)


def fit(
    recipe: str | Path,
    overrides: Sequence[str] = (),
    output_dir: Path = Path("outputs"),
    name: str | None = None,
    data_dir: Path | None = None,
    seed: int | None = None,
    device: str | None = None,
    progress: Progress | None = None,
) -> FitResult:
    """Trains the network of a recipe and leaves a run folder.

    Whatever can be wrong with the recipe, the data or the machine is found before the run folder
    is made.

    Args:
        recipe: A file, or the name of a recipe that kcnn brings.
        overrides: Settings from the command line, each `setting=value`.
        output_dir: Where runs lie.
        name: The run's name; the next free number when None.
        data_dir: Where to look for data first.
        seed: Takes the place of `train.seed`.
        device: `cpu`, `gpu`, numbers of GPUs as in `0,1`, or None for the best there is.
        progress: Shows the work.

    Raises:
        KcnnError: Something is wrong with the recipe, the data, the devices or the output folder.
    """
    clock, progress = _Clock(), progress or Progress()
    settings = read_recipe(recipe, [*overrides, *([] if seed is None else [f"train.seed={seed}"])])
    plan_for_known_images(settings)
    require_room(output_dir, settings.name, name)
    with clock.timed("load"):
        job = _load(settings, data_dir, progress)
    with clock.timed("start"):
        start_tensorflow(progress)
    from kcnn.training.devices import choose_devices
    from kcnn.training.precision import choose_precision

    devices = choose_devices(device)
    _require_shares(job, devices)
    _require_no_accumulation(job, devices)
    if devices.count > 1 and job.recipe.train.optimizer.clips:
        progress.note("several devices: each clips the gradient of its own share of a batch")
    chosen = choose_precision(job.recipe.train.precision, devices)
    if chosen.reason:
        progress.note(f"precision: {chosen.policy}, because {chosen.reason}")
    with clock.timed("build"):
        model = _build(job, devices, chosen.policy)
    run = create_run(output_dir, settings.name, name)
    _describe(run, job, devices, chosen.policy)
    with _status_when_stopped(run, job, clock, progress):
        with clock.timed("train"):
            training = _train(job, model, run, progress)
        summary = _conclude(job, model, training, run, clock, progress)
    # A run that is scored is finished, whatever becomes of its pictures.
    _draw(job, model, run, summary, clock, progress)
    return FitResult(run, summary)


def _load(recipe: Recipe, data_dir: Path | None, progress: Progress) -> _Job:
    from kcnn.data.load import load_dataset
    from kcnn.data.splits import split_validation

    settings = recipe.train
    dataset = load_dataset(recipe.data, data_dir, progress)
    try:
        train, validation = split_validation(dataset.train, recipe.data.validation, settings.seed)
    except DataError as error:
        message = error.message.removeprefix("data.validation: ")
        problem = recipe.origin.problem(("data", "validation"), message)
        raise DataError(problem, error.hint) from None
    if settings.batch_size > len(train):
        message = f"{settings.batch_size} is more than the {len(train)} training images"
        raise DataError(
            recipe.origin.problem(("train", "batch_size"), message),
            f"write a batch_size of at most {len(train)}",
        )
    plan = plan_network(recipe, dataset.image_shape, len(dataset.class_names))
    return _Job(plan, dataset, train, validation)


def _require_shares(job: _Job, devices: Devices) -> None:
    """Makes sure that every device gets a share of every batch; Keras fails on an empty one."""
    settings = job.recipe.train
    last = 0 if settings.drop_remainder else len(job.train) % settings.batch_size
    smallest = last or settings.batch_size
    share = -(-smallest // devices.count)  # what all but the last device to get any get
    if share * (devices.count - 1) >= smallest:
        message = (
            f"batches of {settings.batch_size} from {len(job.train)} images leave a last one of "
            f"{smallest} for {devices.count} devices"
        )
        raise DataError(
            job.recipe.origin.problem(("train", "batch_size"), message),
            "write drop_remainder: true, or another batch_size",
        )


def _require_no_accumulation(job: _Job, devices: Devices) -> None:
    """Keras sums gradients of several devices where accumulating them allows no sum."""
    if devices.count > 1 and job.recipe.train.optimizer.gradient_accumulation_steps:
        optimizer = type(job.recipe.train.optimizer).__name__
        place = ("train", "optimizer", optimizer, "gradient_accumulation_steps")
        raise TrainingError(
            job.recipe.origin.problem(place, f"does not go with {devices.count} devices"),
            "leave it out, or train on one device: --device 0",
        )


def _build(job: _Job, devices: Devices, policy: str) -> keras.Model:
    from kcnn.training.fit import compile_model
    from kcnn.training.precision import precision

    with devices.strategy.scope(), precision(policy):
        model = fresh_model(
            job.plan,
            job.train.images,
            synchronized=devices.count > 1,
            compiled=devices.are_one_processor,
        )
        compile_model(job.plan, model, _steps_per_epoch(job))
    return model


def _steps_per_epoch(job: _Job) -> int:
    from kcnn.data.pipeline import steps_per_epoch

    settings = job.recipe.train
    return steps_per_epoch(len(job.train), settings.batch_size, settings.drop_remainder)


def _describe(run: RunFolder, job: _Job, devices: Devices, policy: str) -> None:
    from kcnn.training.environment import describe_run

    seed = job.recipe.train.seed
    strategy = type(devices.strategy).__name__
    environment = describe_run(devices.names, strategy, policy, seed)
    with atomic(run.recipe) as temporary:
        temporary.write_bytes(job.recipe.origin.content)
    write_json(run.environment, environment)
    write_text(run.resolved, resolved_yaml(job.recipe))  # last: from here on it is a run


def _train(job: _Job, model: keras.Model, run: RunFolder, progress: Progress) -> Training:
    from kcnn.data.pipeline import evaluation_batches, training_batches
    from kcnn.model.kernels import first_kernel, write_kernels
    from kcnn.training.fit import train

    settings = job.recipe.train
    classes = job.plan.classes if settings.loss.targets == "one_hot" else None
    batches = training_batches(
        job.train,
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        seed=settings.seed,
        shuffle=settings.shuffle,
        with_replacement=settings.sampling == "with_replacement",
        drop_remainder=settings.drop_remainder,
        augmentations=job.recipe.data.augment,
        classes=classes,
    )
    validation = job.validation and evaluation_batches(job.validation, classes=classes)
    before = first_kernel(model)
    training = train(
        job.plan,
        model,
        batches,
        _steps_per_epoch(job),
        validation,
        run,
        progress,
        _watched(job),
    )
    write_kernels(run, before, first_kernel(model))
    return training


def _watched(job: _Job) -> dict[str, Images]:
    """Takes the first training and test images that the recipe watches, by name of column."""
    count = job.recipe.train.watch_first
    if count is None:
        return {}
    return {
        "first_train_accuracy": job.train.first(count),
        "first_test_accuracy": job.dataset.test.first(count),
    }


def _conclude(
    job: _Job,
    model: keras.Model,
    training: Training,
    run: RunFolder,
    clock: _Clock,
    progress: Progress,
) -> dict[str, Any]:
    from kcnn.training.outcome import conclude

    with clock.timed("score"):
        outcome = conclude(job.plan, model, training, job.dataset, run, progress)
    rate = round(len(training.rows) * len(job.train) / training.seconds)
    summary = {
        **_summary(job, run, clock, "finished"),
        "class_names": list(job.dataset.class_names),
        "images": {
            "train": len(job.train),
            "validation": len(job.validation or ()),
            "test": len(job.dataset.test),
        },
        "train": training.last_row,
        "test": outcome.test,
        **({"test_augmented": outcome.augmented} if outcome.augmented else {}),
        **({"best": outcome.best} if outcome.best else {}),
        "timings": clock.parts | {"training_images_per_second": rate},
    }
    write_json(run.summary, summary)  # before the pictures, which show what it says
    return summary


def _draw(
    job: _Job,
    model: keras.Model,
    run: RunFolder,
    summary: dict[str, Any],
    clock: _Clock,
    progress: Progress,
) -> None:
    from kcnn.figures.gallery import draw_run
    from kcnn.model.activations import feature_maps

    with clock.timed("draw"):
        draw_run(run, job.dataset, partial(feature_maps, model), progress=progress)
    summary["timings"] |= clock.parts | {"total": clock.total}
    write_json(run.summary, summary)


def _summary(job: _Job, run: RunFolder, clock: _Clock, status: str) -> dict[str, Any]:
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
    run: RunFolder, job: _Job, clock: _Clock, progress: Progress
) -> Iterator[None]:
    """Leaves a summary that says why a run did not finish."""
    try:
        yield
    except KeyboardInterrupt:
        write_json(run.summary, _summary(job, run, clock, "interrupted"))
        progress.note(f"{run.path} keeps the epochs that were finished; kcnn plot draws them")
        raise
    except KcnnError as error:
        failed = _summary(job, run, clock, "failed")
        write_json(run.summary, {**failed, "reason": error.message})
        raise
