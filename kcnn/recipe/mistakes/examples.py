"""A correct example of each class and section: `Dropout: {rate: 0.5}`."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from kcnn.recipe.write import yaml_line

# A likely value of each setting that an example shows; of a class before that of all others.
_VALUES: dict[str, Any] = {
    "activation": "relu", "alpha": 0.2, "axis": -1, "body": ["ReLU"], "cropping": 1,
    "clipnorm": 1.0, "dataset": "digits", "delta": 1.0, "epochs": 5, "every": 5, "factor": 0.1,
    "filters": 32, "flip": "horizontal", "height_factor": 0.1, "k": 5, "kernel_size": 3,
    "l1": 0.01, "l2": 0.01, "label_smoothing": 0.1, "layers": ["Flatten", {"Dense": {"units": 10}}],
    "learning_rate": 0.001, "max_value": 2.0, "metric": "test_accuracy", "mode": "horizontal",
    "momentum": 0.9, "negative_slope": 0.1, "note": "the report names no seed",
    "optimizer": "Adam", "padding": 1, "patience": 3, "pool_size": 2, "rate": 0.5, "scale": 0.1,
    "setting": "train.seed", "size": 2, "source": "the report", "status": "assumed", "stddev": 0.1,
    "target_shape": [7, 7, 64], "times": 3, "units": 10, "value": 0.5, "warmup_epochs": 2,
    "weight_decay": 0.01, "width_factor": 0.1,
    "Application.name": "MobileNetV2", "Exponential.factor": 0.9, "ReLU.max_value": 6.0,
    "SGD.learning_rate": 0.01, "Step.epochs": [10, 15],
}  # fmt: skip
# What an example shows before all else.
_FIRST = ("filters", "learning_rate", "patience")


def example_of(name: str, kind: type[BaseModel], setting: str = "") -> str:
    """Return a correct example of a class or section.

    Args:
        name: Its name; empty for an item of a list.
        kind: Its class.
        setting: The setting to show, if a likely value of it is known.

    Returns:
        `Dropout: {rate: 0.5}`; the name alone if no setting is needed or likely.
    """
    names = [setting] if setting in _VALUES else _likely(kind)
    if not names:
        return name
    owner = kind.__name__
    keys = {likely: f"{owner}.{likely}" for likely in names}
    values = {likely: _VALUES[key if key in _VALUES else likely] for likely, key in keys.items()}
    settings = yaml_line(values)
    return f"{name}: {settings}" if name else settings


def in_braces(example: str) -> str:
    """Return an example as it is written after a setting's name or in a list."""
    return f"{{{example}}}" if ": {" in example else example


def _likely(kind: type[BaseModel]) -> list[str]:
    """Return the settings that an example shows: those that are needed, else the likeliest."""
    own = [*vars(kind).get("__annotations__", {})]
    names = sorted(kind.model_fields, key=lambda name: (name not in _FIRST, name not in own))
    if needed := [name for name in names if kind.model_fields[name].is_required()]:
        return needed
    return [name for name in names if name in _VALUES][:1]
