"""The benchmarks run, on little, and say what they say they do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
AIRBENCH = str(BENCHMARKS / "nets" / "airbench94.yaml")


def run(script: str, *arguments: str, data: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, str(BENCHMARKS / script), *arguments]
    environment = os.environ | {"KCNN_DATA": str(data)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.fixture
def contenders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.mark.slow
def test_training_speed_prints_ratios(real_data: Path) -> None:
    options = ["--rounds", "2", "--epochs", "1", "--images", "400", "--precision", "float32"]
    done = run("training_speed.py", "cifar", *options, data=real_data)
    *_, head, line, row = done.stdout.splitlines()
    assert cells(head)[:3] == ["net", "kcnn, images/s", "kcnn / bare Keras"]
    assert len(cells(head)) == len(cells(line)) == len(cells(row))
    assert cells(row)[0] == "cifar"
    assert int(cells(row)[1].replace(",", "")) > 10
    for ratio in cells(row)[2:]:
        middle, low, high = map(float, re.fullmatch(r"(\S+) \((\S+) to (\S+)\)", ratio).groups())
        assert 0 < low <= middle <= high
    assert done.stderr.count("cifar, round 2: ") == len(cells(head)) - 1


@pytest.mark.slow
def test_feed_prints_a_row_a_recipe(real_data: Path) -> None:
    options = ["--rounds", "2", "--epochs", "1", "--images", "300", "--precision", "float32"]
    done = run("feed.py", "digits", *options, data=real_data)
    head, _, row = map(cells, done.stdout.splitlines())
    assert head[0] == "recipe"
    assert row[0] == "digits"
    assert len(row) == len(head) == 3
    assert done.stderr.count(", round 2: ") == 2


@pytest.mark.slow
def test_flops_of_a_run_against_the_machine(real_data: Path) -> None:
    options = ["--images", "300", "--epochs", "1", "--precision", "float32"]
    reached, *limits = run("flops.py", "cifar", *options, data=real_data).stdout.splitlines()
    assert re.fullmatch(r"cifar in float32: \d\.\d{3} TFLOP/s \([\d,]+ images/s\)", reached)
    assert [line.split(" in ")[0] for line in limits] == [
        "fastest 3×3 convolution", "fastest matrix product",
    ]  # fmt: skip


def test_operations_are_counted_forward_and_back(contenders) -> None:
    from flops import operations_of_a_step

    from kcnn.model.plan import plan_network
    from kcnn.recipe import read_recipe

    layers = "[{Conv2D: {filters: 2, kernel_size: 3%s}}, Flatten, {Dense: {units: 10}}]"
    convolution, dense = 9 * 2 * 6 * 6, 72 * 10
    for frozen, times in (("", 2), (", trainable: false", 1)):
        recipe = read_recipe("digits", [f"model.layers={layers % frozen}"])
        operations = operations_of_a_step(plan_network(recipe, (8, 8, 1), 10))
        # The image needs no gradient; below a frozen layer, nor does the dense layer's input.
        assert operations == 2 * (times * convolution + (times + 1) * dense)


@pytest.mark.slow
def test_growth_writes_a_table_and_a_picture(tmp_path: Path) -> None:
    done = run(
        "growth.py", "--quick", "--most-images", "10000", "--output-dir", str(tmp_path),
        data=tmp_path,
    )  # fmt: skip
    text = (tmp_path / "growth.md").read_text(encoding="utf-8")
    assert done.stdout.strip() in text
    assert text.count("Seconds grow with the power") == 3
    for name in ("images", "batch size", "layers"):
        assert f"| {name} | seconds an epoch | MB beyond the images |" in text
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")


def test_exponents_are_fitted_to_the_larger_values(contenders) -> None:
    from growth import Point, exponent

    points = [Point(10**power, 5.0 + 10 ** (power - 3), 0) for power in range(3, 7)]
    assert exponent(points) == pytest.approx(0.98, abs=0.02)
    assert exponent([Point(2, 3.0, 0), Point(4, 6.0, 0)]) == pytest.approx(1)


@pytest.mark.slow
def test_start_up_holds_commands_against_their_limits(tmp_path: Path) -> None:
    lines = run("start_up.py", "--repeats", "1", data=tmp_path).stdout.splitlines()
    limits = {line[:40].strip(): line.rpartition(", ")[2] for line in lines if ", " in line[60:]}
    assert list(limits) == [
        "kcnn --help", "kcnn check cifar", "kcnn explain cifar",
        "kcnn fit digits, around its training",
    ]  # fmt: skip
    assert all(re.fullmatch(r"(within|OVER) [\d.]+ s", limit) for limit in limits.values())


@pytest.mark.parametrize("net", ["lenet5", "cifar", "leaky_bn_fast", AIRBENCH])
def test_pytorch_has_the_same_net(net: str, real_data: Path, contenders, monkeypatch) -> None:
    torch = pytest.importorskip("torch")
    from contenders.bare_keras import network as in_keras
    from contenders.pytorch import network as in_pytorch
    from contenders.task import make_task

    monkeypatch.setenv("KCNN_DATA", str(real_data))
    task = make_task(net, "float32", 1, 32)
    ours, theirs = in_keras(task), in_pytorch(task).eval()
    assert ours.count_params() == task.plan.cost.parameters
    copy_weights(ours, theirs, torch)
    images = np.random.default_rng(0).random((4, *task.plan.image_shape), np.float32)
    with torch.no_grad():
        sums = theirs(torch.from_numpy(images).permute(0, 3, 1, 2)).numpy()
    # The last activation is left to the loss in PyTorch.
    end = {"softmax": lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True),
           "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "linear": lambda x: x}  # fmt: skip
    expected = ours.predict(images, verbose=0)
    np.testing.assert_allclose(end[task.plan.output_activation](sums), expected, atol=1e-4)


def copy_weights(ours, theirs, torch) -> None:
    """Copies Keras's weights: kernels lose their order of axes, maps their channels' place."""
    layers = [layer for layer in ours.layers if layer.weights]
    modules = [one for one in theirs if list(one.parameters())]
    for layer, module in zip(layers, modules, strict=True):
        weights = {weight.name: np.array(weight) for weight in layer.weights}
        if isinstance(module, torch.nn.Conv2d):
            module.weight.data = torch.from_numpy(weights["kernel"].transpose(3, 2, 0, 1).copy())
        elif isinstance(module, torch.nn.Linear):
            kernel = weights["kernel"]
            if type(layer).__name__ == "Dense" and layer is first_dense(ours):
                height, width, channels = flattened_shape(ours)
                kernel = kernel.reshape(height, width, channels, -1).transpose(2, 0, 1, 3)
                kernel = kernel.reshape(height * width * channels, -1)
            module.weight.data = torch.from_numpy(kernel.T.copy())
        if "bias" in weights:
            module.bias.data = torch.from_numpy(weights["bias"])


def first_dense(model):
    return next(layer for layer in model.layers if type(layer).__name__ == "Dense")


def flattened_shape(model) -> tuple[int, int, int]:
    flatten = next(layer for layer in model.layers if type(layer).__name__ == "Flatten")
    return flatten.input.shape[1:]
