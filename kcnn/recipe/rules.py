"""Rules between settings, which no single setting can check by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kcnn.recipe.fields import Settings
from kcnn.recipe.kinds import snake_case
from kcnn.recipe.layers import Layer
from kcnn.recipe.losses import SparseCategoricalCrossentropy
from kcnn.recipe.messages.wording import shown, suggest
from kcnn.recipe.optimizers import (
    SGD,
    Adafactor,
    Constant,
    ConvolutionMuon,
    Cosine,
    Ftrl,
    OneCycle,
    ReduceLROnPlateau,
    Triangle,
)
from kcnn.recipe.schema import OWN_DATASETS, Recipe
from kcnn.recipe.source import Location

Conflict = tuple[Location, str]


def find_conflicts(recipe: Recipe) -> list[Conflict]:
    """Lists the locations where a recipe contradicts itself, each with what to do."""
    return [
        *_data_conflicts(recipe),
        *_target_conflicts(recipe),
        *_monitor_conflicts(recipe),
        *_training_conflicts(recipe),
        *_muon_conflicts(recipe),
        *_idle_settings(recipe),
        *_published_conflicts(recipe),
    ]


def metric_names(recipe: Recipe) -> list[str]:
    """Names what is measured, as the columns of metrics.csv are called."""
    extra = [snake_case(type(metric).__name__) for metric in recipe.train.metrics]
    return list(dict.fromkeys(["loss", "accuracy", *extra]))


def _data_conflicts(recipe: Recipe) -> Iterator[Conflict]:
    data = recipe.data
    if data.dataset in OWN_DATASETS and data.path is None:
        example = "photos" if data.dataset == "folder" else "photos.npz"
        yield ("data",), f"dataset {data.dataset} needs path, as in path: {example}"
    if data.dataset not in OWN_DATASETS and data.path is not None:
        yield (
            ("data", "path"),
            f"dataset {data.dataset} is found by its name; path is for {' and '.join(OWN_DATASETS)}"
            " (--data-dir says where named sets lie)",
        )
    if data.dataset == "folder" and data.image_size is None:
        yield ("data",), "dataset folder needs image_size, as in image_size: [64, 64]"


def _target_conflicts(recipe: Recipe) -> Iterator[Conflict]:
    loss, train = recipe.train.loss, ("train",)
    one_hot = "categorical_crossentropy"
    if isinstance(loss, SparseCategoricalCrossentropy):
        one_hot += " (the same loss)"
    for index, augmentation in enumerate(recipe.data.augment):
        if augmentation.mixes_labels and loss.targets == "sparse":
            yield (
                ("data", "augment", index),
                f"{type(augmentation).__name__} mixes labels, which {type(loss).__name__} cannot "
                f"take; write train.loss: {one_hot}",
            )
    for index, metric in enumerate(recipe.train.metrics):
        if metric.targets not in (None, loss.targets):
            yield (
                (*train, "metrics", index),
                f"{type(metric).__name__} does not go with {type(loss).__name__}; "
                + (
                    f"write loss: {one_hot}"
                    if loss.targets == "sparse"
                    else "write TopKCategoricalAccuracy"
                ),
            )
        if type(metric) in map(type, recipe.train.metrics[:index]):
            yield (*train, "metrics", index), f"{type(metric).__name__} is in the list already"


def _monitor_conflicts(recipe: Recipe) -> Iterator[Conflict]:
    train = recipe.train
    names = metric_names(recipe)
    if recipe.data.validation:
        names += [f"val_{name}" for name in names]
    if train.early_stopping is not None:
        yield from _monitored(("train", "early_stopping"), train.early_stopping.monitor, names)
    schedule = train.learning_rate_schedule
    if isinstance(schedule, ReduceLROnPlateau):
        loc = ("train", "learning_rate_schedule", "ReduceLROnPlateau")
        yield from _monitored(loc, schedule.monitor or "val_loss", names)


def _training_conflicts(recipe: Recipe) -> Iterator[Conflict]:
    train, schedule, stopping = (
        recipe.train,
        recipe.train.learning_rate_schedule,
        recipe.train.early_stopping,
    )
    if isinstance(schedule, Constant | Cosine) and schedule.warmup_epochs >= train.epochs:
        yield (
            ("train", "learning_rate_schedule", type(schedule).__name__, "warmup_epochs"),
            f"{schedule.warmup_epochs:g} is not below train.epochs, which is {train.epochs}",
        )
    if train.sampling == "with_replacement" and not train.shuffle:
        yield (
            ("train", "sampling"),
            "with_replacement draws images at random, and shuffle: false keeps their order; "
            "leave one out",
        )
    if train.watch_first is not None and train.optimizer.use_ema:
        yield (
            ("train", "watch_first"),
            "does not go with use_ema: it would score other weights than the averaged ones that "
            "training leaves; leave it out, or set data.validation",
        )
    if train.lookahead is not None and train.optimizer.use_ema:
        yield (
            ("train", "lookahead"),
            "does not go with use_ema, which averages the weights once more; leave one out",
        )
    if train.learning_rate_multipliers and isinstance(train.optimizer, Adafactor):
        yield (
            ("train", "learning_rate_multipliers"),
            "Adafactor makes rates of its own; leave them out, or take another optimizer",
        )
    if isinstance(train.optimizer, Ftrl) and _starts_at_zero(schedule):
        yield (
            ("train", "learning_rate_schedule"),
            "starts at a rate of 0, by which Ftrl divides; leave the warm-up out",
        )
    if stopping is not None and stopping.restore_best_weights and train.optimizer.use_ema:
        yield (
            ("train", "early_stopping", "restore_best_weights"),
            "does not go with use_ema, which puts the last averages in place of the weights "
            "restored; leave it out, best.keras keeps the best epoch anyway",
        )


def _muon_conflicts(recipe: Recipe) -> Iterator[Conflict]:
    if not isinstance(recipe.train.optimizer, ConvolutionMuon):
        return
    for loc, layer in _layers_of(recipe.model.layers, ("model", "layers")):
        if layer.trainable_weights and not layer.has_filter_columns:
            yield (
                loc,
                "ConvolutionMuon is for kernels with a column a filter, as Conv2D has them, and "
                "this layer's is another; take another optimizer",
            )


def _layers_of(layers: Sequence[Layer], loc: Location) -> Iterator[tuple[Location, Layer]]:
    """Lists layers with their locations, those inside of others too."""
    for index, layer in enumerate(layers):
        here = (*loc, index, type(layer).__name__)
        yield here, layer
        for name in ("body", "shortcut"):
            yield from _layers_of(getattr(layer, name, ()), (*here, name))


def _idle_settings(recipe: Recipe) -> Iterator[Conflict]:
    """Names what the optimizer would take and make nothing of."""
    optimizer = recipe.train.optimizer
    loc = ("train", "optimizer", type(optimizer).__name__)
    for name in ("ema_momentum", "ema_overwrite_frequency"):
        if getattr(optimizer, name) is not None and not optimizer.use_ema:
            yield (*loc, name), "does nothing without use_ema; add use_ema: true, or leave it out"
    if isinstance(optimizer, SGD) and optimizer.nesterov and not optimizer.momentum:
        yield (
            (*loc, "nesterov"),
            "does nothing without momentum; add momentum: 0.9, or leave it out",
        )


def _starts_at_zero(schedule: Settings | None) -> bool:
    if isinstance(schedule, OneCycle | Triangle):
        return schedule.start_fraction == 0
    return isinstance(schedule, Constant | Cosine) and schedule.warmup_epochs > 0


def _published_conflicts(recipe: Recipe) -> Iterator[Conflict]:
    measured = metric_names(recipe)
    names = [f"{images}{name}" for images in ("test_", "val_", "") for name in measured]
    augmented = [f"test_augmented_{name}" for name in measured]
    names += augmented if recipe.data.test_time_augmentation else []
    for index, published in enumerate(recipe.published):
        if published.metric not in names and published.metric in augmented:
            yield (
                ("published", index, "metric"),
                f"{published.metric} is measured only with data.test_time_augmentation, as in "
                "{flip: horizontal, shift: 1}",
            )
        elif published.metric not in names:
            yield (
                ("published", index, "metric"),
                f"{shown(published.metric)} is not measured"
                + (suggest(published.metric, names) or f"; measured are {', '.join(names)}"),
            )
        elif published.is_fraction and not 0 <= published.value <= 1:
            guess = f"; did you mean {published.value / 100:g}?" if published.value > 1 else ""
            yield (
                ("published", index, "value"),
                f"{published.value:g} is not a share between 0 and 1{guess}",
            )


def _monitored(loc: Location, monitor: str, names: list[str]) -> Iterator[Conflict]:
    if monitor in names:
        return
    if monitor.startswith("val_") and monitor.removeprefix("val_") in names:
        yield loc, f"monitors {monitor}, which needs validation images; set data.validation"
    else:
        yield loc, f"monitors {monitor}, which is not measured{suggest(monitor, names)}"
