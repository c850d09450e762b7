"""The word `classes` for the number of outputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kcnn.recipe import read_recipe
from kcnn.recipe.class_count import count_classes, needs_class_count
from kcnn.recipe.layers import Conv2D, Dense
from kcnn.recipe.write import resolved_yaml

CLASSES = """\
data: {dataset: mnist}
model:
  layers:
    - Conv2D: {filters: 4, kernel_size: 3, name: classes}
    - Repeat: {times: 1, body: [{Conv2D: {filters: classes, kernel_size: 1}}]}
    - GlobalAveragePooling2D
    - Dense: {units: classes}
train: {epochs: 1, optimizer: Adam}
"""


def test_writes_the_number_into_every_layer(recipe_file: Callable[[str], str]) -> None:
    recipe = read_recipe(recipe_file(CLASSES))
    assert needs_class_count(recipe)
    counted = count_classes(recipe, 7)
    first, repeat, _, dense = counted.model.layers
    assert isinstance(first, Conv2D)
    assert (first.name, first.filters) == ("classes", 4)
    assert repeat.body[0].filters == dense.units == 7
    assert not needs_class_count(counted)
    assert counted.origin.content == recipe.origin.content
    Path("resolved.yaml").write_text(resolved_yaml(counted))
    again = read_recipe("resolved.yaml")
    assert again.model == counted.model
    assert count_classes(again, 3) is again


def test_resolved_yaml_keeps_the_word_until_classes_are_counted(recipe_file) -> None:
    text = resolved_yaml(read_recipe(recipe_file(CLASSES)))
    assert "Dense: {units: classes}" in text


def test_a_number_from_the_command_line(recipe_file) -> None:
    recipe = read_recipe(recipe_file(CLASSES), ["model.layers[3].Dense.units=5"])
    assert count_classes(recipe, 7).model.layers[3] == Dense(units=5)


@pytest.mark.parametrize("word", ["clases", "Classes", "class"])
def test_a_misspelled_word(problems: Callable[..., list[str]], word: str) -> None:
    (problem,) = problems(CLASSES.replace("units: classes", f"units: {word}"))
    assert problem == (
        "net.yaml:7: model.layers[3].Dense.units: expected a whole number above 0, or classes; "
        f"got '{word}'; did you mean classes?"
    )
