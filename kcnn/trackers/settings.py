"""The settings and results of a run as flat names and values, as trackers compare them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kcnn.recipe import read_recipe
from kcnn.recipe.differences import plain_settings
from kcnn.recipe.write import yaml_line
from kcnn.runs.folder import RunFolder
from kcnn.runs.summary import read_summary

# Sections of summary.json whose numbers are results, and what their names then begin with.
_RESULTS = {"test": "test_", "test_augmented": "test_augmented_", "best": "best_"}


def flat_settings(run: RunFolder) -> dict[str, str]:
    """Read every setting in force.

    Returns:
        Values by dotted name: `model.layers.0.Conv2D.filters: "16"`.

    Raises:
        KcnnError: resolved.yaml is missing or damaged.
    """
    return dict(_flat(plain_settings(read_recipe(run.resolved)), ""))


def _flat(value: Any, name: str) -> Iterator[tuple[str, str]]:
    inside: Mapping[Any, Any] = {}
    if isinstance(value, dict):
        inside = value
    elif isinstance(value, list) and any(isinstance(part, dict | list) for part in value):
        inside = dict(enumerate(value))
    if not inside:
        yield name, value if isinstance(value, str) else yaml_line(value)
    for key, part in inside.items():
        yield from _flat(part, f"{name}.{key}" if name else str(key))


def results(run: RunFolder) -> dict[str, float]:
    """Read the test metrics of a finished run.

    Returns:
        Numbers of summary.json by name: `test_accuracy`, `best_val_accuracy`.

    Raises:
        RunError: summary.json is missing or damaged.
    """
    values = read_summary(run).values
    return {
        f"{prefix}{name}": number
        for section, prefix in _RESULTS.items()
        for name, number in (values.get(section) or {}).items()
        if isinstance(number, int | float) and not isinstance(number, bool)
    }
