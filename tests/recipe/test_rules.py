from __future__ import annotations

import pytest

from kcnn.recipe import read_recipe
from kcnn.recipe.rules import metric_names

TWO_METRICS = "\n  loss: CategoricalCrossentropy\n  metrics: [F1Score, TopKCategoricalAccuracy]"


@pytest.mark.parametrize(
    ("data", "train", "expected"),
    [
        ("dataset: folder", "", [
            "1: data: dataset folder needs path, as in path: photos",
            "1: data: dataset folder needs image_size, as in image_size: [64, 64]"]),
        ("dataset: csv", "", [
            "1: data: dataset csv needs path, as in path: photos/labels.csv",
            "1: data: dataset csv needs image_size, as in image_size: [64, 64]"]),
        ("dataset: npz", "", ["1: data: dataset npz needs path, as in path: photos.npz"]),
        ("dataset: mnist\n  path: x", "", [
            "3: data.path: dataset mnist is found by its name; path is for folder, csv and npz "
            "(--data-dir is the folder of named datasets)"]),
        ("dataset: mnist\n  resize: stretch\n  unreadable: error\n  cache: none", "", [
            "5: data.cache: is for image files, as of dataset folder or csv; dataset mnist has "
            "none, so leave it out"]),
        ("dataset: npz\n  path: x.npz\n  resize: crop\n  unreadable: skip", "", [
            "4: data.resize: is for image files, as of dataset folder or csv; dataset npz has "
            "none, so leave it out",
            "5: data.unreadable: is for image files, as of dataset folder or csv; dataset npz "
            "has none, so leave it out"]),
        ("dataset: mnist\n  augment: [RandomFlip, MixUp]", "", [
            "3: data.augment[1]: MixUp mixes labels, which SparseCategoricalCrossentropy cannot "
            "take; write train.loss: categorical_crossentropy"]),
        ("dataset: mnist", "\n  metrics: [TopKCategoricalAccuracy]", [
            "10: train.metrics[0]: TopKCategoricalAccuracy does not go with "
            "SparseCategoricalCrossentropy; write train.loss: categorical_crossentropy"]),
        ("dataset: mnist",
         "\n  loss: categorical_crossentropy\n  metrics: [SparseTopKCategoricalAccuracy]", [
             "11: train.metrics[0]: SparseTopKCategoricalAccuracy does not go with "
             "CategoricalCrossentropy; write TopKCategoricalAccuracy"]),
        ("dataset: mnist", "\n  metrics:\n    - Accuracy\n    - Accuracy", [
            "12: train.metrics[1]: Accuracy is in the list already"]),
        ("dataset: mnist", "\n  early_stopping: {patience: 3}", [
            "10: train.early_stopping: monitors val_loss, which needs validation images; set "
            "data.validation"]),
        ("dataset: mnist", "\n  early_stopping: {monitor: acuracy}", [
            "10: train.early_stopping: monitors acuracy, which is not measured; did you mean "
            "accuracy?"]),
        ("dataset: mnist", "\n  learning_rate_schedule: ReduceLROnPlateau", [
            "10: train.learning_rate_schedule.ReduceLROnPlateau: monitors val_loss, which needs "
            "validation images; set data.validation"]),
        ("dataset: mnist", "\n  learning_rate_schedule: {Cosine: {warmup_epochs: 2}}", [
            "10: train.learning_rate_schedule.Cosine.warmup_epochs: 2 is not below train.epochs, "
            "which is 2"]),
        ("dataset: mnist", "\n  learning_rate_schedule:\n    Constant:\n      warmup_epochs: 2.5", [
            "12: train.learning_rate_schedule.Constant.warmup_epochs: 2.5 is not below "
            "train.epochs, which is 2"]),
        ("dataset: mnist", "\n  sampling: with_replacement\n  shuffle: false", [
            "10: train.sampling: with_replacement draws images at random, and shuffle: false keeps "
            "their order; leave one out"]),
        ("dataset: mnist", "\n  sampling: balanced\n  shuffle: false", [
            "10: train.sampling: balanced draws images at random, and shuffle: false keeps "
            "their order; leave one out"]),
        ("dataset: mnist", "\n  sampling: balanced\n  class_weight: {7: 2}", [
            "11: train.class_weight: does not go with sampling: balanced, which shows each class "
            "equally often already; keep one of them"]),
        ("dataset: mnist\npublished:\n  - {metric: test_acuracy, value: 1, source: x}", "", [
            "4: published[0].metric: 'test_acuracy' is not measured; did you mean test_accuracy?"]),
        ("dataset: mnist\npublished:\n  - {metric: test_accuracy, value: 98.6, source: x}", "", [
            "4: published[0].value: 98.6 is not a fraction between 0 and 1; did you mean 0.986?"]),
        ("dataset: mnist\npublished:\n"
         "  - {metric: test_augmented_accuracy, value: 1, source: x}", "", [
            "4: published[0].metric: test_augmented_accuracy is measured only with "
            "data.test_time_augmentation, as in {flip: horizontal, shift: 1}"]),
        ("dataset: mnist\n  test_time_augmentation: {shift: 1}\npublished:\n"
         "  - {metric: test_augmented_accuracy, value: 94, source: x}", "", [
             "5: published[0].value: 94 is not a fraction between 0 and 1; did you mean 0.94?"]),
        ("dataset: mnist\npublished:\n  - {metric: bleu, value: 1, source: x}", "", [
            "4: published[0].metric: 'bleu' is not measured; known are test_loss, "
            "test_accuracy, val_loss, val_accuracy, loss, accuracy, test_balanced_accuracy, "
            "test_macro_f1, test_top_3_accuracy, test_top_5_accuracy, test_roc_auc, "
            "test_average_precision"]),
    ],
)  # fmt: skip
def test_reports_contradictions(
    problems, base: str, data: str, train: str, expected: list[str]
) -> None:
    text = base.replace("dataset: mnist", data) + train.removeprefix("\n")
    assert problems(text) == [f"net.yaml:{line}" for line in expected]


def test_refuses_watched_images_with_averaged_weights(problems, base: str) -> None:
    text = base.replace("Adam", "{Adam: {use_ema: true}}")
    (problem,) = problems(text + "  watch_first: 100\n")
    assert problem == (
        "net.yaml:10: train.watch_first: does not go with use_ema: it would score other weights "
        "than the averaged ones that training ends with; leave it out, or set data.validation"
    )


def test_refuses_to_restore_averaged_weights(problems, base: str) -> None:
    text = base.replace("Adam", "{Adam: {use_ema: true}}")
    text += "  early_stopping: {monitor: loss, restore_best_weights: true}\n"
    assert problems(text) == [
        "net.yaml:10: train.early_stopping.restore_best_weights: does not go with use_ema, which "
        "replaces the restored weights by the last averages; leave it out, best.keras keeps the "
        "best epoch anyway"
    ]


TRANSPOSED = "Conv2DTranspose: {filters: 4, kernel_size: 3%s}"
DEPTHWISE = "DepthwiseConv2D: {kernel_size: 3, depth_multiplier: %s}"
SEPARABLE = "SeparableConv2D: {filters: 4, kernel_size: 3, depth_multiplier: 2}"


@pytest.mark.parametrize(
    ("layer", "loc"),
    [
        (TRANSPOSED % "", "[0].Conv2DTranspose"),
        (DEPTHWISE % 2, "[0].DepthwiseConv2D"),
        (f"Residual: {{body: [ReLU], shortcut: [{{{SEPARABLE}}}]}}",
         "[0].Residual.shortcut[0].SeparableConv2D"),
    ],
)  # fmt: skip
def test_refuses_kernels_that_muon_cannot_train(problems, base: str, layer: str, loc: str) -> None:
    text = base.replace("- Flatten", f"- {layer}\n    - Flatten").replace("Adam", "ConvolutionMuon")
    assert problems(text) == [
        f"net.yaml:5: model.layers{loc}: ConvolutionMuon needs kernels with one column per "
        "filter, as in Conv2D; choose another optimizer"
    ]


@pytest.mark.parametrize(
    ("layer", "optimizer"),
    [
        (TRANSPOSED % "", "SGD"),
        (TRANSPOSED % ", trainable: false", "ConvolutionMuon"),
        (DEPTHWISE % 1, "ConvolutionMuon"),
    ],
)
def test_accepts_kernels_that_muon_does_not_train(
    recipe_file, base: str, layer: str, optimizer: str
) -> None:
    text = base.replace("Flatten", layer).replace("Adam", optimizer)
    assert type(read_recipe(recipe_file(text)).train.optimizer).__name__ == optimizer


@pytest.mark.parametrize(
    ("data", "train"),
    [
        ("dataset: folder\n  path: x\n  image_size: [8, 8]", ""),
        ("dataset: mnist\n  validation: 0.1", "  early_stopping: {restore_best_weights: true}"),
        ("dataset: mnist\n  validation: 9", "  learning_rate_schedule: ReduceLROnPlateau"),
        ("dataset: mnist", "  early_stopping: {monitor: loss}"),
        ("dataset: mnist", "  learning_rate_schedule: {Cosine: {warmup_epochs: 1.9}}"),
        ("dataset: mnist\n  augment: [CutMix]", "  loss: categorical_crossentropy"),
        ("dataset: mnist\npublished:\n  - {metric: val_accuracy, value: 1, source: x}", ""),
        ("dataset: mnist\npublished:\n  - {metric: test_f1_score, value: 1, source: x}",
         TWO_METRICS.removeprefix("\n")),
        ("dataset: mnist\n  test_time_augmentation: {flip: horizontal}\npublished:\n"
         "  - {metric: test_augmented_accuracy, value: 0.94, source: x}", ""),
        ("dataset: mnist\nfidelity:\n  - {setting: a.b, status: changed, note: x}", ""),
    ],
)  # fmt: skip
def test_accepts_settings_that_do_not_contradict(
    recipe_file, base: str, data: str, train: str
) -> None:
    recipe = read_recipe(recipe_file(base.replace("dataset: mnist", data) + train + "\n"))
    assert f"dataset: {recipe.data.dataset}" in data


def test_metric_names(recipe_file, base: str) -> None:
    recipe = read_recipe(recipe_file(base + TWO_METRICS.removeprefix("\n")))
    assert metric_names(recipe) == [
        "loss", "accuracy", "f1_score", "top_k_categorical_accuracy",
    ]  # fmt: skip
