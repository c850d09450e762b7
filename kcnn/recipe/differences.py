"""What decides a training, and in which settings several trainings differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from kcnn.recipe.schema import Recipe
from kcnn.recipe.source import Location, dotted
from kcnn.recipe.strict_yaml import read_yaml
from kcnn.recipe.write import resolved_yaml

SEED = "train.seed"
_DECIDING = ("data", "model", "train")
DECIDES_NOTHING = (("train", "checkpoint_every_minutes"), ("data", "cache"))
# Settings that came after kcnn 0.1; with these values they do what it did.
_NEWER = {("data", "resize"): "stretch", ("data", "unreadable"): "error"}


def deciding_settings(recipe: Recipe) -> dict[str, Any]:
    """Return every setting in force that decides the outcome of training, as plain YAML values.

    A recipe's name, source and published figures decide nothing.
    """
    every = plain_settings(recipe)
    settings = {section: every[section] for section in _DECIDING}
    for section, name in DECIDES_NOTHING:
        settings[section].pop(name, None)
    return settings


def without_newer_defaults(settings: dict[str, Any]) -> dict[str, Any]:
    """Leave out settings that do what kcnn did before it had them.

    So a hash of what decides a training is still that of a run of an older kcnn.

    Args:
        settings: As of `deciding_settings`; not changed.
    """
    return {
        section: {
            name: value
            for name, value in named.items()
            if (section, name) not in _NEWER or value != _NEWER[section, name]
        }
        for section, named in settings.items()
    }


def plain_settings(recipe: Recipe) -> dict[str, Any]:
    """Return every setting in force as plain YAML values."""
    settings: Any = read_yaml(resolved_yaml(recipe).encode("utf-8")).value
    return dict(settings)


def differing_settings(trainings: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return the settings that are not the same in all trainings.

    Args:
        trainings: The deciding settings of each training.

    Returns:
        By dotted name, the value in each training; None if it is not set. A layer or optimizer of
        another class is one difference, which includes its own settings.
    """
    return {dotted(loc): values for loc, values in _differences(trainings, ())}


def _differences(values: Sequence[Any], loc: Location) -> Iterator[tuple[Location, list[Any]]]:
    if all(value == values[0] for value in values):
        return
    if all(isinstance(value, Mapping) for value in values) and set.intersection(*map(set, values)):
        for name in dict.fromkeys(name for value in values for name in value):
            yield from _differences([value.get(name) for value in values], (*loc, name))
    elif all(isinstance(value, list) and _has_parts(value) for value in values):
        for index, items in enumerate(zip_longest(*values)):
            yield from _differences(items, (*loc, index))
    else:
        yield loc, list(values)


def _has_parts(values: list[Any]) -> bool:
    return any(isinstance(value, dict) for value in values)
