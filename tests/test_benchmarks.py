"""Run the benchmarks on little data, and test their helpers."""

from __future__ import annotations

import csv
import dataclasses
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
AIRBENCH = str(BENCHMARKS / "nets" / "airbench94.yaml")
WRONG = (
    "WRONG: no such file, and no recipe of that name; kcnn recipes lists those that come with "
    "kcnn; your own recipe or images need their path"
)


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
    options = ["--rounds", "1", "--epochs", "1", "--images", "400", "--precision", "float32"]
    done = run("training_speed.py", "cifar", *options, data=real_data)
    *_, head, line, row = done.stdout.splitlines()
    assert cells(head)[:4] == ["net", "precision", "kcnn, images/s", "kcnn / bare Keras"]
    assert cells(head)[-1] == "kcnn / best other"
    assert len(cells(head)) == len(cells(line)) == len(cells(row))
    assert cells(row)[:2] == ["cifar", "float32"]
    assert int(cells(row)[2].replace(",", "")) > 10
    for ratio in cells(row)[3:]:
        middle, low, high = map(float, re.fullmatch(r"(\S+) \((\S+) to (\S+)\)", ratio).groups())
        assert 0 < low <= middle <= high
    assert done.stderr.count("cifar in float32, round 1: ") == len(cells(head)) - 3


def test_training_speed_continues_if_a_contender_fails(contenders, monkeypatch) -> None:
    import training_speed

    def speed(contender: str, net: str, *_, environment: dict[str, str]) -> float:
        # Other contenders run with TensorFlow's defaults.
        assert environment is getattr(
            training_speed, "KCNN_ENVIRONMENT" if contender == "ours" else "SCRIPT_ENVIRONMENT"
        )
        if (contender, net) in {("theirs", "cifar"), ("ours", "lenet5")}:
            raise click.ClickException(f"{contender} on {net}: no memory")
        return 30.0 if contender == "ours" else 20.0

    monkeypatch.setattr(training_speed, "OTHERS", {"theirs": "A", "others": "B"})
    monkeypatch.setattr(training_speed, "available_contenders", lambda: ["theirs", "others"])
    monkeypatch.setattr(training_speed, "choose_policy", lambda *_: "float32")
    monkeypatch.setattr(training_speed, "images_per_second", speed)
    nets = ["cifar", "lenet5", "simple_convnet"]
    done = CliRunner().invoke(training_speed.main, [*nets, "--rounds", "2"])
    assert done.exit_code == 1
    assert done.stdout.splitlines()[-3:] == [
        "| cifar | float32 | 30 | failed | 1.50 (1.50 to 1.50) | 1.50 (1.50 to 1.50) |",
        "| lenet5 | float32 | failed | failed | failed | failed |",
        f"| simple_convnet | float32 | 30 |{' 1.50 (1.50 to 1.50) |' * 3}",
    ]
    assert done.stderr.count("Error: ") == 2
    # The row of a model is printed before the next model is measured.
    first_row, next_model = (
        done.output.index("| cifar | float"),
        done.output.index("ours on lenet5"),
    )
    assert first_row < next_model
    alone = CliRunner().invoke(training_speed.main, ["simple_convnet"])
    assert alone.exit_code == 0


def test_training_speed_alternates_precisions_and_compares_with_the_best(
    contenders, monkeypatch
) -> None:
    import training_speed

    # Images per second by contender and precision, round by round.
    rates = {
        ("ours", "float32"): [40, 40], ("theirs", "float32"): [10, 20],
        ("others", "float32"): [20, 10], ("ours", "mixed_bfloat16"): [60, 60],
        ("theirs", "mixed_bfloat16"): [20, 20], ("others", "mixed_bfloat16"): [30, 15],
    }  # fmt: skip
    runs: list[tuple[str, str]] = []

    def speed(contender: str, net: str, policy: str, *_, environment: dict[str, str]) -> float:
        runs.append((contender, policy))
        return rates[contender, policy][runs.count((contender, policy)) - 1]

    monkeypatch.setattr(training_speed, "OTHERS", {"theirs": "A", "others": "B"})
    monkeypatch.setattr(training_speed, "available_contenders", lambda: ["theirs", "others"])
    policies = {"auto": "float32", "float32": "float32", "mixed_bfloat16": "mixed_bfloat16"}
    monkeypatch.setattr(training_speed, "choose_policy", lambda net, name: policies[name])
    monkeypatch.setattr(training_speed, "images_per_second", speed)
    options = [option for precision in policies for option in ("--precision", precision)]
    done = CliRunner().invoke(training_speed.main, ["cifar", "--rounds", "2", *options])
    assert done.exit_code == 0, done.output
    assert runs == [*rates, *rates]  # auto is float32, which is measured once
    assert [cells(row)[1:3] + cells(row)[-1:] for row in done.stdout.splitlines()[-2:]] == [
        ["float32", "40", "2.00 (2.00 to 2.00)"],
        ["mixed_bfloat16", "60", "2.50 (2.00 to 3.00)"],
    ]


def test_policy_is_chosen_for_a_recipe(contenders, monkeypatch) -> None:
    from training_speed import choose_policy, recipe_of

    monkeypatch.setattr("kcnn.training.precision.fast_bfloat16", lambda: "AMX")
    for net, automatic in {"leaky_bn_fast": "float32", "airbench94": "mixed_bfloat16"}.items():
        assert choose_policy(recipe_of(net), "auto") == automatic
        assert choose_policy(recipe_of(net), "mixed_bfloat16") == "mixed_bfloat16"


@pytest.mark.slow
def test_contender_reports_a_wrong_recipe_in_one_line(contenders) -> None:
    from training_speed import images_per_second

    with pytest.raises(click.ClickException) as raised:
        images_per_second("ours", "WRONG", "float32", 1, 10)
    assert raised.value.message == f"ours on WRONG: {WRONG}"


@pytest.mark.parametrize("net", [pytest.param("lenet5", marks=pytest.mark.slow), "leaky_bn_fast"])
def test_task_has_the_steps_per_execution_of_fit(
    net: str, real_data: Path, contenders, monkeypatch
) -> None:
    from contenders.task import make_task
    from kcnn.data.splits import steps_per_epoch
    from kcnn.model.checked_recipe import check_recipe
    from kcnn.progress import Progress
    from kcnn.recipe import read_recipe
    from kcnn.training.prepare import prepare_training
    from kcnn.training.steps_per_execution import choose_steps_per_execution

    monkeypatch.setenv("KCNN_DATA", str(real_data))
    fitted = prepare_training(check_recipe(read_recipe(net)), None, Progress())
    per_execution = choose_steps_per_execution(fitted.plan, fitted.steps_per_epoch, 1)
    assert per_execution > 1
    for images in (10_000, 1):
        task = make_task(net, "float32", 1, images)
        steps = steps_per_epoch(len(task.train), task.batch_size)
        assert choose_steps_per_execution(task.plan, steps, 1) == per_execution
        assert len(task.train) <= max(images, per_execution * task.batch_size)


def test_steps_as_in_fit_are_close_to_the_requested_images(contenders, monkeypatch) -> None:
    from contenders.task import steps_as_in_fit
    from kcnn.model.plan import plan_model
    from kcnn.recipe import read_recipe
    from kcnn.training import steps_per_execution as steps

    settings = ["train.batch_size=100", "model.layers=[Flatten, {Dense: {units: 10}}]"]
    plan = plan_model(read_recipe("digits", settings), (8, 8, 1), 10)
    monkeypatch.setattr(steps, "MAX_STEPS", 8)
    assert steps_as_in_fit(plan, 7_800, steps_in_fit=469) == 77  # 7 per execution; 78 has 6
    assert steps_as_in_fit(plan, 7_800, steps_in_fit=60) == 78
    assert steps_as_in_fit(plan, 7_800, steps_in_fit=11) == 73  # a prime, so one per execution
    assert steps_as_in_fit(plan, 300, steps_in_fit=469) == 7
    assert steps_as_in_fit(plan, 1, steps_in_fit=11) == 1


def test_task_has_no_callbacks_that_need_validation(tmp_path: Path, contenders) -> None:
    from contenders.task import make_task

    recipe = tmp_path / "stops.yaml"
    recipe.write_text("""\
data: {dataset: digits, validation: 0.1}
model: {layers: [Flatten, {Dense: {units: 10}}]}
train:
  epochs: 3
  optimizer: Adam
  early_stopping: {monitor: val_loss}
  learning_rate_schedule: {ReduceLROnPlateau: {monitor: val_accuracy}}
published: [{metric: val_accuracy, value: 0.9, source: a guess}]
""")
    train = make_task(str(recipe), "float32", 1, 64).plan.recipe.train
    assert train.early_stopping is train.learning_rate_schedule is None


@pytest.mark.parametrize("script", ["feed.py", "flops.py", "growth.py"])
def test_benchmark_is_a_script(script: str, tmp_path: Path) -> None:
    assert run(script, "--help", data=tmp_path).stdout.startswith(f"Usage: {script} [OPTIONS]")


@pytest.mark.slow
def test_feed_prints_a_row_for_each_recipe(contenders, monkeypatch) -> None:
    import feed
    from contenders import bare_keras, ours
    from contenders.task import make_task

    def train_here(contender: str, *task: str) -> float:
        made_task = make_task(*task)
        module = {"bare_keras": bare_keras, "ours": ours}[contender]
        return len(made_task.train) / module.seconds_of_epochs(made_task)[-1]

    monkeypatch.setattr(feed, "images_per_second", train_here)
    options = ["--rounds", "1", "--epochs", "1", "--images", "300", "--precision", "float32"]
    done = CliRunner().invoke(feed.main, ["digits", *options], catch_exceptions=False)
    assert done.exit_code == 0
    head, _, row = map(cells, done.stdout.splitlines())
    assert head[0] == "recipe"
    assert (row[0], row[-1]) == ("digits", "–")  # it has no augmentation of its own
    assert len(row) == len(head) == 4
    assert done.stderr.count(", round 1: ") == 2


def test_feed_replaces_an_optimizer_that_keras_does_not_have(contenders) -> None:
    import feed

    overrides = {recipe: feed.common_optimizer(recipe) for recipe in ("mnist_best", "cifar")}
    assert overrides == {"mnist_best": ["train.optimizer=SGD"], "cifar": []}


def test_feed_continues_if_a_recipe_fails(contenders, monkeypatch) -> None:
    import feed

    def fails(*arguments: object) -> float:
        if "cifar" in arguments:
            raise click.ClickException("bare_keras on cifar: no room")
        return 100.0

    monkeypatch.setattr(feed, "images_per_second", fails)
    done = CliRunner().invoke(feed.main, ["cifar", "lenet5", "--precision", "float32"])
    first, second = done.stdout.splitlines()[-2:]
    assert (cells(first)[:2], cells(second)[:2]) == (
        ["cifar", "failed"], ["lenet5", "1.00 (1.00 to 1.00)"],
    )  # fmt: skip
    assert done.exit_code == 1


def test_refuses_an_activation_without_a_translation_to_pytorch(contenders) -> None:
    pytest.importorskip("torch")
    from contenders.pytorch import translate_activation

    with pytest.raises(SystemExit, match="activation elu has no translation"):
        translate_activation("elu")


SMALL_NET = (
    "model.layers=[{Conv2D: {filters: 8, kernel_size: 3, use_bias: false}}, BatchNormalization, "
    "ReLU, Flatten, {Dense: {units: 10}}]"
)


@pytest.fixture
def compiler() -> None:
    pytest.importorskip("torch")
    if not shutil.which("g++"):
        pytest.skip("torch.compile needs a C++ compiler")


@pytest.mark.slow
@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-3), ("mixed_bfloat16", 0.1)])
def test_compiled_pytorch_trains_as_the_tuned_one(
    precision: str, tolerance: float, contenders, compiler, monkeypatch
) -> None:
    from contenders import pytorch, pytorch_compiled, pytorch_tuned
    from contenders.task import make_task

    weights = []

    def build_and_keep(task):
        model = pytorch.build_torch_model(task)
        fresh = torch.nn.utils.parameters_to_vector(model.parameters()).detach().clone()
        weights.append((fresh, model))
        return model

    torch = pytest.importorskip("torch")
    # Not Adam, whose steps are as large for a gradient of nothing but rounding errors.
    sgd = "train.optimizer={SGD: {learning_rate: 0.1, momentum: 0.9, nesterov: true}}"
    task = make_task("digits", precision, 1, 300, SMALL_NET, sgd)
    for contender in (pytorch_tuned, pytorch_compiled):
        monkeypatch.setattr(contender, "build_torch_model", build_and_keep)
        assert len(contender.seconds_of_epochs(task)) == 2
    tuned, compiled = [
        torch.nn.utils.parameters_to_vector(model.parameters()).detach() - fresh
        for fresh, model in weights
    ]
    assert tuned.norm() > 0.1
    assert (compiled - tuned).norm() < tolerance * tuned.norm()


@pytest.mark.slow
def test_compiled_pytorch_refuses_to_time_a_compilation(contenders, compiler, monkeypatch) -> None:
    from contenders import pytorch_compiled
    from contenders.task import make_task

    task = make_task("digits", "float32", 1, 300, SMALL_NET)
    first = task.train.first(task.batch_size)
    # After a warm-up of one batch, an epoch whose last batch is smaller than the others.
    epochs = pytorch_compiled.timed_epochs_from_memory

    def short_warm_up(task, *arguments):
        yield next(epochs(dataclasses.replace(task, train=first), *arguments))
        smaller = task.train.first(task.batch_size + 3)
        yield next(epochs(dataclasses.replace(task, train=smaller), *arguments))

    monkeypatch.setattr(pytorch_compiled, "timed_epochs_from_memory", short_warm_up)
    with pytest.raises(RuntimeError, match="recompile"):
        pytorch_compiled.seconds_of_epochs(task)


@pytest.mark.slow
def test_compiled_pytorch_fails_in_one_line_without_a_compiler(contenders, tmp_path) -> None:
    pytest.importorskip("torch")
    from training_speed import KCNN_ENVIRONMENT, images_per_second

    # No compiler can be found, and no program that was compiled before.
    without = KCNN_ENVIRONMENT | {"PATH": "", "CXX": "", "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)}
    with pytest.raises(click.ClickException) as raised:
        images_per_second(
            "pytorch_compiled", "digits", "float32", 1, 300, SMALL_NET, environment=without
        )
    assert raised.value.message.startswith(
        "pytorch_compiled on digits: torch.compile needs a working C++ compiler: "
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("model/conv2d/convolution:Conv2D", "convolution, forward"),
        ("gradient/Conv2DBackpropFilter:Conv2DBackpropFilter", "convolution, gradients"),
        ("ParallelMapV2:ParallelMapV2", "feed"),
        ("adam/ResourceApplyAdam:ResourceApplyAdam", "optimizer"),
        ("model/dense/MatMul:MatMul", "products"),
        ("model/max_pooling2d/MaxPool:MaxPool", "pooling"),
        ("model/re_lu/Relu:Relu", "activations"),
        ("add/AddV2:AddV2", "other operations"),
        ("ThreadpoolListener::Record", None),
    ],
)
def test_step_profile_knows_the_kind_of_an_operation(
    contenders, name: str, kind: str | None
) -> None:
    import step_profile

    assert step_profile._kind(name) == kind


@pytest.mark.slow
def test_flops_prints_rates_and_limits(contenders, monkeypatch) -> None:
    import flops

    monkeypatch.setattr(flops, "CONVOLUTIONS", ((8, 16, 16), (16, 8, 16)))
    monkeypatch.setattr(flops, "PRODUCTS", ((256, 256, 256), (512, 64, 64)))
    options = ["--images", "300", "--epochs", "1", "--precision", "float32"]
    done = CliRunner().invoke(flops.main, ["digits", *options], catch_exceptions=False)
    reached, *limits = done.stdout.splitlines()
    assert re.fullmatch(r"digits in float32: \d\.\d{3} TFLOP/s \([\d,]+ images/s\)", reached)
    assert [line.split(" in ")[0] for line in limits] == [
        "fastest 3×3 convolution", "fastest matrix product",
    ]  # fmt: skip


@pytest.mark.slow
def test_flops_reports_a_wrong_recipe_in_one_line(contenders) -> None:
    from flops import main

    done = CliRunner().invoke(main, ["WRONG"])
    assert done.exit_code == 1
    assert done.output == f"Error: {WRONG}\n"


def test_counts_operations_forward_and_backward(contenders) -> None:
    from flops import operations_of_an_image
    from kcnn.model.plan import plan_model
    from kcnn.recipe import read_recipe

    layers = "[{Conv2D: {filters: 2, kernel_size: 3%s}}, Flatten, {Dense: {units: 10}}]"
    convolution, dense = 9 * 2 * 6 * 6, 72 * 10
    zero_rate = "train.learning_rate_multipliers={'conv2d/*': 0}"
    for frozen, more, times in (("", [], 2), (", trainable: false", [], 1), ("", [zero_rate], 1)):
        recipe = read_recipe("digits", [f"model.layers={layers % frozen}", *more])
        operations = operations_of_an_image(plan_model(recipe, (8, 8, 1), 10))
        # The image has no gradient. After a frozen layer, the dense layer's input has none either.
        assert operations == 2 * (times * convolution + (times + 1) * dense)


def test_growth_refuses_to_overwrite_its_page_with_quick(contenders) -> None:
    from growth import main

    done = CliRunner().invoke(main, ["--quick"])
    assert done.exit_code == 2
    assert "choose another --output-dir" in done.output


@pytest.mark.slow
def test_growth_writes_tables_and_a_plot(tmp_path: Path, contenders, monkeypatch) -> None:
    import growth

    measure = growth.measure

    def measure_some(value: int, images: int, batch_size: int, depth: int) -> growth.Point:
        """Train only two of the points, because each starts TensorFlow."""
        if images == 1000 or depth == 4:
            return measure(value, images, batch_size, depth)
        return growth.Point(value, value / 100, 800_000_000)

    monkeypatch.setattr(growth, "measure", measure_some)
    options = ["--quick", "--most-images", "10000", "--output-dir", str(tmp_path)]
    done = CliRunner().invoke(growth.main, options, catch_exceptions=False)
    assert done.stderr.count(" MB beyond the images") == 2
    text = (tmp_path / "growth.md").read_text(encoding="utf-8")
    assert done.stdout.strip() in text
    assert text.count("Seconds grow with the power") == 3
    assert re.search(r"^Measured on \d{4}-\d\d-\d\d, on \d+ cores of .* TensorFlow \d", text, re.M)
    assert "2,048 images\n(256 for depth)" in text
    assert text.splitlines()[-1].startswith("**Verdict:** seconds grow ")
    for name in ("images", "batch size", "layers"):
        assert f"| {name} | seconds an epoch | MB beyond the images |" in text
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")


def test_exponent_is_fitted_to_the_larger_values(contenders) -> None:
    from growth import Point, exponent

    points = [Point(10**power, 5.0 + 10 ** (power - 3), 0) for power in range(3, 7)]
    assert exponent(points) == pytest.approx(0.98, abs=0.02)
    assert exponent([Point(2, 3.0, 0), Point(4, 6.0, 0)]) == pytest.approx(1)


def test_growth_refuses_a_single_point(contenders) -> None:
    from growth import main

    done = CliRunner().invoke(main, ["--most-images", "1000"])
    assert done.exit_code == 2
    assert "1000 is not in the range x>=10000" in done.output


def test_verdict_lists_exponents_and_memory(contenders) -> None:
    from growth import Point, verdict

    grown = {
        "images": [Point(10, 1.0, 800_000_000), Point(1000, 105.0, 810_000_000)],
        "layers": [Point(1, 1.0, 780_000_000), Point(10, 20.0, 1_560_000_000)],
    }
    assert verdict(grown) == (
        "**Verdict:** seconds grow faster than linearly with layers (1.30), but not faster than "
        "linearly with images (1.01); memory beyond the images' own bytes goes from 800 to 810 MB "
        "with 100 times the images, from 780 to 1,560 MB with 10 times the layers."
    )
    assert "seconds grow not faster than linearly with images (1.01);" in verdict(
        {"images": grown["images"]}
    )


def test_growth_takes_one_step_per_execution(contenders, monkeypatch) -> None:
    from contenders import growing
    from kcnn.data.dataset import MemoryImages
    from kcnn.model.plan import plan_model
    from kcnn.recipe import read_recipe
    from kcnn.training.fit import train

    trainings = []

    def record_and_train(phase, model, *arguments):
        training = train(phase, model, *arguments)
        trainings.append((model.steps_per_execution, int(model.optimizer.iterations)))
        return training

    monkeypatch.setattr(growing, "train", record_and_train)
    plan = plan_model(read_recipe(growing.NET, ["train.batch_size=8"]), (32, 32, 3), 10)
    images = MemoryImages(np.zeros((64, 32, 32, 3), np.uint8), np.zeros(64, np.int32))
    assert len(growing.seconds_of_epochs(plan, images, "float32")) == 2
    assert trainings == [(1, 16)]


@pytest.mark.slow
def test_start_up_compares_commands_with_their_limits(contenders, monkeypatch) -> None:
    import start_up

    # Below any result: on a busy machine, the import alone can take longer than within the fit.
    monkeypatch.setattr(start_up, "FITS", {"digits": -1000})
    done = CliRunner().invoke(start_up.main, ["--repeats", "1"], catch_exceptions=False)
    lines = done.stdout.splitlines()
    limits = {line[:40].strip(): line.rpartition(", ")[2] for line in lines if "), " in line}
    assert list(limits) == [
        "kcnn --help", "kcnn check cifar", "kcnn explain cifar",
        "kcnn fit digits, around its training",
    ]  # fmt: skip
    parts = [re.findall(r"(\w+) -?[\d.]+ s", line) for line in lines if line.startswith("  of it ")]
    assert parts == [["load", "build", "score", "draw", "start", "rest"]]
    *others, of_fit = limits.values()
    assert of_fit == "OVER -1000 s"
    assert all(re.fullmatch(r"(within|OVER) [\d.]+ s", limit) for limit in others)


def test_start_up_line_is_within_its_limit_or_over(contenders) -> None:
    import start_up

    assert start_up.format_line("kcnn --help", [0.1, 0.2, 0.4], 0.2).endswith(", within 0.2 s")
    assert start_up.format_line("kcnn --help", [0.1, 0.3, 0.4], 0.2).endswith(", OVER 0.2 s")


@pytest.mark.parametrize("net", ["lenet5", "simple_convnet", "cifar", "leaky_bn_fast", AIRBENCH])
def test_pytorch_model_has_the_outputs_of_keras(
    net: str, real_data: Path, contenders, monkeypatch
) -> None:
    torch = pytest.importorskip("torch")
    from contenders.bare_keras import build_keras_model
    from contenders.pytorch import build_torch_model
    from contenders.task import make_task

    monkeypatch.setenv("KCNN_DATA", str(real_data))
    task = make_task(net, "float32", 1, 32)
    keras_model, torch_model = build_keras_model(task), build_torch_model(task).eval()
    assert keras_model.count_params() == task.plan.cost.parameters
    copy_weights(keras_model, torch_model, torch)
    images = np.random.default_rng(0).random((4, *task.plan.image_shape), np.float32)
    with torch.no_grad():
        logits = torch_model(torch.from_numpy(images).permute(0, 3, 1, 2)).numpy()
    # In PyTorch, the last activation is part of the loss.
    activations = {
        "softmax": lambda logits: np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True),
        "sigmoid": lambda logits: 1 / (1 + np.exp(-logits)),
        "linear": lambda logits: logits,
    }
    outputs = activations[task.plan.output_activation](logits)
    expected = keras_model.predict(images, verbose=0)
    np.testing.assert_allclose(outputs, expected, atol=1e-4)


def copy_weights(keras_model, torch_model, torch) -> None:
    """Copy Keras's weights to PyTorch, whose kernels and flattened maps have other axes."""
    layers = [layer for layer in keras_model.layers if layer.weights]
    modules = [module for module in torch_model if list(module.parameters())]
    for layer, module in zip(layers, modules, strict=True):
        weights = {weight.name: np.array(weight) for weight in layer.weights}
        if isinstance(module, torch.nn.Conv2d):
            module.weight.data = torch.from_numpy(weights["kernel"].transpose(3, 2, 0, 1).copy())
        elif isinstance(module, torch.nn.Linear):
            kernel = weights["kernel"]
            if type(layer).__name__ == "Dense" and layer is first_dense(keras_model):
                height, width, channels = flattened_shape(keras_model)
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


@pytest.mark.slow
def test_reading_prints_ratios_and_leaves_out_what_is_not_installed(tmp_path: Path) -> None:
    done = run("reading.py", "--rounds", "1", "--scale", "0.01", data=tmp_path)
    head, _, *rows = done.stdout.splitlines()
    assert cells(head)[:3] == ["files", "kcnn, images/s", "kcnn / Keras"]
    assert len(rows) == 4
    for row in rows:
        assert len(cells(row)) == len(cells(head))
        assert int(cells(row)[1].replace(",", "")) > 1
    for package in ("torchvision", "ultralytics", "timm"):
        if importlib.util.find_spec(package) is None:
            assert f"{package} is not installed" in done.stderr


@pytest.mark.slow
def test_photos_prints_memory_and_seconds(tmp_path: Path) -> None:
    done = run("photos.py", "--images", "100", data=tmp_path)
    _, _, *rows = done.stdout.splitlines()
    assert len(rows) == 4
    for row in rows:
        _, peak, first, second, whole = cells(row)
        assert int(peak.removesuffix(" MB").replace(",", "")) > 200  # TensorFlow alone takes more
        epochs = float(first.removesuffix(" s")) + float(second.removesuffix(" s"))
        assert 0 < epochs < float(whole.removesuffix(" s"))


def test_duplicates_prints_what_is_found(tmp_path: Path) -> None:
    done = run("duplicates.py", "digits", "--images", "200", "--copies", "20", data=tmp_path)
    found = dict(cells(line) for line in done.stdout.splitlines()[2:11])
    assert found["gray"] == "100.0%"
    assert found["mirrored"] == "0.0%"
    assert "0 groups of copies in 1,797 images" in done.stdout


@pytest.mark.slow
def test_suspects_prints_precision_and_recall(tmp_path: Path) -> None:
    done = run("suspects.py", "--recipe", "digits", "--images", "600", data=tmp_path)
    *_, row = done.stdout.splitlines()
    name, _, changed, suspects, precision, *_ = cells(row)
    assert name == "digits, 600 images, 30 epochs"
    assert 15 < int(changed) < 45
    assert int(suspects) > 0
    assert float(precision.rstrip("%")) > 50


@pytest.mark.slow
def test_own_images_trains_as_a_person_would(tmp_path: Path) -> None:
    options = ["--data", "digits", "--images", "200", "--seeds", "2", "--test", "100"]
    done = run("own_images.py", *options, "train.epochs=12", data=tmp_path)
    head, _, row = done.stdout.splitlines()
    assert len(cells(head)) == len(cells(row))
    images, size, epochs, seconds, each, middle, linear = cells(row)
    assert (images, size, epochs) == ("digits, 200", "8×8", "12")
    assert int(seconds) > 0
    accuracies = [float(cell.rstrip(" %")) for cell in each.split(", ")]
    low, high = min(accuracies), max(accuracies)
    assert 30 < low < high  # ten classes; another seed has other images
    assert middle == f"{sum(accuracies) / 2:.1f} % ({low:.1f} % to {high:.1f} %)"
    assert float(linear.rstrip(" %")) > 80
    assert done.stderr.count("digits, seed ") == 2


@pytest.mark.parametrize(("channels", "suffix"), [(1, ".png"), (3, ".jpg")])
def test_own_images_are_written_into_class_folders(
    tmp_path: Path, contenders, channels: int, suffix: str
) -> None:
    from kcnn.data.dataset import Dataset, MemoryImages
    from own_images import choose_images, write_images

    pixels = np.arange(40, dtype=np.uint8).repeat(64 * channels).reshape(40, 8, 8, channels)
    images = MemoryImages(pixels, np.arange(40, dtype=np.int32) % 2)
    dataset = Dataset("stripes", images, images, ("even", "odd"), "here")
    chosen = choose_images(images, 10, seed=1)
    assert sorted(index % 2 for index in chosen) == [0] * 5 + [1] * 5
    assert list(chosen) != list(choose_images(images, 10, seed=2))
    write_images(tmp_path / "train", dataset, images, chosen)
    for index in chosen:
        file = tmp_path / "train" / dataset.class_names[index % 2] / f"{index}{suffix}"
        assert np.array_equal(np.unique(Image.open(file)), [index])


@pytest.mark.slow
def test_several_labels_prints_a_row_for_each_seed_and_the_median(real_data: Path) -> None:
    options = ["--seeds", "2", "--train", "300", "--test", "40", "--epochs", "2"]
    done = run(
        "several_labels.py", *options, "data.augment=[]",
        "model.layers=[Flatten, {Dense: {units: classes, activation: sigmoid}}]", data=real_data,
    )  # fmt: skip
    head, _, *rows = map(cells, done.stdout.splitlines())
    assert [row[0] for row in rows] == ["0", "1", "median"]
    assert head[1:5] == ["mean average precision", "accuracy per label", "exact match", "macro F1"]
    for row in rows:
        assert len(row) == len(head)
        assert float(row[1].rstrip(" %")) > 10  # as the labels drawn at random
        assert 0 < float(row[5]) < 40


def test_pictures_show_the_digits_that_their_table_lists(contenders, tmp_path, monkeypatch) -> None:
    import several_labels
    from kcnn.data.dataset import Dataset, MemoryImages

    def digits(factor: int) -> MemoryImages:
        # Each image of digit n has the value factor · (n + 1).
        values = np.arange(1, 11, dtype=np.uint8) * factor
        pixels = np.broadcast_to(values[:, None, None, None], (10, 28, 28, 1))
        return MemoryImages(pixels, np.arange(10, dtype=np.int32))

    names = tuple(map(str, range(10)))
    mnist = Dataset("mnist", digits(1), digits(20), names, source="made up")
    monkeypatch.setattr(several_labels, "read_named", lambda *_: mnist)
    empty = several_labels.write_pictures(tmp_path, 30, 20, seed=0)
    with (tmp_path / "labels.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["split"] for row in rows] == ["train"] * 30 + ["test"] * 20
    assert empty == sum(row["split"] == "test" and not row["label"] for row in rows) > 0
    for row in rows:
        shown = np.unique(np.asarray(Image.open(tmp_path / row["path"])))
        factor = 1 if row["split"] == "train" else 20
        assert [value // factor - 1 for value in shown.tolist() if value] == [
            int(label) for label in row["label"].split(";") if label
        ]


@pytest.mark.slow
def test_step_profile_finds_the_kinds_of_work(real_data: Path) -> None:
    done = run("step_profile.py", "simple_convnet", "--images", "2000", data=real_data)
    head, _, *rows = done.stdout.splitlines()
    assert cells(head) == ["milliseconds a step", "simple_convnet"]
    values = {name: float(value) for name, value in map(cells, rows)}
    for kind in ("feed", "optimizer", "convolution, gradients", "products", "pooling"):
        assert values[kind] > 0.01, kind
    assert values["convolution, forward"] < values["a step by the clock"] * os.cpu_count()


@pytest.mark.slow
def test_step_profile_of_an_execution_with_a_smaller_last_batch(real_data: Path) -> None:
    done = run("step_profile.py", "digits", "--images", "1", data=real_data)
    assert "| a step by the clock |" in done.stdout


def test_time_of_an_event_is_without_that_of_events_in_it(contenders) -> None:
    from step_profile import _own_times

    spans = {"outer": (0, 10), "first": (1, 3), "inmost": (2, 1), "second": (6, 4), "next": (10, 5)}
    events = [
        SimpleNamespace(name=name, offset_ps=offset, duration_ps=duration)
        for name, (offset, duration) in spans.items()
    ]
    own = {event.name: own for event, own in _own_times(reversed(events))}
    assert own == {"outer": 3, "first": 2, "inmost": 1, "second": 4, "next": 5}


def test_contenders_of_pytorch_run_without_tensorflow() -> None:
    """Both in one process would share its memory and cores, and crash."""
    code = "import sys, contenders.task; print({'tensorflow', 'keras'} & sys.modules.keys())"
    environment = os.environ | {"PYTHONPATH": str(BENCHMARKS)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == "set()"
