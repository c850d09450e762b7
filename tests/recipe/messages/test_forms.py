from __future__ import annotations

from pathlib import Path

import pytest

from kcnn.errors import RecipeError
from kcnn.recipe import read_recipe
from kcnn.recipe.classes import _CLASSES
from kcnn.recipe.kinds import Kinds
from kcnn.recipe.messages.forms import form, needs_settings
from kcnn.recipe.strict_yaml import read_yaml

PUBLISHED = "{metric: test_accuracy, value: 0.5, source: the report}"


@pytest.mark.parametrize("kinds", _CLASSES.values(), ids=_CLASSES)
def test_every_form_is_right(kinds: Kinds) -> None:
    for name, kind in kinds.items():
        shown = read_yaml(form(name, kind).encode()).value
        if isinstance(shown, dict):
            if "…" not in shown[name].values():
                kind.model_validate(shown[name])
        else:
            assert shown == name and not needs_settings(kind)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("Dropout: 0.3", ".Dropout: expected settings, as in Dropout: {rate: 0.3}; got 0.3"),
        ("Dropout: 3", ".Dropout: expected settings, as in Dropout: {rate: 0.5}; got 3"),
        ("Activation: tanh",
         ".Activation: expected settings, as in Activation: {activation: tanh}; got 'tanh'"),
        ("LeakyReLU: 0.1",
         ".LeakyReLU: expected settings, as in LeakyReLU: {negative_slope: 0.1}; got 0.1"),
        ("Conv2D: 16",
         ".Conv2D: expected settings, as in Conv2D: {filters: 16, kernel_size: 3}; got 16"),
        ("Reshape: [49, 1]",
         ".Reshape: expected settings, as in Reshape: {target_shape: [49, 1]}; got [49, 1]"),
        ("Flatten: 3", ".Flatten: has no settings; write Flatten alone; got 3"),
        ("Dense: {units: 1, kernel_regularizer: {L2: 0.02}}", ".Dense.kernel_regularizer.L2: "
         "expected settings, as in L2: {l2: 0.02}; got 0.02"),
        ("Residual: {body: ReLU}", ".Residual.body: expected a list, as in [ReLU], or a line with "
         "a dash for each, as in - ReLU; got 'ReLU'"),
        # Python pasted
        ("Conv2D(32, (3,3), activation='relu')",
         ": \"Conv2D(32, (3,3), activation='relu')\" is Python's spelling; write Conv2D: {filters: "
         "32, kernel_size: 3}"),
        ("model.add(Dense(10))",
         ": 'model.add(Dense(10))' is Python's spelling; write Dense: {units: 10}"),
        ("keras.layers.Flatten()",
         ": 'keras.layers.Flatten()' is Python's spelling; write Flatten"),
        ("nn.GELU()", ": unknown layer 'GELU'; write Activation: {activation: gelu}"),
        ("Dense: {units: 1, kernel_regularizer: l2(0.01)}",
         ".Dense.kernel_regularizer: 'l2(0.01)' is Python's spelling; write L2: {l2: 0.01}"),
        ("Conv2D: {filters=16, kernel_size: 3}",
         ".Conv2D.filters=16: expected a colon, not =; write filters: 16"),
        ("Conv2D: {filters:16, kernel_size: 3}",
         ".Conv2D.filters:16: expected a space after the colon; write filters: 16"),
        ("Conv2D: {filters: 16, kernel_size: (3, 3)}",
         ".Conv2D.kernel_size: expected a positive whole number or two, as in 3 or [3, 5]; got "
         "'(3'; write brackets in place of parentheses, as in [3, 3]"),
        ("Flatten: {3): }", ".Flatten.3): unknown setting; known here: name, inputs"),
        # dashes and colons
        ("ReLU\n     - Flatten", ": 'ReLU - Flatten': the dash of the next line is indented too "
         "far; line it up with the dash above"),
        ("Dense:{units: 3}",
         ": 'Dense:{units': settings follow a colon and a space; write Dense: {…}"),
        ("Dense {units: 3}",
         ": 'Dense {units': settings follow a colon and a space; write Dense: {…}"),
    ],
)  # fmt: skip
def test_layers(problems, base: str, layer: str, message: str) -> None:
    assert problems(base.replace("Flatten", layer)) == [f"net.yaml:5: model.layers[0]{message}"]


@pytest.mark.parametrize(
    ("written", "changed", "message"),
    [
        ("\n  dataset: mnist", " cifar10",
         "1: data: expected settings, as in data: {dataset: cifar10}; got 'cifar10'"),
        ("Adam", "Adam\n  early_stopping: 7", "10: train.early_stopping: expected settings, as in "
         "early_stopping: {patience: 7}; got 7"),
        ("Adam", "{Adam: 0.01}", "9: train.optimizer.Adam: expected settings, as in Adam: "
         "{learning_rate: 0.01}; got 0.01"),
        ("Adam", "Adam(learning_rate=0.1)", "9: train.optimizer: 'Adam(learning_rate=0.1)' is "
         "Python's spelling; write Adam: {learning_rate: 0.001}"),
        ("Adam", "keras.optimizers.Adam",
         "9: train.optimizer: 'keras.optimizers.Adam' is Python's spelling; write Adam"),
        ("Adam", "Adam\n  metrics: accuracy", "10: train.metrics: expected a list, as in "
         "[accuracy], or a line with a dash for each, as in - accuracy; got 'accuracy'"),
        ("Adam", "Adam\npublished: 0.9", f"10: published: expected a list, as in [{PUBLISHED}], or "
         f"a line with a dash for each, as in - {PUBLISHED}; got 0.9"),
        ("Adam", "Adam\npublished: [0.9]",
         f"10: published[0]: expected settings, as in {PUBLISHED}; got 0.9"),
    ],
)  # fmt: skip
def test_elsewhere(problems, base: str, written: str, changed: str, message: str) -> None:
    assert problems(base.replace(written, changed)) == [f"net.yaml:{message}"]


def test_layers_without_dashes(problems, base: str) -> None:
    text = base.replace("- Flatten\n    - Dense", "Flatten:\n    Dense")
    assert problems(text) == [
        "net.yaml:4: model.layers: expected a list, as in [Flatten], or a line with a dash for "
        "each, as in - Flatten; got {Flatten: null, Dense: {units: 10}}"
    ]


def test_a_python_file(recipe_file) -> None:
    Path(recipe_file()).write_text("# my net\nimport keras\nfrom keras import layers\n")
    with pytest.raises(RecipeError) as caught:
        read_recipe("net.yaml")
    assert caught.value.problems == (
        "net.yaml:2: a Python program, not a recipe; a recipe is YAML, with data:, model: and "
        "train:",
    )
