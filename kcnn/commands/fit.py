"""kcnn fit: from a recipe to a trained, scored and drawn run."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kcnn.backend import start_tensorflow
from kcnn.commands.check import plan_for_known_images
from kcnn.errors import DataError, KcnnError
from kcnn.model.plan import Plan, plan_network
from kcnn.progress import Progress
from kcnn.recipe import Recipe, read_recipe
from kcnn.recipe.write import resolved_yaml
from kcnn.runs import RunFolder, atomic, create_run, require_writable, write_json, write_text

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


@dataclass
class _Work:
    """What a fit has in hand, and how long each part of it took."""

    recipe: Recipe
    progress: Progress
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    timings: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.timings[part] = round(time.perf_counter() - begin, 3)


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

    Everything that can be wrong is found before the run folder is made.

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
    overrides = [*overrides, *([] if seed is None else [f"train.seed={seed}"])]
    work = _Work(read_recipe(recipe, overrides), progress or Progress())
    plan_for_known_images(work.recipe)
    require_writable(output_dir)
    with work.timed("load"):
        dataset, train_images, validation = _load(work, data_dir)
    plan = plan_network(work.recipe, dataset.image_shape, len(dataset.class_names))
    with work.timed("start"):
        start_tensorflow(work.progress)
    from kcnn.training.devices import choose_devices

    devices = choose_devices(device)
    with work.timed("build"):
        model, steps = _build(plan, train_images, devices)
    run = create_run(output_dir, work.recipe.name, name)
    _describe(run, plan, devices)
    with _status_when_stopped(run, work, plan):
        training = _train(work, plan, model, steps, train_images, validation, run)
        return _finish(work, plan, model, training, dataset, train_images, run)


def _load(work: _Work, data_dir: Path | None) -> tuple[Dataset, Images, Images | None]:
    from kcnn.data.load import load_dataset
    from kcnn.data.splits import split_validation

    settings, train = work.recipe.data, work.recipe.train
    dataset = load_dataset(settings, data_dir, work.progress)
    images, validation = split_validation(dataset.train, settings.validation, train.seed)
    if train.batch_size > len(images):
        place = work.recipe.origin.problem(("train", "batch_size"), "")
        raise DataError(
            f"{place.strip()} {train.batch_size} is more than the {len(images)} training images",
            f"write a batch_size of at most {len(images)}",
        )
    return dataset, images, validation


def _build(plan: Plan, train_images: Images, devices: Devices) -> tuple[keras.Model, int]:
    from kcnn.data.pipeline import steps_per_epoch
    from kcnn.data.statistics import channel_statistics
    from kcnn.model.build import ChannelStatistics, build_model
    from kcnn.training.fit import compile_model, precision, seed_everything

    settings = plan.recipe.train
    seed_everything(settings.seed)
    statistics = None
    if plan.recipe.data.scaling == "standard":
        mean, variance = channel_statistics(train_images.images)
        statistics = ChannelStatistics(tuple(mean), tuple(variance))
    steps = steps_per_epoch(len(train_images), settings.batch_size, settings.drop_remainder)
    with devices.strategy.scope(), precision(settings.precision):
        model = build_model(plan, statistics, synchronized=devices.count > 1)
        compile_model(plan, model, steps)
    return model, steps


def _describe(run: RunFolder, plan: Plan, devices: Devices) -> None:
    from kcnn.training.environment import describe_run

    settings = plan.recipe.train
    with atomic(run.recipe) as temporary:
        temporary.write_bytes(plan.recipe.origin.content)
    write_text(run.resolved, resolved_yaml(plan.recipe))
    strategy = type(devices.strategy).__name__
    write_json(
        run.environment, describe_run(devices.names, strategy, settings.precision, settings.seed)
    )


def _train(
    work: _Work,
    plan: Plan,
    model: keras.Model,
    steps: int,
    train_images: Images,
    validation: Images | None,
    run: RunFolder,
) -> Training:
    import numpy as np

    from kcnn.data.pipeline import evaluation_batches, training_batches
    from kcnn.model.kernels import first_kernel
    from kcnn.training.fit import train
    from kcnn.training.scoring import BATCH_SIZE

    settings = work.recipe.train
    classes = plan.classes if settings.loss.targets == "one_hot" else None
    before = first_kernel(model)
    training = train(
        plan,
        model,
        training_batches(
            train_images,
            batch_size=settings.batch_size,
            epochs=settings.epochs,
            seed=settings.seed,
            shuffle=settings.shuffle,
            drop_remainder=settings.drop_remainder,
            augmentations=work.recipe.data.augment,
            classes=classes,
        ),
        steps,
        None if validation is None else evaluation_batches(validation, BATCH_SIZE, classes),
        run,
        work.progress,
    )
    work.timings["train"] = round(training.seconds, 3)
    if before is not None:
        with atomic(run.filters) as temporary:
            np.savez(temporary, before=before, after=first_kernel(model))
    return training


def _finish(
    work: _Work,
    plan: Plan,
    model: keras.Model,
    training: Training,
    dataset: Dataset,
    train_images: Images,
    run: RunFolder,
) -> FitResult:
    """Saves the models, scores the test set once with each, draws, and sums the run up."""
    from kcnn.figures.gallery import draw_run
    from kcnn.model.activations import feature_maps
    from kcnn.training.scoring import write_scores

    with work.timed("score"):
        measured, scores = _score(work, plan, model, dataset)
        write_scores(run, scores)
        _save(model, run.model)
        best = _score_best(work, plan, model, training, dataset, run)
    steps = len(training.rows) * len(train_images)
    summary = {
        **_summary(work, plan, run, "finished"),
        "class_names": list(dataset.class_names),
        "images": {"train": len(train_images), "test": len(dataset.test)},
        "train": training.rows[-1],
        "test": {"weights": "last", "images": len(dataset.test), **measured},
        **({"best": best} if best else {}),
        "timings": {**work.timings, "training_images_per_second": round(steps / training.seconds)},
    }
    write_json(run.summary, summary)
    with work.timed("draw"):
        draw_run(run, dataset, lambda image: feature_maps(model, image), "png", (), work.progress)
    work.timings["total"] = round((datetime.now(UTC) - work.started).total_seconds(), 3)
    summary["timings"] |= work.timings
    write_json(run.summary, summary)
    return FitResult(run, summary)


def _score(
    work: _Work, plan: Plan, model: keras.Model, dataset: Dataset, title: str = "Scoring the test set"
) -> tuple[dict[str, float], Any]:
    from kcnn.training.objective import measure, probabilities
    from kcnn.training.scoring import predict_probabilities, score

    outputs = predict_probabilities(model, dataset.test.images, work.progress, title)
    measured = measure(plan, model, outputs, dataset.test.labels)
    chances = probabilities(outputs, plan.output_activation)
    return measured, score(chances, dataset.test.labels, dataset.class_names)


def _score_best(
    work: _Work,
    plan: Plan,
    model: keras.Model,
    training: Training,
    dataset: Dataset,
    run: RunFolder,
) -> dict[str, Any] | None:
    best = training.best
    if best is None:
        return None
    last = model.get_weights()
    model.set_weights(best.weights)
    _save(model, run.best_model)
    measured, _ = _score(work, plan, model, dataset, "Scoring the best epoch's weights")
    model.set_weights(last)
    return {
        "epoch": best.epoch,
        "val_accuracy": best.accuracy,
        **{f"test_{name}": value for name, value in measured.items()},
    }


def _save(model: keras.Model, path: Path) -> None:
    with atomic(path) as temporary:
        model.save(temporary)


def _summary(work: _Work, plan: Plan, run: RunFolder, status: str) -> dict[str, Any]:
    return {
        "status": status,
        "run": run.title,
        "recipe": work.recipe.name,
        "dataset": work.recipe.data.dataset,
        "started": work.started.isoformat(timespec="seconds"),
        "epochs": work.recipe.train.epochs,
        "parameters": plan.cost.parameters,
        "trainable_parameters": plan.cost.parameters - plan.cost.not_trained,
        "multiply_adds": plan.cost.multiply_adds,
    }


@contextmanager
def _status_when_stopped(run: RunFolder, work: _Work, plan: Plan) -> Iterator[None]:
    """Leaves a summary that says why a run did not finish."""
    try:
        yield
    except KeyboardInterrupt:
        write_json(run.summary, _summary(work, plan, run, "interrupted"))
        work.progress.note(f"stopped; {run.path} keeps the epochs that were finished")
        raise
    except KcnnError as error:
        write_json(
            run.summary, {**_summary(work, plan, run, "failed"), "reason": error.message}
        )
        raise
