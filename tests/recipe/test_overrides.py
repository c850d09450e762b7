from __future__ import annotations

import pytest

from kcnn.errors import RecipeError
from kcnn.recipe import read_recipe

ADAM = "optimizer: Adam"


def settings_with(recipe_file, text: str, *overrides: str) -> dict:
    return dict(read_recipe(recipe_file(text), overrides).origin.settings)


@pytest.mark.parametrize(
    ("overrides", "section", "expected"),
    [
        (["train.epochs=5"], "train", {"epochs": 5, "optimizer": "Adam"}),
        (["train.epochs=5", "train.epochs=6"], "train", {"epochs": 6, "optimizer": "Adam"}),
        (["train.batch_size=1", "train.seed=007"], "train",
         {"epochs": 2, "optimizer": "Adam", "batch_size": 1, "seed": 7}),
        (["train={epochs: 1, optimizer: SGD}"], "train", {"epochs": 1, "optimizer": "SGD"}),
        (["train.optimizer=SGD"], "train", {"epochs": 2, "optimizer": "SGD"}),
        (["train.optimizer={SGD: {momentum: 0.9}}"], "train",
         {"epochs": 2, "optimizer": {"SGD": {"momentum": 0.9}}}),
        (["train.optimizer.Adam.learning_rate=3e-4"], "train",
         {"epochs": 2, "optimizer": {"Adam": {"learning_rate": 3e-4}}}),
        (["train.optimizer.adam.learning_rate=3e-4", "train.optimizer.Adam.beta_1=0.8"], "train",
         {"epochs": 2, "optimizer": {"Adam": {"learning_rate": 3e-4, "beta_1": 0.8}}}),
        (["train.optimizer=SGD", "train.optimizer.SGD.momentum=0.9"], "train",
         {"epochs": 2, "optimizer": {"SGD": {"momentum": 0.9}}}),
        (["train.optimizer=sgd", "train.optimizer.SGD.momentum=0.9"], "train",
         {"epochs": 2, "optimizer": {"SGD": {"momentum": 0.9}}}),
        (["train.optimizer={SGD: }", "train.optimizer.SGD.momentum=0.9"], "train",
         {"epochs": 2, "optimizer": {"SGD": {"momentum": 0.9}}}),
        (["train.learning_rate_schedule.Cosine.warmup_epochs=1"], "train",
         {"epochs": 2, "optimizer": "Adam",
          "learning_rate_schedule": {"Cosine": {"warmup_epochs": 1}}}),
        (["train.early_stopping.monitor=accuracy"], "train",
         {"epochs": 2, "optimizer": "Adam", "early_stopping": {"monitor": "accuracy"}}),
        (["train.metrics=[{AUC: {curve: PR}}]", "train.loss=categorical_crossentropy",
          "train.metrics[0].AUC.multi_label=true", "model.layers[1].Dense.activation=softmax"],
         "train",
         {"epochs": 2, "optimizer": "Adam", "loss": "categorical_crossentropy",
          "metrics": [{"AUC": {"curve": "PR", "multi_label": True}}]}),
        (["model.layers[1].Dense.units=11"], "model",
         {"layers": ["Flatten", {"Dense": {"units": 11}}]}),
        (["model.layers[0].Flatten.name=rows"], "model",
         {"layers": [{"Flatten": {"name": "rows"}}, {"Dense": {"units": 10}}]}),
        (["model.layers[0]=GlobalMaxPooling2D"], "model",
         {"layers": ["GlobalMaxPooling2D", {"Dense": {"units": 10}}]}),
        (["model.layers[1].Dense.kernel_regularizer.L2.l2=1e-4"], "model",
         {"layers": ["Flatten",
                     {"Dense": {"units": 10, "kernel_regularizer": {"L2": {"l2": 1e-4}}}}]}),
        (["data.augment=[RandomFlip]", "data.augment[0].RandomFlip.mode=vertical"], "data",
         {"dataset": "mnist", "augment": [{"RandomFlip": {"mode": "vertical"}}]}),
        (["data.image_size=[16,16]"], "data", {"dataset": "mnist", "image_size": [16, 16]}),
        (["name=", "name=other"], "name", "other"),
        (["about=a = b"], "about", "a = b"),
    ],
)  # fmt: skip
def test_accepts_every_form_of_override(
    recipe_file, base: str, overrides: list[str], section: str, expected
) -> None:
    assert settings_with(recipe_file, base, *overrides)[section] == expected


def test_overrides_nested_layers(recipe_file, base: str) -> None:
    text = base.replace("- Flatten", "- Repeat: {times: 2, body: [{Residual: {body: [ReLU]}}]}")
    recipe = read_recipe(
        recipe_file(text.replace("- Dense", "- Flatten\n    - Dense")),
        ["model.layers[0].Repeat.body[0].Residual.body[0].ReLU.max_value=6"],
    )
    assert recipe.model.layers[0].body[0].body[0].max_value == 6


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("train.epochs", "expected setting=value"),
        ("=3", "'' is not the name of a setting"),
        ("train..epochs=3", "'train..epochs' is not the name of a setting"),
        ("model.layers[x]=Flatten", "'model.layers[x]' is not the name of a setting"),
        ("model.layers[-1]=Flatten", "'model.layers[-1]' is not the name of a setting"),
        ("train.epochs=yes", 'yes: write true, or "yes" if the word is meant'),
        ("train.epochs=!!int 3", "tag tag:yaml.org,2002:int: tags are not part of a recipe"),
        ("train={epochs: 1, epochs: 2}", "epochs: is set twice; line 1 has it already"),
        ("model.layers[2]=Flatten", "[2]: the list has 2 items, the first is [0]"),
        ("model.layers[2].Dense.units=1", "[2]: the list has 2 items, the first is [0]"),
        ("model.layers.first=Flatten",
         "first: this is a list; name an item by its number, as in [0]"),
        ("train[0]=1", "[0]: there is no list here; write the whole list, as in [a, b]"),
        ("train.optimizer[0]=1", "[0]: there is no list here; write the whole list, as in [a, b]"),
        ("data.augment[0].RandomFlip.mode=vertical",
         "[0]: there is no list here; write the whole list, as in [a, b]"),
        ("train.epochs.x=1", "x: the value before it, 2, has no settings"),
        ("train.epochs.x.y=1", "x: the value before it, 2, has no settings"),
        ("data.dataset.x=1", "x: the value before it, 'mnist', has no settings"),
        ("train.optimizer.SGD.momentum=0.9",
         "train.optimizer is Adam; to replace it write 'train.optimizer={SGD: {momentum: 0.9}}'"),
        ("train.optimizer.sgd.momentum=0.9",
         "train.optimizer is Adam; to replace it write 'train.optimizer={sgd: {momentum: 0.9}}'"),
        ("train.optimizer.learning_rate=0.9",
         "train.optimizer is Adam; write train.optimizer.Adam.learning_rate=0.9"),
        ("model.layers[1].Conv2D.filters=3",
         "model.layers[1] is Dense; to replace it write 'model.layers[1]={Conv2D: {filters: 3}}'"),
        ("model.layers[1].units=3",
         "model.layers[1] is Dense; write model.layers[1].Dense.units=3"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("adam", ["Adam", "{Adam: {learning_rate: 0.1}}", "adam", "{adam: }"])
def test_refuses_invalid_overrides(
    problems, base: str, adam: str, override: str, message: str
) -> None:
    text = base.replace(ADAM, f"optimizer: {adam}")
    assert problems(text, override) == [f"command line, {override}: {message}"]


@pytest.mark.parametrize("override", ["train.epochs=1\n2", "tra\nin=1", "about=\udcff", "a=\t1"])
def test_refuses_characters_that_cannot_be_printed(problems, base: str, override: str) -> None:
    (problem,) = problems(base, override)
    assert problem == f"command line, {override!r}: expected one line of printable characters"
    assert problem.isprintable()


def test_reports_all_refused_overrides_at_once(recipe_file, base: str) -> None:
    with pytest.raises(RecipeError) as caught:
        read_recipe(recipe_file(base), ["a", "train.epochs=1", "b"])
    assert caught.value.problems == (
        "command line, a: expected setting=value",
        "command line, b: expected setting=value",
    )
    assert caught.value.hint == "write setting=value, as in train.epochs=5"


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["train.epochs=0"], ["command line, train.epochs=0: train.epochs: expected a number above "
                              "0; got 0"]),
        (["train.epoch=3"], ["command line, train.epoch=3: train.epoch: unknown setting; "
                             "did you mean epochs?"]),
        (["trian.epochs=3"], ["command line, trian.epochs=3: trian: unknown setting; did you mean "
                              "train?"]),
        (["train.optimizer={Adam: {learning_rate: high}}"],
         ["command line, train.optimizer={Adam: {learning_rate: high}}: "
          "train.optimizer.Adam.learning_rate: expected a number; got 'high'"]),
        (["train.optimizer.adam.epsilon=0"],
         ["command line, train.optimizer.adam.epsilon=0: train.optimizer.Adam.epsilon: expected a "
          "number above 0; got 0"]),
        (["train.optimizer.Adam.epsilon=0", "train.optimizer=Adm"],
         ["command line, train.optimizer=Adm: train.optimizer: unknown optimizer 'Adm'; did you "
          "mean Adam?"]),
        (["train.early_stopping.patience=3"],
         ["command line, train.early_stopping.patience=3: train.early_stopping: monitors val_loss, "
          "which needs validation images; set data.validation"]),
        (["data.dataset=npz"],
         ["net.yaml:1: data: dataset npz needs path, as in path: photos.npz"]),
    ],
)  # fmt: skip
def test_mistakes_name_the_override(problems, base: str, overrides, expected) -> None:
    assert problems(base, *overrides) == expected


def test_an_override_fixes_a_mistake_of_the_file(recipe_file, base: str) -> None:
    text = base.replace("epochs: 2", "epochs: 0")
    assert settings_with(recipe_file, text, "train.epochs=1")["train"]["epochs"] == 1


def test_overrides_only_the_named_use_of_an_anchor(recipe_file, base: str) -> None:
    text = base.replace(
        "- Flatten", "- Dense: &dense {units: 3}\n    - Dense: *dense\n    - Flatten"
    )
    layers = settings_with(recipe_file, text, "model.layers[0].Dense.units=4")["model"]["layers"]
    assert layers[:2] == [{"Dense": {"units": 4}}, {"Dense": {"units": 3}}]
