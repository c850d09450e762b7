"""The grid of settings that `kcnn sweep` trains: read, named, and checked before any training."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from kcnn.errors import RecipeError
from kcnn.model.checked_recipe import CheckedRecipe, check_recipe
from kcnn.recipe import read_recipe
from kcnn.recipe.differences import DECIDES_NOTHING, SEED
from kcnn.recipe.load import read_value
from kcnn.recipe.write import yaml_line

MAX_NAME_LENGTH = 80
HINT = "write --over 'SETTING=[VALUE, VALUE]', as in --over 'train.batch_size=[32, 128]'"


@dataclass(frozen=True)
class GridAxis:
    """A setting that varies, and its values.

    Args:
        setting: Its dotted name, such as `train.batch_size`.
        values: Plain YAML values, in the order in which they are trained.
    """

    setting: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class GridPoint:
    """One value for each setting that varies.

    Args:
        values: By the setting's dotted name.
    """

    values: dict[str, Any]

    @property
    def title(self) -> str:
        """Its settings with their short names: `batch_size=32, learning_rate=0.01`."""
        short = short_names(list(self.values))
        return ", ".join(f"{short[name]}={_text(value)}" for name, value in self.values.items())

    @property
    def label(self) -> str:
        """The title, or the value alone if only one setting varies."""
        if len(self.values) > 1:
            return self.title
        (value,) = self.values.values()
        return _text(value)

    @property
    def overrides(self) -> tuple[str, ...]:
        """Its settings as arguments of the command line."""
        return tuple(f"{name}={yaml_line(value)}" for name, value in self.values.items())

    @property
    def name(self) -> str:
        """The title as part of a folder's name."""
        short = short_names(list(self.values))
        slugs = [
            f"{_slug(short[name].replace('.', ' '))}-{_slug(_text(value))}"
            for name, value in self.values.items()
        ]
        return "-".join(slugs).strip("-.")[:MAX_NAME_LENGTH].rstrip("-.") or "run"


def read_axes(over: Sequence[str]) -> list[GridAxis]:
    """Read the axes of a grid from the command line.

    Args:
        over: One text an axis, `setting=[value, value]`, with values as in a recipe.

    Raises:
        RecipeError: Some texts have another form, or two name the same setting. All mistakes are
            reported.
    """
    axes: list[GridAxis] = []
    problems = []
    for text in over:
        try:
            axis = _read_axis(text)
            if axis.setting in {other.setting for other in axes}:
                raise ValueError("named twice; write all of its values in one list")
        except ValueError as error:
            problems.append(f"--over {text if text.isprintable() else repr(text)}: {error}")
        else:
            axes.append(axis)
    if problems:
        raise RecipeError(problems, HINT)
    return axes


def expand_grid(
    recipe: str | Path, overrides: Sequence[str], axes: Sequence[GridAxis]
) -> list[GridPoint]:
    """Return every point of a grid, after checking the recipe and the model of each.

    Args:
        recipe: A file, or the name of a recipe that comes with kcnn.
        overrides: Settings that all points have in common.
        axes: What varies; the last axis varies fastest.

    Raises:
        RecipeError: Some points have mistakes, two points are the same training, or an override
            sets what an axis varies. All mistakes are reported.
    """
    settings = [axis.setting for axis in axes]
    _require_no_lost_overrides(overrides, settings)
    points = [
        GridPoint(dict(zip(settings, values, strict=True)))
        for values in product(*(axis.values for axis in axes))
    ]
    _check_points(recipe, overrides, points)
    return points


def short_names(settings: Sequence[str]) -> dict[str, str]:
    """Map each dotted name to its last part; to all of it where two last parts are equal."""
    last = {name: name.rpartition(".")[2] for name in settings}
    counts = list(last.values())
    return {name: short if counts.count(short) == 1 else name for name, short in last.items()}


def _read_axis(text: str) -> GridAxis:
    setting, equals, written = (part.strip() for part in text.partition("="))
    if not equals or not setting:
        raise ValueError("expected a setting and a list of its values")
    if setting == SEED:
        raise ValueError("seeds are not settings to choose by; --seeds 3 trains each with several")
    values = read_value(written)
    if not isinstance(values, list) or not values:
        raise ValueError("expected a list of values in brackets")
    return GridAxis(setting, tuple(values))


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-")


def _text(value: Any) -> str:
    text = yaml_line(value)
    return text[1:-1] if isinstance(value, dict) and value else text


def _require_no_lost_overrides(overrides: Sequence[str], varied: Sequence[str]) -> None:
    """Raise if an axis would replace an override."""
    lost = [
        f"command line, {text}: --over varies {setting}, and this would be lost; leave it out"
        for text in overrides
        for setting in varied
        if f"{text.partition('=')[0].strip()}.".startswith(f"{setting}.")
    ]
    if lost:
        raise RecipeError(lost)


def _check_points(
    recipe: str | Path, overrides: Sequence[str], points: Sequence[GridPoint]
) -> None:
    titles_of: dict[str, list[str]] = {}  # problem: the titles of the points that have it
    hint = None
    duplicates: list[str] = []
    seen: list[tuple[object, str]] = []
    undeciding: dict[str, list[str]] = defaultdict(list)
    for section, name in DECIDES_NOTHING:
        undeciding[section].append(name)
    checked: CheckedRecipe | None = None
    for point in points:
        try:
            settings = read_recipe(recipe, [*overrides, *point.overrides])
            checked = check_recipe(settings, checked)
        except RecipeError as error:
            hint = error.hint
            for problem in error.problems:
                titles_of.setdefault(problem, []).append(point.title)
            continue
        # Compare the parsed settings, not their text: SGD and {SGD: {}} are the same optimizer.
        deciding = [
            getattr(settings, section).model_copy(update=dict.fromkeys(undeciding[section]))
            for section in ("data", "model", "train")
        ]
        duplicates += [
            f"--over: {title} and {point.title} are the same training; leave one out"
            for other, title in seen
            if other == deciding
        ]
        seen.append((deciding, point.title))
    problems = []
    for problem, titles in titles_of.items():
        has_own_location = problem.startswith("command line,")
        is_everywhere = len(titles) == len(points)
        problems.append(
            problem if is_everywhere or has_own_location else f"{problem} (with {titles[0]})"
        )
    if problems or duplicates:
        raise RecipeError([*problems, *duplicates], hint)
