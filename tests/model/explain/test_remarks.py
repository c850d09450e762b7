"""Remarks on networks, and none where there is nothing to remark on."""

from __future__ import annotations

import pytest

from kcnn.model.explain.remarks import find_remarks
from kcnn.model.plan import plan_model
from kcnn.recipe import read_recipe

HEAD = "- Flatten\n- Dense: {units: 10}"
DENSE = "- Conv2D: {filters: 1, kernel_size: 3, activation: relu}\n- Flatten\n"


@pytest.fixture
def remarks(make_recipe):
    def find(layers: str, *settings: str) -> list[tuple[str, str]]:
        plan = plan_model(make_recipe(layers, *settings), (28, 28, 1), None)
        return [(remark.layer, remark.sentence) for remark in find_remarks(plan)]

    return find


@pytest.mark.parametrize("name", ["cifar", "mnist", "lenet5"])
def test_no_remarks(name: str) -> None:
    shape = {"cifar": (32, 32, 3), "mnist": (28, 28, 1), "lenet5": (32, 32, 1)}[name]
    assert find_remarks(plan_model(read_recipe(name), shape, 10)) == []


@pytest.mark.parametrize(
    ("layers", "layer", "words"),
    [
        ("- Conv2D: {filters: 9, kernel_size: 5, strides: 2, activation: relu}\n" + HEAD,
         "conv2d", "never reads the last row and the last column of its 28×28 map"),
        ("- MaxPooling2D: {pool_size: [5, 2]}\n" + HEAD,
         "max_pooling2d", "never reads the last 3 rows of its 28×28 map"),
        ("- Conv2D: {filters: 9, kernel_size: 1, strides: 2, activation: relu}\n" + HEAD,
         "conv2d", "a 1×1 window that moves 2×2 at a time skips the values between"),
        ("- Conv2D: {filters: 9, kernel_size: 31, padding: same, activation: relu}\n" + HEAD,
         "conv2d", "the receptive field, 31×31, is wider than the 28×28 image"),
        ("- MaxPooling2D: {pool_size: 28}\n"
         "- Conv2D: {filters: 9, kernel_size: 3, padding: 1, activation: relu}\n" + HEAD,
         "conv2d", "the map is 1×1 already: 8 of the 3×3 weights only ever meet padding"),
        ("- MaxPooling2D: {pool_size: 28}\n- MaxPooling2D: {padding: same}\n" + HEAD,
         "max_pooling2d_1", "there is nothing to pool"),
        (DENSE + "- Dense: {units: 99, activation: relu}\n- Dense: {units: 10}",
         "dense", "holds 98.5 % of all parameters (100.0 % with the other dense layers)"),
        ("- Conv2D: {filters: 9, kernel_size: 3}\n- MaxPooling2D\n- Dense: {units: 5}\n" + HEAD,
         "dense", "reads a 13×13 map one location at a time"),
        ("- Conv2D: {filters: 9, kernel_size: 3}\n- AveragePooling2D: {pool_size: 2}\n" + HEAD,
         "conv2d", "no activation is between it and dense"),
        ("- Conv2D: {filters: 9, kernel_size: 3}\n- BatchNormalization\n- ReLU\n" + HEAD,
         "conv2d", "biases here change nothing"),
        ("- Flatten\n- Dense: {units: 10}\n- Dropout: {rate: 0.5}",
         "dropout", "comes after the output"),
        ("- Flatten\n- Dense: {units: 10, activation: relu}",
         "dense", "ends in relu: a logit must be free to fall below 0"),
        ("- Flatten\n- Dense: {units: 10}\n- ReLU", "re_lu", "ends in ReLU"),
    ],
)  # fmt: skip
def test_remarks_on_unusual_layers(remarks, layers: str, layer: str, words: str) -> None:
    found = [sentence for name, sentence in remarks(layers) if name == layer]
    assert any(words in sentence for sentence in found), remarks(layers)


@pytest.mark.parametrize(
    "layers",
    [
        # The row that no window covers has only zeros.
        "- Conv2D: {filters: 99, kernel_size: 3, strides: 2, padding: 1, activation: relu}\n",
        "- Conv2D: {filters: 99, kernel_size: 3, activation: relu}\n- BatchNormalization\n",
        "- Conv2D: {filters: 99, kernel_size: 3}\n- MaxPooling2D\n",
        "- Conv2D: {filters: 99, kernel_size: 3, use_bias: false}\n- BatchNormalization\n- ReLU\n",
        "- Conv2D: {filters: 9, kernel_size: 3}\n- BatchNormalization: {trainable: false}\n"
        "- ReLU\n",
        "- DepthwiseConv2D: {kernel_size: 3}\n"
        "- Conv2D: {filters: 9, kernel_size: 1, activation: relu}\n",
        "- Dropout: {rate: 0.5}\n",
        # Behind what enlarges, the receptive field is a bound; nothing is padded here.
        "- UpSampling2D: {size: 2}\n- Conv2D: {filters: 9, kernel_size: 56, activation: relu}\n",
    ],
)
def test_no_remarks_on_usual_layers(remarks, layers: str) -> None:
    pooled = "- GlobalAveragePooling2D\n- Dense: {units: 10}"
    assert remarks(layers + pooled) == []


def test_activation_layer_counts_as_an_activation(remarks) -> None:
    found = remarks("- Conv2D: {filters: 9, kernel_size: 3}\n- ELU\n" + HEAD)
    assert not any("no activation" in sentence for _, sentence in found)


@pytest.mark.parametrize(
    ("end", "from_logits", "words"),
    [
        (", activation: softmax", "true", "ends in softmax"),
        (", activation: softmax", "false", None),
        ("", "true", None),
    ],
)
def test_output_and_loss(remarks, end: str, from_logits: str, words: str | None) -> None:
    loss = f"train.loss={{SparseCategoricalCrossentropy: {{from_logits: {from_logits}}}}}"
    found = remarks(f"- Flatten\n- Dense: {{units: 10{end}}}", loss)
    assert [layer for layer, _ in found] == (["dense"] if words else [])
    assert all(sentence.startswith(words or "") for _, sentence in found)


def test_batches_of_one(remarks) -> None:
    layers = "- BatchNormalization\n- Flatten\n- BatchNormalization\n- Dense: {units: 10}"
    assert remarks(layers, "train.batch_size=2") == []
    of_map, of_row = remarks(layers, "train.batch_size=1")
    assert of_map[1].startswith("train.batch_size is 1: in training each image is normalized")
    assert "nothing but the shift" in of_row[1]


@pytest.mark.parametrize(
    ("layers", "odd_layers"),
    [
        ("- Flatten\n- Dense: {units: 10, trainable: false}", ["dense"]),
        ("- GlobalAveragePooling2D\n- Softmax", ["softmax"]),
        ("- Flatten\n- Dense: {units: 5, trainable: false}\n- ReLU\n- Dense: {units: 10}", []),
    ],
)
def test_nothing_to_train(remarks, layers: str, odd_layers: list[str]) -> None:
    found = [layer for layer, sentence in remarks(layers) if "training changes nothing" in sentence]
    assert found == odd_layers


def test_nothing_to_train_at_a_learning_rate_of_0(remarks) -> None:
    layers = "- Flatten\n- Dense: {units: 10}"
    ((_, sentence),) = remarks(layers, "train.learning_rate_multipliers={'*': 0}")
    assert "training changes nothing" in sentence
