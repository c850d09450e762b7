from __future__ import annotations

import inspect

import keras
import pytest

from kcnn.recipe import (
    augmentations,
    initializers,
    layers,
    losses,
    optimizers,
    schedules,
    schema,
    train_settings,
)
from kcnn.recipe.fields import ACTIVATIONS
from kcnn.recipe.kinds import Kinds
from kcnn.recipe.mistakes.words import (
    _ADVICE,
    _NAMES,
    ACTIVATION_LAYERS,
    nearest_word,
    suggest,
)

TABLES: tuple[Kinds, ...] = (
    layers.LAYERS, optimizers.OPTIMIZERS, losses.LOSSES, losses.METRICS, initializers.INITIALIZERS,
    schedules.SCHEDULES, augmentations.AUGMENTATIONS,
)  # fmt: skip
SECTIONS = (schema.Recipe, schema.DataSettings, schema.ModelSettings, schema.TrainSettings)
SETTINGS = [set(kind.model_fields) for table in TABLES for kind in table.values()]
SETTINGS += [set(section.model_fields) for section in SECTIONS]
LOCATIONS = [*map(set, TABLES), *SETTINGS]
OTHER_WORDS = {*train_settings.PRECISIONS, "accuracy", "val_accuracy", "test_accuracy"}


def test_every_word_means_a_known_name() -> None:
    names = {name for names in _NAMES.values() for name in names}
    assert names <= set().union(OTHER_WORDS, *LOCATIONS)
    assert {*ACTIVATION_LAYERS.values()} <= {*ACTIVATIONS}


def test_known_names_need_no_advice() -> None:
    for loc, words in _ADVICE.items():
        around = [names for names in LOCATIONS if loc in names]
        assert around
        lower = {name.lower() for names in around for name in names}
        assert lower.isdisjoint(words)


@pytest.mark.parametrize("table", TABLES)
def test_a_known_name_is_its_own_nearest_word(table: Kinds) -> None:
    for name in table:
        assert nearest_word(name, table) == name


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("GELU", "[0]: unknown layer 'GELU'; write Activation: {activation: gelu}"),
        ("SiLU", "[0]: unknown layer 'SiLU'; write Activation: {activation: silu}"),
        ("Sigmoid", "[0]: unknown layer 'Sigmoid'; write Activation: {activation: sigmoid}"),
        ("Hardswish", "[0]: unknown layer 'Hardswish'; write Activation: {activation: hard_silu}"),
        ("Softplus: {beta: 1}",
         "[0]: unknown layer 'Softplus'; write Activation: {activation: softplus}"),
        ("Input: {shape: [28, 28, 1]}",
         "[0]: unknown layer 'Input'; leave it out, kcnn knows the shape of the images"),
        ("AdaptiveAvgPool2d",
         "[0]: unknown layer 'AdaptiveAvgPool2d'; did you mean GlobalAveragePooling2D?"),
        ("MaxPool2D", "[0]: unknown layer 'MaxPool2D'; did you mean MaxPooling2D?"),
        ("Dropout2d", "[0]: unknown layer 'Dropout2d'; did you mean SpatialDropout2D?"),
        ("LSTM", "[0]: unknown layer 'LSTM'; known are "
         f"{', '.join([*layers.LAYERS][:14])} and {len(layers.LAYERS) - 14} more in "
         "docs/recipe.md"),
        ("Conv2D: {filters: 8, kernel_size: 3, input_shape: [28, 28, 1]}",
         "[0].Conv2D.input_shape: unknown setting; leave it out, kcnn knows the shape of what "
         "comes in"),
        ("Conv2D: {out_channels: 8, kernel_size: 3}",
         "[0].Conv2D.out_channels: unknown setting; did you mean filters?"),
        ("Dense: {units: 8, kernel_initializer: xavier}",
         "[0].Dense.kernel_initializer: unknown initializer 'xavier'; did you mean GlorotUniform?"),
        ("Dense: {units: 8, kernel_initializer: he}",
         "[0].Dense.kernel_initializer: unknown initializer 'he'; did you mean HeNormal?"),
        ("Dense: {units: 8, kernel_regularizer: ridge}",
         "[0].Dense.kernel_regularizer: unknown regularizer 'ridge'; known are L2, L1, L1L2"),
    ],
)  # fmt: skip
def test_words_in_layers(problems, base: str, layer: str, message: str) -> None:
    assert problems(base.replace("Flatten", layer)) == [f"net.yaml:5: model.layers{message}"]


@pytest.mark.parametrize(
    ("optimizer", "train", "message"),
    [
        ("{Adam: {momentum: 0.9}}", "",
         "9: train.optimizer.Adam.momentum: unknown setting; did you mean beta_1?"),
        ("{Adam: {nesterov: true}}", "", "9: train.optimizer.Adam.nesterov: unknown setting; "
         "Nadam is Adam with it; write Nadam in place of Adam, and leave this out"),
        ("{SGD: {decay: 0.9}}", "", "9: train.optimizer.SGD.decay: unknown setting; a falling rate "
         "is train.learning_rate_schedule, as in {Exponential: {factor: 0.9}}"),
        ("{Adam: {betas: [0.8, 0.99]}}", "", "9: train.optimizer.Adam.betas: unknown setting; two "
         "settings here, beta_1 and beta_2, as in beta_1: 0.9, beta_2: 0.999"),
        ("adma", "", "9: train.optimizer: unknown optimizer 'adma'; did you mean Adam?"),
        ("SDG", "", "9: train.optimizer: unknown optimizer 'SDG'; did you mean SGD?"),
        ("ScheduleFreeAdamW", "", "9: train.optimizer: unknown optimizer 'ScheduleFreeAdamW'; left "
         "out: on TensorFlow, Keras's takes other steps than its paper (Defazio et al., 2024); "
         "write AdamW, and train.learning_rate_schedule: Cosine"),
        ("Adam", "scheduler: Cosine",
         "10: train.scheduler: unknown setting; did you mean learning_rate_schedule?"),
        ("Adam", "callbacks: []", "10: train.callbacks: unknown setting; what callbacks do are "
         "settings here, as in early_stopping: {patience: 5} and learning_rate_schedule: Cosine"),
        ("Adam", "learning_rate_schedule: CosineDecay", "10: train.learning_rate_schedule: unknown "
         "learning-rate schedule 'CosineDecay'; did you mean Cosine?"),
        ("Adam", "learning_rate_schedule: {ExponentialDecay: {decay_rate: 0.9}}", "10: "
         "train.learning_rate_schedule: unknown learning-rate schedule 'ExponentialDecay'; did you "
         "mean Exponential?"),
        ("Adam", "learning_rate_schedule: PiecewiseConstantDecay", "10: "
         "train.learning_rate_schedule: unknown learning-rate schedule 'PiecewiseConstantDecay'; "
         "did you mean Step?"),
        ("Adam", "learning_rate_schedule: CosineDecayRestarts", "10: train.learning_rate_schedule: "
         "unknown learning-rate schedule 'CosineDecayRestarts'; left out; Cosine falls once, over "
         "the whole training"),
        ("Adam", "learning_rate_schedule: PolynomialDecay", "10: train.learning_rate_schedule: "
         "unknown learning-rate schedule 'PolynomialDecay'; left out; nearest to it are Cosine and "
         "Exponential"),
        ("Adam", "learning_rate_schedule: {Cosine: {alpha: 0.1}}", "10: "
         "train.learning_rate_schedule.Cosine.alpha: unknown setting; did you mean "
         "final_fraction?"),
        ("Adam", "learning_rate_schedule: {Cosine: {decay_steps: 1000}}", "10: "
         "train.learning_rate_schedule.Cosine.decay_steps: unknown setting; leave it out, a "
         "schedule counts epochs or goes over the whole training"),
        ("Adam", "metrics: [acc]",
         "10: train.metrics[0]: unknown metric 'acc'; did you mean Accuracy?"),
        ("Adam", "loss: mse", "10: train.loss: unknown loss 'mse'; did you mean MeanSquaredError?"),
        ("Adam", "loss: mae",
         "10: train.loss: unknown loss 'mae'; did you mean MeanAbsoluteError?"),
        ("Adam", "precision: float16", "10: train.precision: expected float32, mixed_bfloat16, "
         "mixed_float16, auto; got 'float16'; did you mean mixed_float16?"),
        ("{SGD: {ema_momentum: 0.9}}", "", "9: train.optimizer.SGD.ema_momentum: does nothing "
         "without use_ema; add use_ema: true, or leave it out"),
        ("{Adam: {ema_overwrite_frequency: 9, use_ema: false}}", "",
         "9: train.optimizer.Adam.ema_overwrite_frequency: does nothing without use_ema; add "
         "use_ema: true, or leave it out"),
        ("{SGD: {nesterov: true}}", "", "9: train.optimizer.SGD.nesterov: does nothing without "
         "momentum; add momentum: 0.9, or leave it out"),
    ],
)  # fmt: skip
def test_words_in_train(problems, base: str, optimizer: str, train: str, message: str) -> None:
    text = base.replace("optimizer: Adam", f"optimizer: {optimizer}\n  {train}")
    assert problems(text) == [f"net.yaml:{message}"]


@pytest.mark.parametrize("schedule", [
    name for name, value in vars(keras.optimizers.schedules).items()
    if inspect.isclass(value) and name != "LearningRateSchedule"
])  # fmt: skip
def test_advises_for_every_schedule_of_keras(schedule: str) -> None:
    assert suggest(schedule, schedules.SCHEDULES)


def test_suggests_keras_s_factor_for_cutmix(problems, base: str) -> None:
    text = base.replace("mnist", "mnist\n  augment: [MixUp: {alpha: 0.3}, CutMix: {alpha: 0.3}]")
    assert problems(text) == [
        "net.yaml:3: data.augment[1].CutMix.alpha: unknown setting; did you mean factor?"
    ]
