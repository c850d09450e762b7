from __future__ import annotations

import inspect
from pathlib import Path

import keras
import pytest

from kcnn.errors import RecipeError
from kcnn.recipe import read_recipe
from kcnn.recipe.classes import _CLASSES
from kcnn.recipe.kinds import Kinds
from kcnn.recipe.messages.forms import IN_ORDER, form, needs_settings
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
        ("Conv2D: [64, 5]",
         ".Conv2D: expected settings, as in Conv2D: {filters: 64, kernel_size: 5}; got [64, 5]"),
        ("Conv2D: 64, 5",
         ".Conv2D: expected settings, as in Conv2D: {filters: 64, kernel_size: 5}; got '64, 5'"),
        ("Dense: units=12",
         ".Dense: expected settings, as in Dense: {units: 12}; got 'units=12'"),
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
         "32, kernel_size: [3, 3], activation: relu}"),
        ("model.add(Dense(128))",
         ": 'model.add(Dense(128))' is Python's spelling; write Dense: {units: 128}"),
        ("Dense(128, 'relu', use_bias=False)",
         ": \"Dense(128, 'relu', use_bias=False)\" is Python's spelling; write Dense: {units: "
         "128, activation: relu, use_bias: false}"),
        ("LeakyReLU(alpha=0.3)",
         ": 'LeakyReLU(alpha=0.3)' is Python's spelling; write LeakyReLU: {negative_slope: 0.3}"),
        ("keras.layers.Flatten()",
         ": 'keras.layers.Flatten()' is Python's spelling; write Flatten"),
        ("Flatten(input_shape=(28, 28))",
         ": 'Flatten(input_shape=(28, 28))' is Python's spelling; write Flatten"),
        # what cannot all be carried over is told by an example
        ("Dense(128, kernel_regularizer=l2(0.1))", ": 'Dense(128, kernel_regularizer=l2(0.1))' is "
         "Python's spelling; here it is as in Dense: {units: 10}"),
        ("Dense(-1)", ": 'Dense(-1)' is Python's spelling; here it is as in Dense: {units: 10}"),
        ("Dense(1, 2, 3)",
         ": 'Dense(1, 2, 3)' is Python's spelling; here it is as in Dense: {units: 10}"),
        ("Dense(units)",
         ": 'Dense(units)' is Python's spelling; here it is as in Dense: {units: 10}"),
        ("Dense(8), Dense(9)", ": 'Dense(8), Dense(9)' is Python's spelling; here it is as in "
         "Dense: {units: 10}"),
        ("Dense(10", ": 'Dense(10' is Python's spelling; here it is as in Dense: {units: 10}"),
        ("nn.GELU()", ": unknown layer 'GELU'; write Activation: {activation: gelu}"),
        ("Dense: {units: 1, kernel_regularizer: l2(0.001)}", ".Dense.kernel_regularizer: "
         "'l2(0.001)' is Python's spelling; write kernel_regularizer: {L2: {l2: 0.001}}"),
        ("Dense: (12)", ".Dense: expected settings, as in Dense: {units: 12}; got '(12)'"),
        ("Reshape: (49, 16)",
         ".Reshape: expected settings, as in Reshape: {target_shape: [49, 16]}; got '(49, 16)'"),
        ("Conv2D: {filters=16, kernel_size: 3}",
         ".Conv2D.filters=16: expected a colon, not =; write filters: 16"),
        ("Conv2D: {filters:16, kernel_size: 3}",
         ".Conv2D.filters:16: expected a space after the colon; write filters: 16"),
        ("Flatten: {3): }", ".Flatten.3): unknown setting; known here: name, inputs"),
        # dashes and colons
        ("ReLU\n     - Flatten", ": 'ReLU - Flatten': the dash of the next line is indented too "
         "far; line it up with the dash above"),
        ("Dense:{units: 3}",
         ": 'Dense:{units': settings follow a colon and a space; write Dense: {units: 3}"),
        ("Dense {units: 3}",
         ": 'Dense {units': settings follow a colon and a space; write Dense: {units: 3}"),
        ("Dense:{}",
         ": 'Dense:{}': settings follow a colon and a space, as in Dense: {units: 10}"),
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
         "Python's spelling; write optimizer: {Adam: {learning_rate: 0.1}}"),
        ("Adam", "keras.optimizers.SGD(0.05, momentum=0.9)", "9: train.optimizer: "
         "'keras.optimizers.SGD(0.05, momentum=0.9)' is Python's spelling; write optimizer: "
         "{SGD: {learning_rate: 0.05, momentum: 0.9}}"),
        ("Adam", "SGD(lr=0.05)", "9: train.optimizer: 'SGD(lr=0.05)' is Python's spelling; write "
         "optimizer: {SGD: {learning_rate: 0.05}}"),
        ("Adam", "Adam(momentum=0.9)", "9: train.optimizer: 'Adam(momentum=0.9)' is Python's "
         "spelling; here it is as in Adam: {learning_rate: 0.001}"),
        ("Adam", "keras.optimizers.Adam",
         "9: train.optimizer: 'keras.optimizers.Adam' is Python's spelling; write optimizer: Adam"),
        ("Adam", "{Adam, learning_rate: 0.01}",
         "9: train.optimizer: learning_rate: beside Adam; write optimizer: {Adam: {learning_rate: "
         "0.01}}"),
        ("Adam", "{Adam, rate: 0.01}", "9: train.optimizer: rate: beside Adam; what belongs to it "
         "stands in braces of its own, as in {Adam: {learning_rate: 0.001}}"),
        ("Adam", "Adam\n  loss: {KLDivergence, x: 1}", "10: train.loss: x: beside KLDivergence; "
         "what belongs to it stands in braces of its own, as in {KLDivergence: {…}}"),
        ("Adam", "\n    Adam:\n    learning_rate: 0.01",
         "9: train.optimizer: learning_rate: beside Adam; indent by two more spaces what belongs "
         "to it"),
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


def test_on_the_command_line(problems, base: str) -> None:
    override = "train.optimizer=SGD(learning_rate=0.05)"
    assert problems(base, override) == [
        f"command line, {override}: train.optimizer: 'SGD(learning_rate=0.05)' is Python's "
        "spelling; write 'train.optimizer={SGD: {learning_rate: 0.05}}'"
    ]


FLIP = "RandomFlip: {mode: horizontal}"


@pytest.mark.parametrize(
    ("augment", "listed"),
    [
        ("{RandomFlip: {mode: horizontal}}", FLIP),
        ("{RandomFlip, mode: horizontal}", FLIP),
        ("RandomFlip('horizontal')", FLIP),
        ("RandomFlip", "RandomFlip"),
        ("{RandomFlip: {mode: horizontal}, Cutout: {size: 4}}", f"{FLIP}, Cutout: {{size: 4}}"),
        (f"{{{FLIP}, Cutout: {{size: {'a' * 90}}}}}", f"{FLIP}, …"),
        (f"{{RandomFlip: {{mode: {'a' * 120}}}}}", "RandomFlip: {…}"),
        ("x" * 70, "RandomCrop"), ("{}", "RandomCrop"), ("", "RandomCrop"),
    ],
)  # fmt: skip
def test_what_stands_in_place_of_a_list_keeps_its_settings(
    problems, base: str, augment: str, listed: str
) -> None:
    (problem,) = problems(base.replace("mnist", f"mnist\n  augment: {augment}"))
    first = listed.partition(", ")[0] if "}, " in listed else listed
    assert problem.startswith(
        f"net.yaml:3: data.augment: expected a list, as in [{listed}], or a line with a dash for "
        f"each, as in - {first}; got "
    )


@pytest.mark.parametrize("name", IN_ORDER)
def test_the_order_of_settings_is_keras_s(name: str) -> None:
    tables = (keras.layers, keras.optimizers, keras.regularizers, keras.initializers)
    modules = [one for one in (*tables, keras.constraints) if hasattr(one, name)]
    assert modules
    for module in modules:
        parameters = [*inspect.signature(getattr(module, name)).parameters]
        assert parameters[: len(IN_ORDER[name])] == IN_ORDER[name]


def test_settings_in_order_are_those_of_the_class() -> None:
    every = [(name, kind) for kinds in _CLASSES.values() for name, kind in kinds.items()]
    for name, in_order in IN_ORDER.items():
        assert any(set(in_order) <= set(kind.model_fields) for one, kind in every if one == name)


def test_layers_without_dashes(problems, base: str) -> None:
    text = base.replace("- Flatten\n    - Dense", "Flatten:\n    Dense")
    assert problems(text) == [
        "net.yaml:4: model.layers: expected a list, as in [Flatten, Dense: {units: 10}], or a line "
        "with a dash for each, as in - Flatten; got {Flatten: null, Dense: {units: 10}}"
    ]


def test_a_python_file(recipe_file) -> None:
    Path(recipe_file()).write_text("# my net\nimport keras\nfrom keras import layers\n")
    with pytest.raises(RecipeError) as caught:
        read_recipe("net.yaml")
    assert caught.value.problems == (
        "net.yaml:2: a Python program, not a recipe; a recipe is YAML, with data:, model: and "
        "train:",
    )
