"""Settings in words: what they take, their defaults, their meanings."""

from __future__ import annotations

import pytest

from kcnn.errors import RecipeError
from kcnn.recipe import read_recipe
from kcnn.recipe.augmentations import AlternatingFlip, RandAugment, RandomZoom
from kcnn.recipe.data_settings import DataSettings
from kcnn.recipe.fields import Settings
from kcnn.recipe.initializers import Whitening
from kcnn.recipe.layers import Conv2D, Dense, Repeat
from kcnn.recipe.optimizers import SGD, ConvolutionMuon
from kcnn.recipe.schedules import Step
from kcnn.recipe.schema import Fidelity, Recipe
from kcnn.recipe.train_settings import TrainSettings
from recipe_settings import Setting, settings_of, summary


def setting(kind: type[Settings], name: str) -> Setting:
    return next(setting for setting in settings_of(kind) if setting.name == name)


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        (SGD, "momentum", "a number from 0 to 1"),
        (SGD, "clipnorm", "a number above 0"),
        (SGD, "use_ema", "true or false"),
        (ConvolutionMuon, "sgd_momentum", "a number of at least 0 and below 1"),
        (Conv2D, "groups", "a whole number above 0"),
        (Conv2D, "filters", "a whole number above 0, or classes"),
        (RandAugment, "num_ops", "a whole number from 1 to 14"),
        (Repeat, "times", "a whole number above 0 and of at most 1000"),
        (Step, "epochs", "a list, each a number above 0"),
        (Fidelity, "status", "assumed, changed"),
        (Fidelity, "note", "text"),
        (
            TrainSettings,
            "learning_rate_multipliers",
            "settings, as in {name: value}; each value a number of at least 0",
        ),
    ],
)
def test_types_and_limits_in_words(kind: type[Settings], name: str, expected: str) -> None:
    assert setting(kind, name).expected == expected


@pytest.mark.parametrize(
    ("kind", "name", "override"),
    [
        (DataSettings, "dataset", "data.dataset=[]"),
        (DataSettings, "path", "data.path=[]"),
        (DataSettings, "image_size", "data.image_size=3"),
        (DataSettings, "channels", "data.channels=2"),
        (DataSettings, "validation", "data.validation=some"),
        (Recipe, "name", "name=[]"),
        (TrainSettings, "seed", "train.seed=-1"),
        (TrainSettings, "shuffle", "train.shuffle=3"),
        (RandomZoom, "height_factor", "data.augment=[{RandomZoom: {height_factor: -1}}]"),
        (Conv2D, "padding", "model.layers=[{Conv2D: {filters: 1, kernel_size: 1, padding: -1}}]"),
        (Dense, "inputs", "model.layers=[{Dense: {units: 1, inputs: []}}]"),
    ],
)
def test_words_are_those_of_messages(kind: type[Settings], name: str, override: str) -> None:
    with pytest.raises(RecipeError) as caught:
        read_recipe("digits", [override])
    (problem,) = caught.value.problems
    expected = setting(kind, name).expected.replace("a whole number of", "a number of")
    assert f"{name}: expected {expected}; got " in problem


@pytest.mark.parametrize(
    ("kind", "name", "names"),
    [
        (TrainSettings, "optimizer", "optimizer"),
        (TrainSettings, "metrics", "metric"),
        (TrainSettings, "lookahead", "Lookahead"),
        (Recipe, "published", "Published"),
        (Conv2D, "kernel_initializer", "initializer"),
        (Repeat, "body", "layer"),
        (Conv2D, "filters", ""),
    ],
)
def test_what_a_value_names(kind: type[Settings], name: str, names: str) -> None:
    assert setting(kind, name).names == names


@pytest.mark.parametrize(
    ("kind", "name", "default"),
    [
        (Conv2D, "filters", "required"),
        (Conv2D, "kernel_initializer", "Keras's"),
        (Conv2D, "use_bias", "`true`"),
        (Conv2D, "activation", ""),  # its meaning says what happens when it is left out
        (Recipe, "name", ""),
        (Recipe, "published", ""),
        (DataSettings, "augment", ""),
        (DataSettings, "path", ""),
        (TrainSettings, "loss", "`SparseCategoricalCrossentropy`"),
        (Whitening, "epsilon", "`0.0005`"),
    ],
)
def test_defaults(kind: type[Settings], name: str, default: str) -> None:
    assert setting(kind, name).default == default


def test_required_settings_come_first() -> None:
    required = [setting.default == "required" for setting in settings_of(Conv2D)]
    assert required == sorted(required, reverse=True)


def test_a_meaning_comes_from_the_nearest_class_that_has_one() -> None:
    assert setting(Dense, "kernel_initializer").meaning == "Initial values of these weights."
    assert "Whitening" in setting(Conv2D, "kernel_initializer").meaning
    assert setting(Conv2D, "name").meaning.startswith("Name for later layers")


def test_a_meaning_of_several_lines_is_one_line() -> None:
    assert setting(TrainSettings, "sampling").meaning == (
        "Whether an epoch shows every image once, draws as many images at random, so that some "
        "come twice and others not at all, or shows each class equally often (balanced): all "
        "images of a rare class several times, and a new part of a frequent one in each epoch."
    )


def test_a_summary_ends_before_the_arguments() -> None:
    assert summary(Dense) == "Every output reads every input."
    first, second = summary(AlternatingFlip).split("\n\n")
    assert first.endswith("(Jordan, 2024).")
    assert second.endswith("shows half of the images the same way twice.")
