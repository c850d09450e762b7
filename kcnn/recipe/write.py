"""Write the settings in force as a recipe that reads back the same."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from kcnn.recipe.applications.settings import make_weights_absolute
from kcnn.recipe.data_settings import DataSettings
from kcnn.recipe.fields import Settings
from kcnn.recipe.schema import Recipe
from kcnn.recipe.strict_yaml import read_plain
from kcnn.recipe.train_settings import TrainSettings


def resolved_yaml(recipe: Recipe) -> str:
    """Return every setting in force: those of the recipe, overrides, and kcnn's own defaults.

    Keras's defaults (of layers, optimizers and so on) are left out.

    Args:
        recipe: A recipe as it was read.

    Returns:
        YAML that `kcnn fit` takes as it is, from any directory.
    """
    written = copy.deepcopy(recipe.origin.settings)
    settings = {
        **written,
        "data": _in_force(DataSettings, written["data"]),
        "train": _in_force(TrainSettings, written["train"]),
    }
    if recipe.data.path is not None:
        settings["data"]["path"] = str(Path(recipe.data.path).absolute())
    if recipe.train.initial_weights is not None:
        settings["train"]["initial_weights"] = str(recipe.train.initial_weights.absolute())
    make_weights_absolute(settings)
    return yaml.dump(
        settings, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100,
        default_flow_style=None,
    )  # fmt: skip


def yaml_line(value: Any) -> str:
    """Return a plain value in one line of YAML, as in `setting=value` on the command line."""
    text = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=float("inf"),
        default_flow_style=True,
    )  # fmt: skip
    return text.removesuffix("\n").removesuffix("\n...")


def _in_force(section: type[BaseModel], written: Mapping[str, Any]) -> dict[str, Any]:
    settings = {**_defaults(section), **written}
    return {name: settings[name] for name in section.model_fields if name in settings}


def _defaults(section: type[BaseModel]) -> dict[str, Any]:
    return {
        name: type(field.default).__name__ if isinstance(field.default, Settings) else field.default
        for name, field in section.model_fields.items()
        if not field.is_required() and field.default not in (None, [])
    }


class _Dumper(yaml.SafeDumper):
    """A writer for our own reader, which takes more texts for numbers than PyYAML does."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    plain = text.isprintable() and read_plain(text) == text
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _represent_text)
