from __future__ import annotations

from pathlib import Path

import pytest

from kcnn.errors import RecipeError
from kcnn.recipe import read_recipe
from kcnn.recipe.codes import Mistake
from kcnn.recipe.layers import LAYERS
from kcnn.recipe.mistakes.settings import describe_setting
from kcnn.recipe.source import Source

SIX = """\
name: net
data:
  dataset: minst
  validaton: 0.1
model:
  layers:
    - Conv2D: {kernel_size: 3, filtres: 16}
    - MaxPooling2d
    - Dense: {activation: rleu, units: ten}
train:
  epochs: 0
  optimizer:
    Adam:
      learning_rate: fast
"""


def test_all_mistakes_of_a_recipe_in_the_order_of_the_file(problems) -> None:
    assert problems(SIX) == [
        "net.yaml:3: data.dataset: expected digits, mnist, fashion_mnist, cifar10, cifar100, "
        "folder, csv, npz; got 'minst'; did you mean mnist?",
        "net.yaml:4: data.validaton: unknown setting; did you mean validation?",
        "net.yaml:7: model.layers[0].Conv2D.filtres: unknown setting; did you mean filters?",
        "net.yaml:8: model.layers[1]: unknown layer 'MaxPooling2d'; did you mean MaxPooling2D?",
        "net.yaml:9: model.layers[2].Dense.activation: expected one of 21 names; got 'rleu'; "
        "did you mean relu?",
        "net.yaml:9: model.layers[2].Dense.units: expected a whole number above 0, or "
        "classes; got 'ten'",
        "net.yaml:11: train.epochs: expected a number above 0; got 0",
        "net.yaml:14: train.optimizer.Adam.learning_rate: expected a number; got 'fast'",
    ]


def test_a_missing_setting_is_reported_unless_a_typo_explains_it(problems, base: str) -> None:
    text = base.replace("Dense: {units: 10}", "Conv2D: {strides: 2, kernal_size: 3, x: 1}")
    assert problems(text) == [
        "net.yaml:6: model.layers[1].Conv2D.filters: missing; this setting is needed",
        "net.yaml:6: model.layers[1].Conv2D.kernal_size: unknown setting; did you mean "
        "kernel_size?",
        "net.yaml:6: model.layers[1].Conv2D.x: unknown setting; known here: "
        "kernel_initializer, kernel_regularizer, kernel_constraint, name, inputs, activation, "
        "use_bias, bias_initializer, bias_regularizer, bias_constraint, trainable, kernel_size, "
        "strides, padding, dilation_rate, filters, groups",
    ]


def test_a_missing_section(problems) -> None:
    assert problems("data: {dataset: mnist}\n") == [
        "net.yaml:1: model: missing; this setting is needed",
        "net.yaml:1: train: missing; this setting is needed",
    ]


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            '"a\\nb"',
            "model.layers[0]: unknown layer 'a\\nb'; known are "
            f"{', '.join([*LAYERS][:14])} and {len(LAYERS) - 14} more in docs/recipe.md",
        ),
        ("[]", "model.layers[0]: expected one layer, as in Conv2D or {Conv2D: {…}}; got []"),
        ("5", "model.layers[0]: expected one layer, as in Conv2D or {Conv2D: {…}}; got 5"),
        ("Dense: 5", "model.layers[0].Dense: expected settings, as in Dense: {units: 10}; got 5"),
        ("Dense:", "model.layers[0].Dense.units: missing; this setting is needed"),
        (
            "{Dense: {units: 1}, ReLU: }",
            "model.layers[0]: expected one layer, as in Conv2D or {Conv2D: {…}}; "
            "got {Dense: {units: 1}, ReLU: null}",
        ),
        (
            "Dense: {units: 10, use_bias: 1}",
            "model.layers[0].Dense.use_bias: expected true or false; got 1",
        ),
        (
            "Dense: {units: 10.0}",
            "model.layers[0].Dense.units: expected a whole number above 0, or classes; got "
            "10.0; write 10",
        ),
        (
            "Dense: {units: true}",
            "model.layers[0].Dense.units: expected a whole number above 0, or classes; got true",
        ),
        (
            "{Dense: , units: 10, activation: relu}",
            "model.layers[0]: units, activation: beside Dense; settings go inside it, as in "
            "{Dense: {units: 10}}",
        ),
        ("Linear: {}", "model.layers[0]: unknown layer 'Linear'; did you mean Dense?"),
        (
            "Dense: {units: null}",
            "model.layers[0].Dense.units: expected a whole number above 0, or classes; got nothing",
        ),
        ("Dropout: {rate: 1}", "model.layers[0].Dropout.rate: expected a number below 1; got 1"),
        (
            "Dropout: {rate: 1e400}",
            "model.layers[0].Dropout.rate: expected a finite number; got inf",
        ),
        (
            "Residual: {body: []}",
            "model.layers[0].Residual.body: expected at least 1 of them; got []",
        ),
        (
            "Repeat: {times: 2, body: [{Residual: {body: [Cnv2D]}}]}",
            "model.layers[0].Repeat.body[0].Residual.body[0]: unknown layer 'Cnv2D'; "
            "did you mean Conv2D?",
        ),
        (
            "Repeat: {times: 2, body: [{Dense: {units: 1, nme: x}}]}",
            "model.layers[0].Repeat.body[0].Dense.nme: unknown setting; did you mean name?",
        ),
        (
            "Dense: {units: 1, kernel_initializer: he_norml}",
            "model.layers[0].Dense.kernel_initializer: unknown initializer 'he_norml'; "
            "did you mean HeNormal?",
        ),
        (
            "Dense: {units: 1, kernel_regularizer: {L2: {l3: 1}}}",
            "model.layers[0].Dense.kernel_regularizer.L2.l3: unknown setting; known here: l2",
        ),
        (
            "{Dense: {units: 1, name: image}}",
            "model.layers[0].Dense.name: expected letters a to z, digits and underscores, a letter "
            "first, not image; got 'image'",
        ),
        (
            "MaxPooling2D: {padding: 1}",
            "model.layers[0].MaxPooling2D.padding: expected valid, same; got 1",
        ),
        (
            "Conv2D: {filters: 1, kernel_size: [3]}",
            "model.layers[0].Conv2D.kernel_size: expected a positive whole number or two, as in 3 "
            "or [3, 5]; got [3]",
        ),
        (
            "UpSampling2D: {interpolation: cubic}",
            "model.layers[0].UpSampling2D.interpolation: expected nearest, bilinear, bicubic, "
            "lanczos3, lanczos5; got 'cubic'; did you mean bicubic?",
        ),
        (
            "Activation: {activation: nope}",
            "model.layers[0].Activation.activation: expected relu, tanh, sigmoid, softmax, linear, "
            "elu, celu, exponential, gelu, hard_sigmoid, hard_silu, hard_tanh, leaky_relu, "
            "log_softmax, mish, relu6, selu, silu, softplus, softsign, swish; got 'nope'",
        ),
    ],
)  # fmt: skip
def test_mistakes_in_layers(problems, base: str, layer: str, message: str) -> None:
    assert problems(base.replace("Flatten", layer)) == [f"net.yaml:5: {message}"]


@pytest.mark.parametrize(
    ("written", "changed", "message"),
    [
        ("dataset: mnist", "dataset: mnist\n  image_size: 32",
         "3: data.image_size: expected [height, width] in pixels, each from 1 to 4096, as in "
         "[32, 32]; got 32"),
        ("dataset: mnist", "dataset: mnist\n  validation: 1.5",
         "3: data.validation: expected a number of images, as in 5000, or a fraction below 1, as "
         "in 0.1; got 1.5"),
        ("dataset: mnist", "dataset: mnist\n  channels: true",
         "3: data.channels: expected 1 (gray) or 3 (RGB); got true"),
        ("dataset: mnist", "dataset: mnist\n  augment: [{RandomRotation: {factor: [1, 0]}}]",
         "3: data.augment[0].RandomRotation.factor: expected a number from 0 to 1, which means "
         "plus or minus, or [lowest, highest] from -1 to 1; got [1, 0]"),
        ("dataset: mnist", "dataset: mnist\n  test_time_augmentation: {}",
         "3: data.test_time_augmentation: expected flip, shift or both, as in {flip: horizontal, "
         "shift: 1}"),
        ("dataset: mnist", "dataset: mnist\n  test_time_augmentation: {shift: -1}",
         "3: data.test_time_augmentation.shift: expected a number above 0; got -1"),
        ("dataset: mnist", "dataset: mnist\n  test_time_augmentation: {flip: vertical}",
         "3: data.test_time_augmentation.flip: expected horizontal; got 'vertical'"),
        ("dataset: mnist", "dataset: mnist\n  test_time_augmentation: {shift: 1, flips: true}",
         "3: data.test_time_augmentation.flips: unknown setting; did you mean flip?"),
        ("optimizer: Adam", "optimizer: {Adam: {clipnorm: 1, clipvalue: 1}}",
         "9: train.optimizer.Adam: clipnorm and clipvalue: gradients are clipped in one way only; "
         "keep one"),
        ("optimizer: Adam", "optimizer: Adm",
         "9: train.optimizer: unknown optimizer 'Adm'; did you mean Adam?"),
        ("optimizer: Adam", "optimizer: Adam\n  learning_rate_schedule: {Step: {epochs: [5, 2]}}",
         "10: train.learning_rate_schedule.Step: epochs must rise, as in [10, 15]"),
        ("optimizer: Adam", "optimizer: {Adam: {lr: 0.1}}",
         "9: train.optimizer.Adam.lr: unknown setting; did you mean learning_rate?"),
        ("optimizer: Adam", "optimizer: Adam\n  loss: CrossEntropyLoss",
         "10: train.loss: unknown loss 'CrossEntropyLoss'; did you mean "
         "SparseCategoricalCrossentropy?"),
        ("optimizer: Adam", "optimizer: Adam\npublished: [{metric: accuracy, value: high}]",
         "10: published[0].value: expected a number; got 'high'"),
    ],
)  # fmt: skip
def test_mistakes_elsewhere(problems, base: str, written: str, changed: str, message: str) -> None:
    assert f"net.yaml:{message}" in problems(base.replace(written, changed))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("epochs: 1e2", "epochs: expected a whole number; got 100.0; write 100"),
        ("epochs: 99999999999999999999999",
         "epochs: expected a whole number; got 1e+23; that is too large"),
        ("checkpoint_every_minutes: -1.0",
         "checkpoint_every_minutes: expected a number above 0; got -1.0"),
        ("epochs: 1.5", "epochs: expected a whole number; got 1.5"),
        ("epochs: true", "epochs: expected a whole number; got true"),
        ("epochs: 5000000000",
         "epochs: expected a number of at most 1,000,000,000; got 5000000000"),
        ("seed: 12345678901234",
         "seed: expected a number of at most 2,147,483,647; got 12345678901234"),
        ("checkpoint_every_minutes: 0,5", "checkpoint_every_minutes: expected a number; got '0,5'; "
         "write a point, not a comma, as in 0.5"),
        ("checkpoint_every_minutes: 5\xa0", "checkpoint_every_minutes: expected a number; got "
         "'5\\xa0'; YAML reads a space copied from a web page as a letter; type the spaces again"),
        ("lookahead: {decay: 0,001}", "lookahead.001: a number where a setting's name should be; "
         "write a list in square brackets, as in [3, 3], and 0.001 with a point"),
    ],
)  # fmt: skip
def test_mistakes_in_numbers(problems, base: str, setting: str, message: str) -> None:
    text = base if setting.startswith("epochs") else base.replace("Adam", f"Adam\n  {setting}")
    line = 8 if setting.startswith("epochs") else 10
    text = text.replace("epochs: 2", setting if line == 8 else "epochs: 2")
    assert problems(text) == [f"net.yaml:{line}: train.{message}"]


SIZE = "expected a positive whole number or two, as in 3 or [3, 5]"
BRACKETS = "write a list in square brackets, as in [3, 3]"
TUPLE = f"(…) is Python; {BRACKETS}, and a text in quotes"


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("MaxPooling2D: {pool_size: (2, 3), strides: (2, 2)}", [
            f"pool_size: {TUPLE}", f"strides: {TUPLE}"]),
        ("Conv2D: {filters: 8, kernel_size: (3,3), input_shape: (32,32,3)}", [
            f"kernel_size: {TUPLE}", f"input_shape: {TUPLE}"]),
        ("Conv2D: {filters=8, kernel_size=(3, 3)}", [
            f"kernel_size=(3: {TUPLE}",
            "model.layers[0].Conv2D.filters=8: write a colon and a space between the name and its "
            "value, as in units: 10"]),
        ("Conv2D: {filters:16, kernel_size: 3}", [
            "model.layers[0].Conv2D.filters:16: write a colon and a space between the name and its "
            "value, as in units: 10"]),
        ("MaxPooling2D:\n        pool_size: (2, 3)", [
            f"model.layers[0].MaxPooling2D.pool_size: {SIZE}; got '(2, 3)'; {BRACKETS}"]),
        ("Flatten: {3): }", [
            "model.layers[0].Flatten.3): a number where a setting's name should be; "
            f"{BRACKETS}, and 0.001 with a point"]),
    ],
)  # fmt: skip
def test_mistakes_of_python_in_braces(problems, base: str, layer: str, expected: list[str]) -> None:
    found = problems(base.replace("Flatten", layer))
    assert [problem.partition(" ")[2] for problem in found] == expected


def test_python_s_tuple_for_a_list(problems, base: str) -> None:
    override = "train.learning_rate_schedule={Step: {epochs: '(5, 8)'}}"
    (problem,) = problems(base, override)
    assert problem.endswith(f"epochs: expected a list; got '(5, 8)'; {BRACKETS}")


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("Conv2D: [64, 5]",
         ".Conv2D: expected settings, as in Conv2D: {filters: 32, kernel_size: 3}; got [64, 5]"),
        ("Dense: units=12",
         ".Dense: expected settings, as in Dense: {units: 10}; got 'units=12'"),
        ("Flatten: 3", ".Flatten: write Flatten alone; got 3"),
        ("Dense: {units: 1, kernel_initializer: dirc}", ".Dense.kernel_initializer: unknown "
         "initializer 'dirc'; known are GlorotUniform, GlorotNormal, HeUniform, HeNormal, "
         "LecunUniform, LecunNormal, RandomNormal, RandomUniform, TruncatedNormal, "
         "VarianceScaling, Orthogonal, Constant, Zeros, Ones"),
        ("Dense: {units: 1, kernel_regularizer: {L2: 0.02}}", ".Dense.kernel_regularizer.L2: "
         "expected settings, as in L2: {l2: 0.01}; got 0.02"),
        ("Residual: {body: ReLU}",
         ".Residual.body: expected a list, as in [ReLU: {max_value: 6.0}]; got 'ReLU'"),
        # Python
        ("Dense(10)", ": 'Dense(10)' is Python; here: Dense: {units: 10}"),
        ("Conv2D(32, (3,3), activation='relu')", ": \"Conv2D(32, (3,3), activation='relu')\" is "
         "Python; here: Conv2D: {filters: 32, kernel_size: 3}"),
        ("model.add(Dense(128))", ": 'model.add(Dense(128))' is Python; here: Dense: {units: 10}"),
        ("keras.layers.Flatten()", ": 'keras.layers.Flatten()' is Python; here: Flatten"),
        ("Dense(10", ": 'Dense(10' is Python; here: Dense: {units: 10}"),
        ("nn.GELU()", ": unknown layer 'GELU'; write Activation: {activation: gelu}"),
        ("Dense: {units: 1, kernel_regularizer: l2(0.001)}",
         ".Dense.kernel_regularizer: 'l2(0.001)' is Python; here: L2: {l2: 0.01}"),
        # dashes and colons
        ("ReLU\n     - Flatten",
         ": 'ReLU - Flatten': the dash of the next line is indented too far"),
        ("Dense:{units: 3}", ": 'Dense:{units': settings follow a colon and a space, as in Dense: "
         "{units: 10}"),
        ("Dense {units: 3}", ": 'Dense {units': settings follow a colon and a space, as in Dense: "
         "{units: 10}"),
    ],
)  # fmt: skip
def test_classes_without_settings(problems, base: str, layer: str, message: str) -> None:
    assert problems(base.replace("Flatten", layer)) == [f"net.yaml:5: model.layers[0]{message}"]


PUBLISHED = "{metric: test_accuracy, value: 0.5, source: the report}"


@pytest.mark.parametrize(
    ("written", "changed", "message"),
    [
        ("\n  dataset: mnist", " cifar10",
         "1: data: expected settings, as in data: {dataset: digits}; got 'cifar10'"),
        ("Adam", "Adam\n  early_stopping: 7", "10: train.early_stopping: expected settings, as in "
         "early_stopping: {patience: 3}; got 7"),
        ("Adam", "keras.optimizers.SGD(0.05, momentum=0.9)", "9: train.optimizer: "
         "'keras.optimizers.SGD(0.05, momentum=0.9)' is Python; here: SGD: {learning_rate: 0.01}"),
        ("Adam", "{Adam, learning_rate: 0.01}", "9: train.optimizer: learning_rate: beside Adam; "
         "settings go inside it, as in {Adam: {learning_rate: 0.001}}"),
        ("Adam", "Adam\n  loss: {KLDivergence, x: 1}",
         "10: train.loss: x: beside KLDivergence; settings go inside it"),
        ("Adam", "Adam\n  metrics: accuracy",
         "10: train.metrics: expected a list, as in [Accuracy]; got 'accuracy'"),
        ("Adam", "Adam\n  learning_rate_schedule: {Step: {epochs: 5}}", "10: "
         "train.learning_rate_schedule.Step.epochs: expected a list, as in [a, b]; got 5"),
        ("Adam", "Adam\npublished: 0.9",
         f"10: published: expected a list, as in [{PUBLISHED}]; got 0.9"),
        ("Adam", "Adam\npublished: [0.9]",
         f"10: published[0]: expected settings, as in {PUBLISHED}; got 0.9"),
        ("mnist", "mnist\n  augment: {RandomFlip, mode: vertical}", "3: data.augment: expected a "
         "list, as in [RandomFlip: {mode: horizontal}]; got {RandomFlip: null, mode: 'vertical'}"),
        ("mnist", "mnist\n  augment: {}", "3: data.augment: expected a list, as in [RandomCrop: "
         "{padding: 1}]; got {}"),
        ("- Flatten\n    - Dense", "Flatten:\n    Dense", "4: model.layers: expected a list; begin "
         "each item with a dash, as in - Flatten; got {Flatten: null, Dense: {units: 10}}"),
    ],
)  # fmt: skip
def test_settings_and_lists_of_the_wrong_type(
    problems, base: str, written: str, changed: str, message: str
) -> None:
    assert problems(base.replace(written, changed)) == [f"net.yaml:{message}"]


def test_a_mistake_that_only_pydantic_knows() -> None:
    mistake = Mistake("new_in_pydantic", {"message": "Input should be new"}, ("train",), value=3)
    source = Source(Path("net.yaml"), b"", {}, {})
    assert describe_setting(mistake, source) == "input should be new; got 3"


SCHEDULE = "; a schedule belongs to train, as in learning_rate_schedule: Cosine"


@pytest.mark.parametrize(
    ("rate", "hint"),
    [
        ("{CosineDecay: {initial_learning_rate: 0.1, decay_steps: 1000}}", SCHEDULE),
        ("keras.optimizers.schedules.CosineDecay(0.1)", SCHEDULE),
        ("cosine", SCHEDULE),
        ("PolynomialDecay", f"{SCHEDULE}; PolynomialDecay is left out; nearest to it are Cosine "
         "and Exponential"),
        ("fast", ""), ("[0.1]", ""), ("{a: 1}", ""), ("{a: 1, b: 2}", ""), ("{5: 1}", ""),
    ],
)  # fmt: skip
def test_a_schedule_as_the_rate(problems, base: str, rate: str, hint: str) -> None:
    (problem,) = problems(base.replace("Adam", f"{{Adam: {{learning_rate: {rate}}}}}"))
    expected, _, got = problem.partition("; got ")
    assert expected == "net.yaml:9: train.optimizer.Adam.learning_rate: expected a number"
    assert got.partition(";")[2] == hint[1:]


@pytest.mark.parametrize(
    ("padding", "hint"),
    [("SAME", "; did you mean same?"), ("vaild", "; did you mean valid?"), ("full", "")],
)
def test_words_among_other_values(problems, base: str, padding: str, hint: str) -> None:
    layer = f"Conv2D: {{filters: 8, kernel_size: 3, padding: {padding}}}"
    assert problems(base.replace("Flatten", layer)) == [
        "net.yaml:5: model.layers[0].Conv2D.padding: expected valid, same, a whole number from 0, "
        f"[height, width] or [[top, bottom], [left, right]]; got '{padding}'{hint}"
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("image_size: [5000, 5000]", "image_size: expected [height, width] in pixels, each from 1 "
         "to 4096, as in [32, 32]; got [5000, 5000]"),
        ("validation: 10%", "validation: expected a number of images, as in 5000, or a fraction "
         "below 1, as in 0.1; got '10%'; write a fraction, as in 0.1 for 10 %"),
    ],
)  # fmt: skip
def test_mistakes_in_sizes_and_fractions(problems, base: str, data: str, message: str) -> None:
    text = base.replace("mnist", f"mnist\n  {data}")
    assert problems(text) == [f"net.yaml:3: data.{message}"]


@pytest.mark.parametrize("name", ["_mine", "-x", "a b", "é", "x" * 101])
def test_refuses_names_with_other_characters(problems, base: str, name: str) -> None:
    (problem,) = problems(f"name: {name}\n{base}")
    assert problem.startswith(
        "net.yaml:1: name: expected at most 100 letters a to z, digits, dots, dashes and "
        "underscores, a letter or digit first; got '"
    )


def test_refuses_a_python_program(recipe_file) -> None:
    with pytest.raises(RecipeError) as caught:
        read_recipe(recipe_file("# my net\nimport keras\nfrom keras import layers\n"))
    assert caught.value.problems == (
        "net.yaml:2: a Python program, not a recipe; a recipe is YAML, with data:, model: and "
        "train:",
    )
