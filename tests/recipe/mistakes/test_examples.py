from __future__ import annotations

import pytest

from kcnn.recipe import read_recipe
from kcnn.recipe.classes import _CLASSES
from kcnn.recipe.fields import Settings
from kcnn.recipe.mistakes.examples import example_of, in_braces
from kcnn.recipe.mistakes.wrong_section import section_of
from kcnn.recipe.schema import Fidelity, Published, Recipe
from kcnn.recipe.write import resolved_yaml

# Where the classes of each table stand in a recipe.
LAYERS = "model.layers=[{}, Flatten, {{Dense: {{units: 10}}}}]"
CONVOLUTION = "model.layers[0].Conv2D"
OVERRIDES = {
    "layers": LAYERS,
    "augment": "data.augment=[{}]",
    "optimizer": "train.optimizer={}",
    "learning_rate_schedule": "train.learning_rate_schedule={}",
    "loss": "train.loss={}",
    "metrics": "train.metrics=[{}]",
    "initializer": f"{CONVOLUTION}.bias_initializer={{}}",
    "kernel_initializer": f"{CONVOLUTION}.kernel_initializer={{}}",
    "regularizer": f"{CONVOLUTION}.kernel_regularizer={{}}",
    "constraint": f"{CONVOLUTION}.kernel_constraint={{}}",
}
CLASSES = [(table, name) for table in OVERRIDES for name in _CLASSES[table]]


@pytest.mark.parametrize(("table", "name"), CLASSES)
def test_the_example_of_a_class_has_no_mistakes(
    recipe_file, base: str, table: str, name: str
) -> None:
    kind = _CLASSES[table][name]
    file = recipe_file(
        base.replace("Flatten", "Conv2D: {filters: 8, kernel_size: 3}\n    - Flatten")
    )
    sparse = getattr(kind, "targets", "one_hot") == "sparse"
    loss = f"{'sparse_' if sparse else ''}categorical_crossentropy"
    override = OVERRIDES[table].format(in_braces(example_of(name, kind)))
    recipe = read_recipe(
        file, [f"train.loss={loss}", "train.epochs=9", "data.validation=9", override]
    )
    assert name in resolved_yaml(recipe)


@pytest.mark.parametrize(
    ("section", "setting"),
    [
        ("", "data"),
        ("", "model"),
        ("", "train"),
        ("data", "test_time_augmentation"),
        ("train", "lookahead"),
        ("train", "early_stopping"),
    ],
)
def test_the_example_of_a_section_has_no_mistakes(recipe_file, section: str, setting: str) -> None:
    owner = section_of(Recipe, section) or Recipe
    kind = section_of(owner, setting)
    assert kind
    written = {
        "data": "dataset: mnist",
        "model": "layers: [Flatten, {Dense: {units: 10}}]",
        "train": "epochs: 2, optimizer: Adam",
    }
    example = example_of(setting, kind)
    if section:
        written[section] += f", {example}"
    lines = [f"{name}: {{{settings}}}" for name, settings in written.items() if name != setting]
    lines += [] if section else [example]
    read_recipe(recipe_file("\n".join(lines)), ["data.validation=9"])


@pytest.mark.parametrize(("setting", "kind"), [("published", Published), ("fidelity", Fidelity)])
def test_the_example_of_an_item_has_no_mistakes(
    recipe_file, base: str, setting: str, kind: type[Settings]
) -> None:
    recipe = read_recipe(recipe_file(f"{base}{setting}: [{example_of('', kind)}]"))
    assert [type(item) for item in getattr(recipe, setting)] == [kind]


def test_every_table_of_classes_is_tested() -> None:
    assert OVERRIDES.keys() | {"body", "shortcut"} == _CLASSES.keys()
