from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner, Result

from kcnn.cli import cli
from kcnn.commands.gradients import OutputSums, check_gradients, choose_images
from kcnn.data.dataset import MemoryImages
from kcnn.errors import RecipeError
from kcnn.model.checked_recipe import check_recipe
from kcnn.model.local_response import LocalResponseNormalization
from kcnn.recipe import read_recipe
from kcnn.recipe.layers import LAYERS

EVERY_LAYER = """\
data: {dataset: digits, scaling: standard}
model:
  layers:
    - Conv2D: {filters: 8, kernel_size: 3, padding: same, activation: relu, name: a}
    - Conv2D: {filters: 8, kernel_size: 3, padding: same, groups: 4, activation: gelu}
    - PReLU
    - GroupNormalization: {groups: 2}
    - SpatialDropout2D: {rate: 0.2}
    - GaussianNoise: {stddev: 0.1}
    - DepthwiseConv2D: {kernel_size: 3, strides: 2, padding: same}
    - ELU
    - UpSampling2D: {size: 2, interpolation: bilinear, name: b}
    - Maximum: {inputs: [a, b], name: c}
    - Minimum: {inputs: [c, b], name: l}
    - Multiply: {inputs: [c, l], name: d}
    - Add: {inputs: [c, d]}
    - SeparableConv2D: {filters: 8, kernel_size: 3, dilation_rate: 2, padding: same}
    - LayerNormalization
    - LeakyReLU
    - LocalResponseNormalization
    - Conv2DTranspose: {filters: 4, kernel_size: 3, strides: 2}
    - ZeroPadding2D: {padding: 1, name: e}
    - Conv2D: {filters: 2, kernel_size: 1, name: f}
    - Concatenate: {inputs: [e, f], name: g}
    - Average: {inputs: [g, g]}
    - Cropping2D: {cropping: 1}
OTHERS
    - Repeat:
        times: 1
        body:
          - Residual:
              body:
                - Conv2D: {filters: 6, kernel_size: 3, padding: same, use_bias: false}
                - BatchNormalization
                - Activation: {activation: silu}
          - ReLU
    - AveragePooling2D: {pool_size: 2}
    - MaxPooling2D: {pool_size: 3, strides: 2, name: h}
    - GlobalMaxPooling2D: {name: i}
    - GlobalAveragePooling2D: {inputs: h, name: j}
    - Concatenate: {inputs: [i, j]}
    - Reshape: {target_shape: [2, 6]}
    - Flatten
    - Dropout: {rate: 0.2}
    - Dense: {units: 10}
    - Rescaling: {scale: 0.5}
    - Softmax
train: {epochs: 1, optimizer: Adam, loss: {CategoricalFocalCrossentropy: {label_smoothing: 0.1}}}
"""
spec = importlib.util.spec_from_file_location(
    "layers_at_random", Path(__file__).parents[1] / "model" / "layers_at_random.py"
)
at_random = importlib.util.module_from_spec(spec)
spec.loader.exec_module(at_random)
NORMALIZED = (
    "model.layers=[{Conv2D: {filters: 2, kernel_size: 3}}, LocalResponseNormalization, Flatten, "
    "{Dense: {units: 10}}]"
)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["gradients", *map(str, arguments)])


@pytest.fixture
def wrong_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Halve the gradient of LocalResponseNormalization."""

    @tf.custom_gradient
    def twice(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        return 2 * x, lambda upstream: upstream

    monkeypatch.setattr(LocalResponseNormalization, "call", lambda self, inputs: twice(inputs))


def example_of(layer: str) -> str:
    """Write a layer with the settings that it needs, for the list of EVERY_LAYER."""
    needed = [name for name, field in LAYERS[layer].model_fields.items() if field.is_required()]
    settings = [f"{name}: {at_random.value_of(layer, name)}" for name in needed]
    return f"    - {layer}: {{{', '.join(settings)}}}"


def test_gradients_of_every_layer_agree(tmp_path: Path) -> None:
    file = tmp_path / "every.yaml"
    # An application takes larger images, in color; see tests/model/test_application.py.
    others = [
        example_of(name)
        for name in LAYERS
        if f"- {name}" not in EVERY_LAYER and name != "Application"
    ]
    file.write_text(EVERY_LAYER.replace("OTHERS", "\n".join(others)))
    report = check_gradients(file)
    assert report.right
    assert (report.images, report.classes_shown, report.classes) == (10, 10, 10)
    assert len(report.gradients.compared) > 250


@pytest.mark.parametrize("name", ["leaky_bn", "simple_convnet"])
def test_gradients_of_recipes_agree(name: str, real_data: Path) -> None:
    report = check_gradients(name, weights=20, data_dir=real_data)
    assert report.right
    assert len(report.gradients.compared) >= 10


@pytest.mark.slow
@pytest.mark.parametrize("name", [
    "lenet5", "cifar", "alexnet_cifar", "batch_norm", "layer_norm", "resnet20", "mnist_best",
])  # fmt: skip
def test_gradients_of_deep_recipes_agree(name: str, real_data: Path) -> None:
    report = check_gradients(name, weights=20, data_dir=real_data)
    assert report.right
    assert len(report.gradients.compared) >= 10


def test_batches_of_an_image_and_a_sigmoid(real_data: Path) -> None:
    report = check_gradients("leaky_bn", weights=1, data_dir=real_data)
    assert (report.images, report.classes_shown) == (1, 1)
    assert report.sums.activation == "sigmoid"
    assert report.sums.right
    assert 0 < report.sums.lowest <= report.sums.highest < 10


@pytest.mark.parametrize(
    ("sums", "right"),
    [
        (OutputSums("linear", 1 - 1e-7, 1.0), True),
        (OutputSums("softmax", 0.99, 1.0), False),
        (OutputSums("softmax", 1.0, 1.1), False),
        (OutputSums("sigmoid", 3.0, 5.0), True),
    ],
)
def test_output_sums_must_be_1_unless_sigmoid(sums: OutputSums, right: bool) -> None:
    assert sums.right is right


@pytest.mark.parametrize(
    ("labels", "batch_size", "expected"),
    [
        ([0, 0, 0, 1, 1, 2, 2, 2], 8, [0, 1, 3, 5]),  # the first of each, then a second
        ([2, 2, 1, 0, 1, 0, 2], 2, [0, 2]),
        (list(range(10)) * 2, 128, list(range(10))),
        ([1, 0], 8, [0, 1]),
    ],
)
def test_chooses_images_of_each_class(
    labels: list[int], batch_size: int, expected: list[int]
) -> None:
    plan = check_recipe(read_recipe("digits", [f"train.batch_size={batch_size}"])).plan
    count = len(labels)
    images = MemoryImages(np.arange(count).reshape(count, 1, 1, 1), np.array(labels))
    assert choose_images(plan, images).read_all().ravel().tolist() == expected


def test_chooses_fewer_images_for_a_large_model() -> None:
    plan = check_recipe(read_recipe("vgg16")).plan
    images = MemoryImages(np.zeros((30, 1, 1, 1)), np.arange(30) % 10)
    assert len(choose_images(plan, images)) == 4


def test_refuses_missing_data(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="photos: no such folder"):
        check_gradients("alexnet", [f"data.path={tmp_path / 'photos'}"])


def test_refuses_a_model_that_does_not_fit() -> None:
    with pytest.raises(RecipeError, match="digits has 10 classes"):
        check_gradients("digits", ["model.layers=[Flatten, {Dense: {units: 9}}]"])


def test_text_of_gradients_that_agree() -> None:
    done = run("digits", "--weights", 40)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert "in float64 on 10 training images of all 10 classes" in lines[0]
    assert lines[3].split() == [
        "variable", "weights", "zero", "at", "a", "kink", "disagree", "median", "error",
        "largest", "error",
    ]  # fmt: skip
    assert [line.split()[0] for line in lines[5:7]] == ["conv2d/kernel", "conv2d/bias"]
    assert lines[-2].startswith(
        "softmax of the logits: an image's outputs sum to 1; largest deviation "
    )
    assert lines[-1].startswith("backpropagation agrees: largest relative error ")


@pytest.mark.usefixtures("wrong_gradient")
def test_text_of_gradients_that_disagree() -> None:
    done = run("digits", "--weights", 40, NORMALIZED)
    assert done.exit_code == 1
    assert done.stderr.startswith("error") is False
    assert "worst" in done.stdout
    assert "conv2d/kernel[" in done.stdout
    assert "dense/kernel[" not in done.stdout
    verdict = done.stdout.splitlines()[-1]
    assert verdict.startswith("backpropagation disagrees: ")
    assert "largest relative error 3.3e-01" in verdict  # half of it: (1 - 1/2) / (1 + 1/2)


@pytest.mark.usefixtures("wrong_gradient")
def test_json_of_gradients_that_disagree() -> None:
    done = run("digits", "--weights", 40, "--json", NORMALIZED)
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert not found["agrees"]
    assert found["images"] == 10
    assert [row["disagreeing"] > 0 for row in found["variables"]] == [True, True, False, False]
    worst = found["disagreeing"][0]
    assert worst["analytic"] == pytest.approx(worst["numerical"] / 2, rel=1e-3)
    assert len(worst["index"]) == (1 if worst["variable"].endswith("bias") else 4)
    assert found["output_sums"]["deviation_from_1"] < 1e-5


def test_refuses_to_check_no_weights() -> None:
    done = run("digits", "--weights", 0)
    assert done.exit_code == 2


def test_refuses_layers_without_a_float64_kernel() -> None:
    layer = "{Conv2DTranspose: {filters: 2, kernel_size: 3, dilation_rate: 2}}"
    settings = [f"model.layers=[{layer}, Flatten, {{Dense: {{units: 10}}}}]"]
    with pytest.raises(RecipeError, match="no kernel for it on this processor in float64"):
        check_gradients("digits", settings)


def test_notes_what_of_a_training_is_left_out(notes) -> None:
    settings = ["train.class_weight=balanced", "model.layers=[Flatten, {Dense: {units: 10}}]"]
    check_gradients("digits", settings, weights=2, progress=notes)
    assert notes.lines == ["train.class_weight: left out, all images count equally in this loss"]
