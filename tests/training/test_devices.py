from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from kcnn.errors import TrainingError
from kcnn.training.devices import choose_devices, mirrored

# Make logical devices of the processor before anything else, then fit recipes on some of them.
SCRIPT = """
import json, sys
import tensorflow as tf

devices, jobs = int(sys.argv[1]), json.loads(sys.argv[2])
processor = tf.config.list_physical_devices("CPU")[0]
parts = [tf.config.LogicalDeviceConfiguration() for _ in range(devices)]
tf.config.set_logical_device_configuration(processor, parts)

from kcnn.commands.fit import fit
from kcnn.commands.resume import resume
from kcnn.errors import KcnnError
from kcnn.figures import run_plots
from kcnn.model.saved import load_model
from kcnn.progress import EpochFinished, Progress
from kcnn.runs.metrics import read_metrics
from kcnn.training import devices as kcnn_devices

class Stop(Progress):
    def __init__(self, epoch):
        self.epoch = epoch

    def receive(self, event):
        if isinstance(event, EpochFinished) and event.epoch == self.epoch:
            raise KeyboardInterrupt

run_plots.plot_run = lambda *arguments, **named: []
for job in jobs:
    names = [f"CPU:{index}" for index in range(job["devices"])]
    kcnn_devices.choose_devices = lambda request: kcnn_devices.mirrored(names)
    try:
        result = fit("net.yaml", job["settings"], progress=Stop(job.get("stop")))
    except KeyboardInterrupt:
        result = resume()
    except KcnnError as error:
        print(json.dumps({"error": error.message}))
        continue
    weights = [array.tolist() for array in load_model(result.run).get_weights()]
    environment = json.loads(result.run.environment.read_text())
    print(json.dumps({
        "metrics": read_metrics(result.run), "steps": result.run.steps.read_text(),
        "test": result.summary["test"], "best": result.summary["best"], "weights": weights,
        "devices": environment["training_devices"], "strategy": environment["strategy"],
    }))
"""
RECIPE = """\
data: {dataset: digits, validation: 0.3}
model:
  layers:
    - Conv2D: {filters: 4, kernel_size: 3}
    - BatchNormalization
    - ReLU
    - Flatten
    - Dense: {units: 10}
train: {epochs: 2, optimizer: {SGD: {learning_rate: 0.1, momentum: 0.9}}}
"""
ONE_HOT = (
    "train.loss=categorical_crossentropy",
    "train.metrics=[{TopKCategoricalAccuracy: {k: 2}}]",
)


def run_fits(folder, devices: int, jobs: list[dict]) -> list[dict]:
    (folder / "net.yaml").write_text(RECIPE)
    command = [sys.executable, "-c", SCRIPT, str(devices), json.dumps(jobs)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("request_", ["cpu", None])
def test_the_processor_without_gpus(request_: str | None) -> None:
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has GPUs")
    devices = choose_devices(request_)
    assert devices.names == ("CPU:0",)
    assert devices.count == 1
    assert not isinstance(devices.strategy, tf.distribute.MirroredStrategy)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ("gpu", "--device gpu: TensorFlow finds no GPU"),
        ("0,1", "--device 0,1: there is no GPU 1"),
        ("7", "--device 7: there is no GPU 7"),
    ],
)
def test_refuses_missing_gpus(request_: str, message: str) -> None:
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has GPUs")
    with pytest.raises(TrainingError) as caught:
        choose_devices(request_)
    assert caught.value.message == message
    assert "kcnn doctor" in caught.value.hint


def test_a_single_device_needs_no_mirrored_strategy() -> None:
    assert mirrored(["CPU:0"]).strategy is tf.distribute.get_strategy()


def assert_alike(single: dict, double: dict, tolerance: float) -> None:
    assert (single["devices"], double["devices"]) == (["CPU:0"], ["CPU:0", "CPU:1"])
    assert double["strategy"] == "MirroredStrategy"
    for row, same in zip(single["metrics"], double["metrics"], strict=True):
        del row["seconds"], same["seconds"]
        assert same == pytest.approx(row, rel=tolerance, abs=tolerance)
    losses, same = (
        np.loadtxt(run["steps"].splitlines()[1:], delimiter=",") for run in (single, double)
    )
    np.testing.assert_allclose(losses, same, atol=tolerance)
    for array, same in zip(single["weights"], double["weights"], strict=True):
        np.testing.assert_allclose(array, same, atol=tolerance)


@pytest.mark.slow
def test_two_devices_train_like_a_single_device(tmp_path) -> None:
    # The last of the batches of 64 has 46 images, that of the batches of 98 has 26.
    settings = (
        ["train.batch_size=64"],
        # The default learning rate of Keras.
        ["train.batch_size=64", "train.optimizer=SGD", "train.learning_rate_schedule=Cosine"],
        ["train.batch_size=98", *ONE_HOT],
        ["train.batch_size=64", "train.class_weight={3: 5, 4: 0.5}"],
        # Parts that are not equal: Keras takes the mean of the devices' means.
        ["train.batch_size=63"],
        ["train.batch_size=503"],
    )
    jobs = [
        {"devices": devices, "settings": overrides} for overrides in settings for devices in (1, 2)
    ]
    results = run_fits(tmp_path, 2, jobs)
    tolerances = (1e-4, 1e-4, 1e-4, 1e-4, 5e-2, 5e-2)
    for single, double, tolerance in zip(results[::2], results[1::2], tolerances, strict=True):
        assert_alike(single, double, tolerance)


@pytest.mark.slow
def test_lookahead_multipliers_and_muon_on_two_devices(tmp_path) -> None:
    convolution = "{Conv2D: {filters: 4, kernel_size: 3}}, BatchNormalization, ReLU"
    settings = [
        "train.batch_size=64",
        f"model.layers=[{convolution}, Flatten, {{Dense: {{units: 10}}}}]",
        "train.optimizer={ConvolutionMuon: {learning_rate: 0.05, weight_decay: 0.01}}",
        "train.learning_rate_schedule=Triangle",
        "train.learning_rate_multipliers={'*/beta': 3, dense/bias: 0}",
        "train.lookahead={every: 3}",
    ]
    single, double = run_fits(
        tmp_path, 2, [{"devices": count, "settings": settings} for count in (1, 2)]
    )
    assert_alike(single, double, 1e-3)


@pytest.mark.slow
def test_averaged_weights_and_scaled_losses_on_two_devices(tmp_path) -> None:
    optimizer = "{SGD: {learning_rate: 0.1, use_ema: true, ema_momentum: 0.9}}"
    settings = ["train.batch_size=64", f"train.optimizer={optimizer}"]
    jobs = [
        {"devices": 1, "settings": settings},
        {"devices": 2, "settings": settings},
        {"devices": 2, "settings": [*settings, "train.precision=mixed_float16"]},
    ]
    single, double, half = run_fits(tmp_path, 2, jobs)
    assert double["best"]["test_loss"] == pytest.approx(single["best"]["test_loss"], rel=2e-3)
    assert half["test"]["loss"] == pytest.approx(single["test"]["loss"], rel=0.1)


@pytest.mark.slow
def test_several_devices_refuse_small_batches_and_accumulation(tmp_path) -> None:
    # Of 1006 images, the last of the batches of 67 has 1, that of the batches of 77 has 5: parts
    # of 2, 2, 1 and none. The last of the batches of 6 has 4, but 6 are divided into 2, 2, 2, none.
    jobs = [
        {"devices": 2, "settings": ["train.batch_size=67"]},
        {"devices": 4, "settings": ["train.batch_size=77"]},
        {"devices": 4, "settings": ["train.batch_size=6"]},
        {"devices": 4, "settings": ["train.batch_size=3", "train.drop_remainder=true"]},
        {"devices": 2, "settings": ["train.optimizer.SGD.gradient_accumulation_steps=2"]},
    ]
    remainder_1, remainder_5, batch_6, batch_3, accumulated = run_fits(tmp_path, 4, jobs)
    assert "one of 1 leaves none for the last of 2 devices" in remainder_1["error"]
    assert "one of 5 leaves none for the last of 4 devices" in remainder_5["error"]
    assert "one of 6 leaves none for the last of 4 devices" in batch_6["error"]
    assert "one of 3 leaves none for the last of 4 devices" in batch_3["error"]
    assert "gradient_accumulation_steps: does not go with 2 devices" in accumulated["error"]
    assert not (tmp_path / "outputs").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("batch_size", "left_out"),
    [
        (77, "train.drop_remainder=true"),
        (6, "train.drop_remainder=true"),
        (6, "data.validation=435"),  # 1437 less 435 images make 167 batches
        (4, "train.drop_remainder=true"),
    ],
)
def test_batches_of_equal_size_are_divided_evenly(batch_size: int, left_out: str, tmp_path) -> None:
    # Of 6 images, 4 devices get 2, 2, 1 and 1. Each training has its own process: in TensorFlow
    # 2.21, a second training on several devices can fail in collective operations.
    settings = ["train.epochs=1", f"train.batch_size={batch_size}", left_out]
    (result,) = run_fits(tmp_path, 4, [{"devices": 4, "settings": settings}])
    assert len(result["metrics"]) == 1


@pytest.mark.slow
def test_a_run_on_two_devices_is_resumed_exactly(tmp_path) -> None:
    jobs = [{"devices": 2, "settings": ["train.epochs=3"], "stop": stop} for stop in (None, 3)]
    whole, resumed = run_fits(tmp_path, 2, jobs)
    assert resumed["devices"] == ["CPU:0", "CPU:1"]
    assert resumed["weights"] == whole["weights"]
    assert resumed["steps"] == whole["steps"]
    assert resumed["test"] == whole["test"]
