"""Shows how a class and its settings are written, for messages: `Dropout: {rate: 0.5}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from kcnn.recipe.messages.words import is_needless, same_setting

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
# The settings that Keras takes without a name, in its order; a test compares them.
IN_ORDER: dict[str, list[str]] = {
    name: settings.split()
    for names, settings in (
        ("Conv2D SeparableConv2D Conv2DTranspose", "filters kernel_size strides padding"),
        ("DepthwiseConv2D", "kernel_size strides padding"),
        ("MaxPooling2D AveragePooling2D", "pool_size strides padding"),
        ("Dense", "units activation"),
        ("Dropout SpatialDropout2D", "rate"),
        ("GaussianNoise", "stddev"),
        ("Reshape", "target_shape"),
        ("ZeroPadding2D", "padding"),
        ("Cropping2D", "cropping"),
        ("UpSampling2D", "size"),
        ("Rescaling", "scale offset"),
        ("BatchNormalization LayerNormalization Softmax UnitNorm", "axis"),
        ("GroupNormalization", "groups"),
        ("Activation", "activation"),
        ("ReLU", "max_value"),
        ("LeakyReLU", "negative_slope"),
        ("ELU MixUp", "alpha"),
        ("RandomFlip", "mode"),
        ("RandomRotation RandomBrightness RandomContrast CutMix", "factor"),
        ("RandomTranslation RandomZoom", "height_factor width_factor"),
        ("SGD", "learning_rate momentum nesterov"),
        ("RMSprop", "learning_rate rho"),
        ("Adam Adamax Nadam Lamb", "learning_rate beta_1 beta_2 epsilon"),
        ("AdamW", "learning_rate weight_decay"),
        ("Lion", "learning_rate beta_1 beta_2"),
        ("Adadelta Adagrad Adafactor Ftrl Muon", "learning_rate"),
        ("L1", "l1"),
        ("L2", "l2"),
        ("L1L2", "l1 l2"),
        ("MaxNorm", "max_value axis"),
        ("MinMaxNorm", "min_value max_value"),
        ("Constant", "value"),
        ("RandomNormal TruncatedNormal", "mean stddev"),
        ("RandomUniform", "minval maxval"),
        ("VarianceScaling", "scale mode distribution"),
        ("Orthogonal", "gain"),
    )
    for name in names.split()
}
_LONGEST = 80
_LONGEST_OF_ONES_OWN = 160


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


def own_form(
    name: str, kind: type[BaseModel], values: Sequence[Any], settings: Mapping[str, Any]
) -> str | None:
    """Shows how a class is written with all that a user gave it in another language or location.

    Args:
        name: What it is called.
        kind: Its class.
        values: What was given without a name, in Keras's order.
        settings: What was given with one, which may be that of another library.

    Returns:
        `Dense: {units: 128, activation: relu}`; None where some of it does not exist here.
    """
    in_order = IN_ORDER.get(name, [])
    if len(values) > len(in_order):
        return None
    own = dict(zip(in_order, values, strict=False))
    for word, value in settings.items():
        setting = same_setting(word, kind.model_fields)
        if setting is None and is_needless(word, kind.model_fields):
            continue
        if setting is None or setting in own:
            return None
        own[setting] = value
    if not _fits(kind, own, _LONGEST_OF_ONES_OWN):
        return None
    return f"{name}: {flow(own)}" if own else name


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


def _fits(kind: type[BaseModel], settings: dict[str, Any], longest: int = _LONGEST) -> bool:
    try:
        kind.model_validate(settings)
    except ValidationError:
        return False
    return len(flow(settings)) <= longest
