"""The combinations of settings that kcnn sweep trains: read, named, and checked all at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from kcnn.errors import RecipeError
from kcnn.model.known_images import plan_for_known_images
from kcnn.recipe import read_recipe
from kcnn.recipe.differences import DECIDES_NOTHING, SEED
from kcnn.recipe.load import read_value
from kcnn.recipe.write import one_line

LONGEST_NAME = 80
HINT = "write --over 'SETTING=[VALUE, VALUE]', as in --over 'train.batch_size=[32, 128]'"


@dataclass(frozen=True)
class Variation:
    """A setting and the values it takes, one after the other.

    Args:
        setting: Its dotted name, as in `train.batch_size`.
        values: Plain YAML values.
    """

    setting: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Combination:
    """One value for each setting that varies.

    Args:
        values: By the setting's dotted name.
    """

    values: dict[str, Any]

    @property
    def title(self) -> str:
        """What it is among the others: `batch_size=32, learning_rate=0.01`."""
        short = short_names(list(self.values))
        return ", ".join(f"{short[name]}={_shown(value)}" for name, value in self.values.items())

    @property
    def label(self) -> str:
        """The title where the settings are known: the value of a single one goes without a name."""
        if len(self.values) > 1:
            return self.title
        (value,) = self.values.values()
        return _shown(value)

    @property
    def overrides(self) -> tuple[str, ...]:
        """Its settings as the command line has them."""
        return tuple(f"{name}={one_line(value)}" for name, value in self.values.items())

    @property
    def name(self) -> str:
        """The title as a part of the name of a folder."""
        short = short_names(list(self.values))
        slugs = [
            f"{_slug(short[name].replace('.', ' '))}-{_slug(_shown(value))}"
            for name, value in self.values.items()
        ]
        return "-".join(slugs).strip("-.")[:LONGEST_NAME].rstrip("-.") or "run"


def read_variations(over: Sequence[str]) -> list[Variation]:
    """Reads what varies.

    Args:
        over: Each `setting=[value, value]`; the values are read as in a recipe.

    Raises:
        RecipeError: Some are not of that form, or name the same setting; all are reported.
    """
    variations: list[Variation] = []
    problems = []
    for text in over:
        try:
            variation = _read_variation(text)
            if variation.setting in {one.setting for one in variations}:
                raise ValueError("named twice; write all of its values in one list")
        except ValueError as error:
            problems.append(f"--over {text if text.isprintable() else repr(text)}: {error}")
        else:
            variations.append(variation)
    if problems:
        raise RecipeError(problems, HINT)
    return variations


def combine(
    recipe: str | Path, overrides: Sequence[str], variations: Sequence[Variation]
) -> list[Combination]:
    """Makes every combination, and plans the network of each, before any is trained.

    Args:
        recipe: A file, or the name of a recipe that kcnn brings.
        overrides: Settings that all have in common.
        variations: What varies; the last varies fastest.

    Returns:
        The combinations, no two with the same settings in force.

    Raises:
        RecipeError: Some have mistakes, two are the same, or what they have in common is varied;
            all mistakes are reported.
    """
    settings = [one.setting for one in variations]
    _require_not_lost(overrides, settings)
    combinations = [
        Combination(dict(zip(settings, values, strict=True)))
        for values in product(*(one.values for one in variations))
    ]
    _require_right(recipe, overrides, combinations)
    return combinations


def short_names(settings: Sequence[str]) -> dict[str, str]:
    """Shortens dotted names to their last part, as long as that tells them apart."""
    last = {name: name.rpartition(".")[2] for name in settings}
    counts = list(last.values())
    return {name: short if counts.count(short) == 1 else name for name, short in last.items()}


def _read_variation(text: str) -> Variation:
    setting, equals, written = (part.strip() for part in text.partition("="))
    if not equals or not setting:
        raise ValueError("expected a setting and a list of its values")
    if setting == SEED:
        raise ValueError("seeds are no settings to choose by; --seeds 3 trains several of each")
    values = read_value(written)
    if not isinstance(values, list) or not values:
        raise ValueError("expected a list of values in brackets")
    return Variation(setting, tuple(values))


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-")


def _shown(value: Any) -> str:
    text = one_line(value)
    return text[1:-1] if isinstance(value, dict) and value else text


def _require_not_lost(overrides: Sequence[str], varied: Sequence[str]) -> None:
    lost = [
        f"command line, {text}: --over varies {setting}, and this would be lost; leave it out"
        for text in overrides
        for setting in varied
        if f"{text.partition('=')[0].strip()}.".startswith(f"{setting}.")
    ]
    if lost:
        raise RecipeError(lost)


def _require_right(
    recipe: str | Path, overrides: Sequence[str], combinations: Sequence[Combination]
) -> None:
    found: dict[str, list[str]] = {}  # where each mistake is found: in which combinations
    hint = None
    same: list[str] = []
    seen: list[tuple[object, str]] = []
    for one in combinations:
        try:
            settings = read_recipe(recipe, [*overrides, *one.overrides])
            plan_for_known_images(settings)
        except RecipeError as error:
            hint = error.hint
            for problem in error.problems:
                found.setdefault(problem, []).append(one.title)
            continue
        # As they were understood, where SGD and {SGD: {}} are the same.
        train = settings.train.model_copy(update={DECIDES_NOTHING: None})
        deciding = (settings.data, settings.model, train)
        same += [
            f"--over: {title} and {one.title} are the same training; leave one out"
            for other, title in seen
            if other == deciding
        ]
        seen.append((deciding, one.title))
    problems = [
        problem
        if len(titles) == len(combinations) or problem.startswith("command line,")
        else f"{problem} (with {titles[0]})"
        for problem, titles in found.items()
    ]
    if problems or same:
        raise RecipeError([*problems, *same], hint)
