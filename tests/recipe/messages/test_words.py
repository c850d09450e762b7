from __future__ import annotations

import pytest

from kcnn.recipe import layers, losses, optimizers, schema, weights
from kcnn.recipe.fields import ACTIVATIONS
from kcnn.recipe.kinds import Kinds
from kcnn.recipe.messages.wording import nearest
from kcnn.recipe.messages.words import _ADVICE, _NAMES, ACTIVATION_LAYERS

TABLES: tuple[Kinds, ...] = (
    layers.LAYERS, optimizers.OPTIMIZERS, losses.LOSSES, losses.METRICS, weights.INITIALIZERS,
)  # fmt: skip
SECTIONS = (schema.Recipe, schema.DataSettings, schema.ModelSettings, schema.TrainSettings)
SETTINGS = [set(kind.model_fields) for table in TABLES for kind in table.values()]
SETTINGS += [set(section.model_fields) for section in SECTIONS]
PLACES = [*map(set, TABLES), *SETTINGS]
OTHER_WORDS = {*schema.PRECISIONS, "accuracy", "val_accuracy", "test_accuracy"}


def test_every_word_stands_for_a_name_that_there_is() -> None:
    names = {name for names in _NAMES.values() for name in names}
    assert names <= set().union(OTHER_WORDS, *PLACES)
    assert {*ACTIVATION_LAYERS.values()} <= {*ACTIVATIONS}


def test_no_advice_is_given_where_the_word_is_known() -> None:
    for place, words in _ADVICE.items():
        around = [names for names in PLACES if place in names]
        assert around
        lower = {name.lower() for names in around for name in names}
        assert lower.isdisjoint(words)


@pytest.mark.parametrize("table", TABLES)
def test_advice_meets_the_names_it_is_for_only(table: Kinds) -> None:
    for name in table:
        assert nearest(name, table) == name


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
        ("LSTM", "[0]: unknown layer 'LSTM'; known are Conv2D, SeparableConv2D, DepthwiseConv2D, "
         "Conv2DTranspose, Dense, MaxPooling2D, AveragePooling2D, GlobalAveragePooling2D, "
         "GlobalMaxPooling2D, Flatten, Reshape, Dropout, SpatialDropout2D, GaussianNoise and 21 "
         "more in docs/recipe.md"),
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
         "Nadam is Adam with it; write optimizer: Nadam"),
        ("{SGD: {decay: 0.9}}", "", "9: train.optimizer.SGD.decay: unknown setting; write "
         "train.learning_rate_schedule, as in {Exponential: {factor: 0.9}}"),
        ("adma", "", "9: train.optimizer: unknown optimizer 'adma'; did you mean Adam?"),
        ("SDG", "", "9: train.optimizer: unknown optimizer 'SDG'; did you mean SGD?"),
        ("ScheduleFreeAdamW", "", "9: train.optimizer: unknown optimizer 'ScheduleFreeAdamW'; left "
         "out: on TensorFlow, Keras's takes other steps than its paper (Defazio et al., 2024); "
         "write AdamW, and train.learning_rate_schedule: Cosine"),
        ("Adam", "scheduler: Cosine",
         "10: train.scheduler: unknown setting; did you mean learning_rate_schedule?"),
        ("Adam", "learning_rate: 0.1", "10: train.learning_rate: unknown setting; belongs to the "
         "optimizer; write train.optimizer: {Adam: {learning_rate: 0.001}}"),
        ("Adam", "lr: 0.1", "10: train.lr: unknown setting; belongs to the optimizer; write "
         "train.optimizer: {Adam: {learning_rate: 0.001}}"),
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
