"""The page of all settings is complete, and its examples work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from typing_extensions import TypeAliasType

from kcnn.commands.check import check
from kcnn.recipe.fields import Settings
from kcnn.recipe.kinds import OneOf
from kcnn.recipe.schema import Recipe
from kcnn.recipe.strict_yaml import read_yaml
from recipe_settings import settings_of, summary
from write_recipe import SECTIONS

FILE = Path(__file__).resolve().parents[2] / "docs" / "recipe.md"
PAGE = FILE.read_text(encoding="utf-8")
WHOLE, *EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)


def named_in(*parts: Any) -> Iterator[type[Settings]]:
    """Yield the classes that an annotation and its metadata allow."""
    marks = [part for part in parts if isinstance(part, OneOf)]
    for part in marks or parts:
        if isinstance(part, OneOf):
            yield from part.kinds.values()
        elif isinstance(part, TypeAliasType):
            yield from named_in(part.__value__)
        elif isinstance(part, type) and issubclass(part, Settings):
            yield part
        else:
            yield from named_in(*get_args(part))


def contained_in(kind: type[Settings], found: list[type[Settings]]) -> list[type[Settings]]:
    """Collect a class and all classes that a recipe may have inside it, each once."""
    if kind not in found:
        found.append(kind)
        for field in kind.model_fields.values():
            for named in named_in(field.annotation, *field.metadata):
                contained_in(named, found)
    return found


CLASSES = contained_in(Recipe, [])


def test_classes_were_found() -> None:
    names = {kind.__name__ for kind in CLASSES}
    assert {"Lookahead", "MixUp", "Residual", "Whitening", "L1L2", "Triangle", "AUC"} <= names
    tables = (section.kinds for section in SECTIONS)
    assert {kind for kinds in tables for kind in kinds} <= set(CLASSES)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_class_is_on_the_page_with_every_setting(kind: type[Settings]) -> None:
    assert summary(kind) and all(text in PAGE for text in summary(kind).split("\n\n"))
    is_section = kind in {section.settings for section in SECTIONS}
    assert is_section or f"**`{kind.__name__}`**" in PAGE
    assert all(f"`{name}`" in PAGE for name in kind.model_fields)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
def test_only_arguments_of_keras_have_no_meaning(section: Any) -> None:
    of_keras = [
        kind for kind in section.kinds if section.keras and "not in Keras" not in summary(kind)
    ]
    ours = {section.settings, *section.kinds, *section.shared} - {None, *of_keras}
    unexplained = {
        (kind.__name__, setting.name)
        for kind in ours
        for setting in settings_of(kind)
        if not setting.meaning
    }
    assert not unexplained


@pytest.mark.parametrize("example", ["", *EXAMPLES])
def test_examples_are_parts_of_a_recipe(example: str, tmp_path: Path) -> None:
    settings, part = read_yaml(WHOLE.encode()).value, read_yaml(example.encode()).value or {}
    for name, section in part.items():
        both = isinstance(section, dict) and name in settings
        settings[name] = settings[name] | section if both else section
    file = tmp_path / "example.yaml"
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    assert check(file).plan is not None
