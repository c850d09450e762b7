"""Settings that stand outside of the optimizer, and schedules that stand in place of its rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from kcnn.recipe.kinds import spellings
from kcnn.recipe.messages.elsewhere import settings_at
from kcnn.recipe.messages.forms import own_form
from kcnn.recipe.messages.python_text import find_call
from kcnn.recipe.messages.wording import nearest, suggest
from kcnn.recipe.messages.words import advice_for, same_setting
from kcnn.recipe.optimizers import OPTIMIZERS, SCHEDULES
from kcnn.recipe.source import Location, Source

_SETTINGS = frozenset(name for kind in OPTIMIZERS.values() for name in kind.model_fields)
# Where people write them: beside the optimizer, among the layers, at the left edge.
_SECTIONS: tuple[Location, ...] = (("train",), ("model",), ())
# What examples of schedules set that need settings.
_LIKELY_SCHEDULES: dict[str, dict[str, Any]] = {
    "Exponential": {"factor": 0.9},
    "Step": {"epochs": [10, 15]},
}


@dataclass(frozen=True)
class _Optimizer:
    """The optimizer of a recipe.

    Args:
        name: As the recipe spells it.
        kind: Its class.
        settings: What the recipe sets in it.
    """

    name: str
    kind: type[BaseModel]
    settings: Mapping[str, Any]


def into_optimizer(loc: Location, source: Source) -> str | None:
    """Says how a setting of the optimizer gets into it; None for another setting.

    Args:
        loc: Where it stands, outside of the optimizer.
        source: The recipe, which knows the optimizer and what else stands outside.
    """
    *section, word = loc
    if tuple(section) not in _SECTIONS or not same_setting(str(word), _SETTINGS):
        return None
    optimizer = _optimizer(source)
    if optimizer is None:
        return "belongs to the optimizer; move it into its braces, in train.optimizer"
    name, known = optimizer.name, optimizer.kind.model_fields
    setting = same_setting(str(word), known)
    if setting is None:
        return f"{name} has none of this name{suggest(str(word), known)}"
    if setting in optimizer.settings:
        return f"belongs to {name}, which has {setting} already; keep one, there"
    if loc in source.overrides:
        value = source.overrides[loc].partition("=")[2]
        return f"belongs to the optimizer; write train.optimizer.{name}.{setting}={value}"
    # All that stands outside, so that of several settings each is told the same mend.
    written = own_form(name, optimizer.kind, (), _together(optimizer, source))
    if written is None:
        return f"belongs to the optimizer; move it into the braces of {name}"
    where = "" if section == ["train"] else " in train"
    return f"belongs to the optimizer; take it out here and write optimizer: {{{written}}}{where}"


def schedule_hint(value: Any) -> str:
    """Says where a schedule belongs that stands in place of a learning rate, as in Keras.

    Args:
        value: What stands there.

    Returns:
        `; write …` or the like; the empty string for what is no schedule.
    """
    text = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else value
    if not isinstance(text, str):
        return ""
    word = text.partition("(")[0].rpartition(".")[2]
    name = spellings(SCHEDULES).get(word) or nearest(word, SCHEDULES)
    if name:
        written = own_form(name, SCHEDULES[name], (), _LIKELY_SCHEDULES.get(name, {})) or name
        schedule = f"{{{written}}}" if ": " in written else written
        rate = _highest_rate(value, word)
        return (
            f"; write {'the highest rate' if rate is None else rate} here, and the schedule in "
            f"train, as in learning_rate_schedule: {schedule}"
        )
    advice = advice_for(word, SCHEDULES)
    return f"; a schedule belongs to train; of {word}: {advice}" if advice else ""


def _optimizer(source: Source) -> _Optimizer | None:
    written = settings_at(("train",), source).get("optimizer")
    name, settings = written, None
    if isinstance(written, dict) and len(written) == 1:
        ((name, settings),) = written.items()
    known = spellings(OPTIMIZERS).get(name) if isinstance(name, str) else None
    if known is None or not isinstance(settings, dict | None):
        return None
    return _Optimizer(str(name), OPTIMIZERS[known], settings or {})


def _together(optimizer: _Optimizer, source: Source) -> dict[str, Any]:
    """Joins what is set in the optimizer and what stands outside of it, in the file's order."""
    outside: dict[str, Any] = {}
    known = optimizer.kind.model_fields
    for section in _SECTIONS:
        for word, value in settings_at(section, source).items():
            if setting := same_setting(word, _SETTINGS) and same_setting(word, known):
                outside.setdefault(setting, value)
    return {**outside, **optimizer.settings}


def _highest_rate(schedule: Any, word: str) -> float | None:
    """Gives the rate that one of Keras's schedules starts from; None when it cannot be told."""
    rate: Any
    if isinstance(schedule, dict):
        (settings,) = schedule.values()
        rate = settings.get("initial_learning_rate") if isinstance(settings, dict) else None
    else:
        call = find_call(schedule, (word,))
        values = [call.settings.get("initial_learning_rate"), *call.values] if call else []
        rate = next((value for value in values if value is not None), None)
    return rate if type(rate) in (int, float) and rate > 0 else None
