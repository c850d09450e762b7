"""Rules between settings, which no single setting can check by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kcnn.recipe.codes import Mistake
from kcnn.recipe.data_settings import DATASETS_OF_FILES, OWN_DATASETS
from kcnn.recipe.fields import Settings
from kcnn.recipe.kinds import snake_case
from kcnn.recipe.layers import Application, Layer
from kcnn.recipe.optimizers import SGD, Adafactor, ConvolutionMuon, Ftrl
from kcnn.recipe.schedules import Constant, Cosine, OneCycle, ReduceLROnPlateau, Triangle
from kcnn.recipe.schema import Recipe
from kcnn.recipe.source import Location
from kcnn.runs.metrics import LABEL_SCORES, TEST_SCORES

_PATHS = {"folder": "photos", "csv": "photos/labels.csv", "npz": "photos.npz"}


def find_conflicts(recipe: Recipe) -> list[Mistake]:
    """Return the contradictions of a recipe."""
    return [
        *_data_conflicts(recipe),
        *_scaling_conflicts(recipe),
        *_target_conflicts(recipe),
        *_monitor_conflicts(recipe),
        *_schedule_conflicts(recipe),
        *_fine_tuning_conflicts(recipe),
        *_averaging_conflicts(recipe),
        *_muon_conflicts(recipe),
        *_idle_settings(recipe),
        *_published_conflicts(recipe),
    ]


def metric_names(recipe: Recipe) -> list[str]:
    """Return the names of what is measured, as the columns of metrics.csv have them."""
    extra = [snake_case(type(metric).__name__) for metric in recipe.train.metrics]
    return list(dict.fromkeys(["loss", "accuracy", *extra]))


def _conflict(code: str, *loc: str | int, **facts: Any) -> Mistake:
    return Mistake(code, facts, loc)


def _data_conflicts(recipe: Recipe) -> Iterator[Mistake]:
    data = recipe.data
    if data.dataset in OWN_DATASETS and data.path is None:
        example = _PATHS[data.dataset]
        yield _conflict("path_missing", "data", dataset=data.dataset, example=example)
    if data.dataset not in OWN_DATASETS and data.path is not None:
        yield _conflict("path_of_named_dataset", "data", "path", dataset=data.dataset)
    if data.dataset in DATASETS_OF_FILES and data.image_size is None:
        yield _conflict("image_size_missing", "data", dataset=data.dataset)
    # resolved.yaml has the defaults, too, so that only other values are somebody's choice.
    for name in ("resize", "unreadable", "cache"):
        if data.dataset not in DATASETS_OF_FILES and getattr(data, name) != _default(data, name):
            yield _conflict("setting_of_files", "data", name, dataset=data.dataset)


def _default(settings: Settings, name: str) -> Any:
    return type(settings).model_fields[name].default


def _scaling_conflicts(recipe: Recipe) -> Iterator[Mistake]:
    """Find pixels that would be scaled before an Application, which does so itself."""
    scaling = recipe.data.scaling
    for _, layer in _layers_of(recipe.model.layers, ("model", "layers")):
        if isinstance(layer, Application) and scaling != "none":
            facts = {"scaling": scaling, "application": layer.name}
            yield _conflict("scaled_twice", "data", "scaling", **facts)
            return


def _target_conflicts(recipe: Recipe) -> Iterator[Mistake]:
    loss, metrics = recipe.train.loss, recipe.train.metrics
    for index, augmentation in enumerate(recipe.data.augment):
        if augmentation.mixes_labels and loss.targets == "sparse":
            facts = {"augmentation": type(augmentation).__name__, "loss": type(loss).__name__}
            yield _conflict("mixed_labels", "data", "augment", index, **facts)
    for index, metric in enumerate(metrics):
        loc = ("train", "metrics", index)
        facts = {"metric": type(metric).__name__, "loss": type(loss).__name__}
        if metric.targets not in (None, loss.targets):
            yield _conflict(f"metric_needs_{metric.targets}", *loc, **facts)
        if type(metric) in map(type, metrics[:index]):
            yield _conflict("metric_twice", *loc, **facts)


def monitors_of_validation(recipe: Recipe) -> list[Mistake]:
    """Return what monitors a metric of validation images; a mistake where there are none."""
    names = metric_names(recipe)
    return [
        _conflict("monitor_needs_validation", *loc, monitor=monitor)
        for loc, monitor in _monitors(recipe)
        if monitor.startswith("val_") and monitor.removeprefix("val_") in names
    ]


def _monitor_conflicts(recipe: Recipe) -> Iterator[Mistake]:
    # A user's own images may have validation images among them; check_recipe looks at them.
    if not recipe.data.validation and recipe.data.dataset not in OWN_DATASETS:
        yield from monitors_of_validation(recipe)
    names = [name for measured in metric_names(recipe) for name in (measured, f"val_{measured}")]
    known = names if recipe.data.validation else metric_names(recipe)
    for loc, monitor in _monitors(recipe):
        if monitor not in names:
            yield _conflict("monitor_not_measured", *loc, word=monitor, names=known)


def _monitors(recipe: Recipe) -> Iterator[tuple[Location, str]]:
    train = recipe.train
    if train.early_stopping is not None:
        yield ("train", "early_stopping"), train.early_stopping.monitor
    schedule = train.learning_rate_schedule
    if isinstance(schedule, ReduceLROnPlateau):
        loc = ("train", "learning_rate_schedule", "ReduceLROnPlateau")
        yield loc, schedule.monitor or "val_loss"


def _schedule_conflicts(recipe: Recipe) -> Iterator[Mistake]:
    train, schedule = recipe.train, recipe.train.learning_rate_schedule
    loc = ("train", "learning_rate_schedule")
    if isinstance(schedule, Constant | Cosine) and schedule.warmup_epochs >= train.epochs:
        yield _conflict(
            "long_warmup", *loc, type(schedule).__name__, "warmup_epochs",
            warmup_epochs=schedule.warmup_epochs, epochs=train.epochs,
        )  # fmt: skip
    if isinstance(train.optimizer, Ftrl) and _starts_at_zero(schedule):
        yield _conflict("ftrl_starts_at_zero", *loc)
    if train.learning_rate_multipliers and isinstance(train.optimizer, Adafactor):
        yield _conflict("adafactor_multipliers", "train", "learning_rate_multipliers")
    if train.sampling != "without_replacement" and not train.shuffle:
        yield _conflict("sampling_in_order", "train", "sampling", sampling=train.sampling)
    if train.sampling == "balanced" and train.class_weight is not None:
        yield _conflict("balanced_twice", "train", "class_weight")


def _fine_tuning_conflicts(recipe: Recipe) -> Iterator[Mistake]:
    if recipe.train.fine_tune is None:
        return
    layers = _layers_of(recipe.model.layers, ("model", "layers"))
    applications = [layer for _, layer in layers if layer.is_application]
    if not applications:
        yield _conflict("nothing_to_fine_tune", "train", "fine_tune")
    elif all(getattr(layer, "trained", False) is True for layer in applications):
        yield _conflict("fine_tuned_from_the_start", "train", "fine_tune")


def _starts_at_zero(schedule: Settings | None) -> bool:
    if isinstance(schedule, OneCycle | Triangle):
        return schedule.start_fraction == 0
    return isinstance(schedule, Constant | Cosine) and schedule.warmup_epochs > 0


def _averaging_conflicts(recipe: Recipe) -> Iterator[Mistake]:
    """Find what contradicts `use_ema`, the moving average of the weights."""
    train = recipe.train
    if not train.optimizer.use_ema:
        return
    if train.watch_first is not None:
        yield _conflict("ema_and_watch_first", "train", "watch_first")
    if train.lookahead is not None:
        yield _conflict("ema_and_lookahead", "train", "lookahead")
    if train.early_stopping is not None and train.early_stopping.restore_best_weights:
        yield _conflict("ema_and_restoring", "train", "early_stopping", "restore_best_weights")


def _muon_conflicts(recipe: Recipe) -> Iterator[Mistake]:
    if not isinstance(recipe.train.optimizer, ConvolutionMuon):
        return
    for loc, layer in _layers_of(recipe.model.layers, ("model", "layers")):
        if layer.trainable_weights and not layer.has_filter_columns:
            yield _conflict("muon_and_layer", *loc)


def _layers_of(layers: Sequence[Layer], loc: Location) -> Iterator[tuple[Location, Layer]]:
    """Yield layers with their locations, including those inside other layers."""
    for index, layer in enumerate(layers):
        here = (*loc, index, type(layer).__name__)
        yield here, layer
        for name in ("body", "shortcut"):
            yield from _layers_of(getattr(layer, name, ()), (*here, name))


def _idle_settings(recipe: Recipe) -> Iterator[Mistake]:
    """Find settings that the optimizer would accept and ignore."""
    optimizer = recipe.train.optimizer
    loc = ("train", "optimizer", type(optimizer).__name__)
    for name in ("ema_momentum", "ema_overwrite_frequency"):
        if getattr(optimizer, name) is not None and not optimizer.use_ema:
            yield _conflict("idle_without_ema", *loc, name)
    if isinstance(optimizer, SGD) and optimizer.nesterov and not optimizer.momentum:
        yield _conflict("idle_without_momentum", *loc, "nesterov")


def _published_conflicts(recipe: Recipe) -> Iterator[Mistake]:
    measured = metric_names(recipe)
    names = [f"{images}{name}" for images in ("test_", "val_", "") for name in measured]
    scores = [*TEST_SCORES]
    if recipe.train.loss.has_independent_outputs:  # then images may have several labels
        scores = [*(TEST_SCORES | LABEL_SCORES)]
    names += [f"test_{name}" for name in scores]
    augmented = [f"test_augmented_{name}" for name in (*measured, *scores)]
    names += augmented if recipe.data.test_time_augmentation else []
    for index, published in enumerate(recipe.published):
        loc, metric, value = ("published", index), published.metric, published.value
        if metric not in names and metric in augmented:
            yield _conflict("needs_test_time_augmentation", *loc, "metric", metric=metric)
        elif metric not in names:
            yield _conflict("metric_not_measured", *loc, "metric", word=metric, names=names)
        elif published.is_fraction and not 0 <= value <= 1:
            code = "per_cent" if value > 1 else "not_a_fraction"
            yield _conflict(code, *loc, "value", value=value, fraction=value / 100)
