from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
from scipy import special

from kcnn.data.dataset import Dataset
from kcnn.model.build import build_model
from kcnn.model.plan import KERAS_K, Plan
from kcnn.recipe.losses import LOSSES, METRICS
from kcnn.training.fit import compile_model
from kcnn.training.loss_and_metrics import make_loss, make_metrics, measure, probabilities

LAYERS = {
    "linear": "[Flatten, {Dense: {units: 10}}]",
    "softmax": "[Flatten, {Dense: {units: 10, activation: softmax}}]",
    "sigmoid": "[Flatten, {Dense: {units: 10, activation: sigmoid}}]",
    "softmax_layer": "[Flatten, {Dense: {units: 10}}, Softmax]",
}
# Keras's CategoricalGeneralizedCrossEntropy takes class numbers and not the rows of other losses.
LOSS_NAMES = [
    name for name in LOSSES if name[0].isupper() and name != "CategoricalGeneralizedCrossEntropy"
]
LABELS = np.array([3, 0, 9, 3, 5, 1])
LOGITS = np.random.default_rng(0).normal(0, 3, (6, 10)).astype(np.float32)
OUTPUTS = {
    "linear": LOGITS,
    "softmax": special.softmax(LOGITS, axis=1),
    "sigmoid": special.expit(LOGITS),
    "softmax_layer": special.softmax(LOGITS, axis=1),
}


def targets_of(plan: Plan) -> np.ndarray:
    return LABELS if plan.recipe.train.loss.targets == "sparse" else np.eye(10)[LABELS]


def value_of(plan: Plan, output: str) -> float:
    return float(make_loss(plan)(targets_of(plan), OUTPUTS[output]))


# KLDivergence needs probabilities; check refuses it on logits.
@pytest.mark.parametrize(
    ("name", "output"),
    [
        (name, output)
        for name in LOSS_NAMES
        for output in LAYERS
        if (name, output) != ("KLDivergence", "linear")
    ],
)
def test_every_loss_is_lower_for_better_predictions(
    name: str, output: str, make_plan: Callable[..., Plan]
) -> None:
    plan = make_plan(f"model.layers={LAYERS[output]}", f"train.loss={name}")
    better = OUTPUTS[output] + np.eye(10, dtype=np.float32)[LABELS] * 0.2
    if output != "linear":
        better = better.clip(0, 1)
    value, lower = value_of(plan, output), float(make_loss(plan)(targets_of(plan), better))
    assert np.isfinite(value)
    assert lower < value


@pytest.mark.parametrize(
    "name",
    ["CategoricalCrossentropy", "SparseCategoricalCrossentropy", "CategoricalFocalCrossentropy"],
)
def test_logits_are_recognized_by_the_last_layer(name: str, make_plan: Callable[..., Plan]) -> None:
    values = [
        value_of(make_plan(f"model.layers={LAYERS[output]}", f"train.loss={name}"), output)
        for output in ("linear", "softmax", "softmax_layer")
    ]
    assert values == pytest.approx([values[0]] * 3, rel=1e-4)


@pytest.mark.parametrize("name", ["BinaryCrossentropy", "BinaryFocalCrossentropy"])
def test_binary_losses_recognize_logits(name: str, make_plan: Callable[..., Plan]) -> None:
    logits, sigmoid = (
        value_of(make_plan(f"model.layers={LAYERS[output]}", f"train.loss={name}"), output)
        for output in ("linear", "sigmoid")
    )
    assert logits == pytest.approx(sigmoid, rel=1e-4)


def test_keeps_from_logits_of_the_recipe(make_plan: Callable[..., Plan]) -> None:
    plan = make_plan(
        f"model.layers={LAYERS['softmax']}",
        "train.loss={SparseCategoricalCrossentropy: {from_logits: true}}",
    )
    assert make_loss(plan).get_config()["from_logits"] is True


@pytest.mark.parametrize("output", ["linear", "softmax"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.3])
def test_label_smoothing(smoothing: float, output: str, make_plan: Callable[..., Plan]) -> None:
    plan = make_plan(
        f"model.layers={LAYERS[output]}",
        f"train.loss={{CategoricalCrossentropy: {{label_smoothing: {smoothing}}}}}",
    )
    smoothed = np.eye(10)[LABELS] * (1 - smoothing) + smoothing / 10
    by_hand = -(smoothed * special.log_softmax(LOGITS.astype(np.float64), axis=1)).sum(1).mean()
    assert value_of(plan, output) == pytest.approx(by_hand, rel=1e-5)


def test_metrics_are_named_as_in_the_table(make_plan: Callable[..., Plan]) -> None:
    plan = make_plan(
        "train.metrics=[Accuracy, {SparseTopKCategoricalAccuracy: {k: 3}}]",
    )
    names = [metric.name for metric in make_metrics(plan)]
    assert names == ["accuracy", "sparse_top_k_categorical_accuracy"]


ONE_HOT_METRICS = [
    name for name, metric in METRICS.items() if name[0].isupper() and metric.targets != "sparse"
]


@pytest.mark.parametrize(
    "settings",
    [
        ["train.metrics=[{SparseTopKCategoricalAccuracy: {k: 2}}]"],
        [
            f"model.layers={LAYERS['softmax']}",
            "train.loss={CategoricalCrossentropy: {label_smoothing: 0.1}}",
            f"train.metrics={ONE_HOT_METRICS}",
        ],
        [
            f"model.layers={LAYERS['sigmoid']}",
            "train.loss=BinaryCrossentropy",
            "train.metrics=[{F1Score: {average: micro}}, {AUC: {curve: PR, multi_label: true}}]",
        ],
        [
            "model.layers=[Flatten, {Dense: {units: 10, kernel_regularizer: {L2: {l2: 0.1}}, "
            "bias_initializer: ones, bias_regularizer: {L1: {l1: 0.5}}}}]"
        ],
    ],
    ids=["sparse", "one-hot", "sigmoid", "regularized"],
)
def test_measure_equals_evaluate(
    settings: list[str], make_plan: Callable[..., Plan], digits: Dataset
) -> None:
    plan = make_plan(*settings)
    keras.utils.set_random_seed(0)
    model = build_model(plan)
    compile_model(plan, model, 1)
    images, labels = digits.test.read_all(), digits.test.labels
    targets = labels if plan.recipe.train.loss.targets == "sparse" else np.eye(10)[labels]
    expected = model.evaluate(images, targets, batch_size=64, verbose=0, return_dict=True)
    measured = measure(plan, model, model.predict(images, verbose=0), labels)
    assert measured == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["Precision", "Recall", "AUC", "F1Score"])
def test_accuracy_counts_the_larger_part_of_a_mixed_label(
    name: str, make_plan: Callable[..., Plan]
) -> None:
    settings = ["train.loss=CategoricalCrossentropy", f"train.metrics=[{name}]"]
    plain, mixing = (
        make_plan(f"model.layers={LAYERS['softmax']}", *settings, f"data.augment={augment}")
        for augment in ("[]", "[MixUp]")
    )
    outputs, whole = OUTPUTS["softmax"], np.eye(10, dtype=np.float32)[LABELS]
    values = []
    for plan, targets in ((plain, whole), (mixing, 0.7 * whole + 0.3 * whole[::-1])):
        metric = make_metrics(plan)[1]
        metric.update_state(targets, outputs)
        values.append(float(metric.result()))
    assert values[1] == pytest.approx(values[0])


def test_k_has_the_default_of_keras() -> None:
    for kind in (
        keras.metrics.TopKCategoricalAccuracy,
        keras.metrics.SparseTopKCategoricalAccuracy,
    ):
        assert kind().get_config()["k"] == KERAS_K


def test_probabilities() -> None:
    np.testing.assert_allclose(probabilities(LOGITS, "linear"), OUTPUTS["softmax"], rtol=1e-6)
    for activation in ("softmax", "sigmoid"):
        assert probabilities(OUTPUTS[activation], activation) is OUTPUTS[activation]
