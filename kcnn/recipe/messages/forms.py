"""Shows how a class and its settings are written, for messages: `Dropout: {rate: 0.5}`."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

# A likely value of each setting that is shown in an example.
_EXAMPLES: dict[str, Any] = {
    "activation": "relu", "alpha": 0.2, "axis": -1, "body": ["ReLU"], "cropping": 1,
    "dataset": "digits", "delta": 1.0, "epochs": 5, "every": 5, "factor": 0.1, "filters": 32,
    "flip": "horizontal", "height_factor": 0.1, "k": 5, "kernel_size": 3, "l1": 0.01, "l2": 0.01,
    "label_smoothing": 0.1, "layers": ["Flatten", {"Dense": {"units": 10}}],
    "learning_rate": 0.001, "max_value": 2.0, "metric": "test_accuracy", "mode": "horizontal",
    "momentum": 0.99, "negative_slope": 0.1, "note": "the report names no seed",
    "optimizer": "Adam", "padding": 1, "patience": 3, "pool_size": 2, "rate": 0.5, "scale": 0.1,
    "setting": "train.seed", "size": 2, "source": "the report", "status": "assumed", "stddev": 0.1,
    "target_shape": [7, 7, 64], "times": 3, "units": 10, "value": 0.5, "warmup_epochs": 2,
}  # fmt: skip
# What a value alone means before all else.
_MEANT_FIRST = ("filters", "learning_rate", "patience")
_LONGEST = 80


def form(name: str, kind: type[BaseModel], value: Any = None) -> str:
    """Shows how a class or section is written, with the user's own value where that fits.

    Args:
        name: What it is called; empty for an item of a list.
        kind: Its class.
        value: What stands in place of its settings.

    Returns:
        `Dropout: {rate: 0.5}`; the name alone where no setting is likely.
    """
    named = f"{name}: " if name else ""
    first, *others = _likely(kind) or [""]
    rest = {one: _EXAMPLES[one] for one in others if one in _EXAMPLES}
    for settings in ({first: value, **rest}, {first: _EXAMPLES.get(first), **rest}):
        if settings[first] is not None and _fits(kind, settings):
            return f"{named}{flow(settings)}"
    return f"{named}{{{first}: …}}" if first else name


def needs_settings(kind: type[BaseModel]) -> bool:
    """Whether a class cannot stand alone."""
    return any(field.is_required() for field in kind.model_fields.values())


def flow(value: Any) -> str:
    """Writes a plain value in one line of YAML."""
    text = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=float("inf")
    )
    return text.removesuffix("\n").removesuffix("\n...")


def _likely(kind: type[BaseModel]) -> list[str]:
    """Lists the settings that an example has: those that are needed, else the likeliest."""
    own = [*vars(kind).get("__annotations__", {})]
    names = sorted(kind.model_fields, key=lambda name: name not in own)
    names.sort(key=lambda name: name not in _MEANT_FIRST)
    if needed := [name for name in names if kind.model_fields[name].is_required()]:
        return needed
    return [name for name in names if name in _EXAMPLES and name not in ("name", "inputs")][:1]


def _fits(kind: type[BaseModel], settings: dict[str, Any]) -> bool:
    try:
        kind.model_validate(settings)
    except ValidationError:
        return False
    return len(flow(settings)) <= _LONGEST
