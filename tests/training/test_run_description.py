from __future__ import annotations

import subprocess
import sys

import pytest
import tensorflow as tf

from kcnn.training.devices import Devices
from kcnn.training.run_description import describe_run

DEVICES = Devices(("CPU:0",), tf.distribute.MirroredStrategy(["CPU:0"]))


def test_run(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["kcnn", "fit", "digits"])
    run = describe_run(DEVICES, "mixed_bfloat16", 7)
    assert run["command_line"] == ["kcnn", "fit", "digits"]
    assert run["seed"] == 7
    assert run["precision"] == "mixed_bfloat16"
    assert run["training_devices"] == ["CPU:0"]
    assert run["training_gpus"] == []
    assert run["strategy"] == "MirroredStrategy"
    assert run["git_commit"] is None


def test_records_the_gpu_that_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace TensorFlow's description of the second of two GPUs, so that none is needed."""
    second = tf.config.PhysicalDevice("/physical_device:GPU:1", "GPU")
    monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: [second])
    monkeypatch.setattr(
        tf.config.experimental, "get_device_details", lambda gpu: {"device_name": "H100"}
    )
    devices = Devices(("GPU:0",), tf.distribute.get_strategy())
    (gpu,) = describe_run(devices, "float32", 0)["training_gpus"]
    assert (gpu["name"], gpu["model"]) == ("GPU:1", "H100")


def test_records_the_commit_of_the_current_folder(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", *who, "commit", "-q", "--allow-empty", "-m", "one"], check=True)
    commit = describe_run(DEVICES, "float32", 0)["git_commit"]
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True).stdout
    assert commit == head.strip()


def test_without_git(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert describe_run(DEVICES, "float32", 0)["git_commit"] is None
