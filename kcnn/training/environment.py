"""What a run ran on: versions, processor, devices and the state of the code."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib import metadata
from typing import Any

import tensorflow as tf

from kcnn.machine.cores import core_count
from kcnn.machine.processor import fast_bfloat16, processor_name
from kcnn.machine.start import numeric_environment, uses_onednn
from kcnn.training.devices import Devices

_PACKAGES = ("tensorflow", "keras", "numpy", "pandas", "matplotlib", "scikit-learn", "pydantic")


def describe_machine() -> dict[str, Any]:
    """Describe the machine: versions, processor, the devices TensorFlow sees, its environment."""
    return {
        "kcnn": _version("kcnn"),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "platform": platform.platform(),
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "onednn": uses_onednn(),
        "bfloat16": fast_bfloat16() or "none",
        "devices": [_describe_device(device) for device in tf.config.list_physical_devices()],
        "environment_variables": numeric_environment(),
    }


def describe_run(devices: Devices, precision: str, seed: int) -> dict[str, Any]:
    """Describes the circumstances of a run, for environment.json.

    Args:
        devices: Those that train.
        precision: Keras's dtype policy, the one in force.
        seed: The recipe's seed.
    """
    return {
        "command_line": sys.argv,
        "seed": seed,
        "precision": precision,
        "training_devices": list(devices.names),
        # TensorFlow counts those that train from 0, whichever of the machine's GPUs they are.
        "training_gpus": [_describe_device(gpu) for gpu in devices.gpus],
        "training_cores": core_count(),
        "strategy": type(devices.strategy).__name__,
        "repeatable": _guarantee(devices),
        "git_commit": _git_commit(),
        **describe_machine(),
    }


def _guarantee(devices: Devices) -> str:
    """Says what another run of the same recipe and seed may be relied on to give."""
    if devices.count == 1:
        return (
            "the same bytes on this machine with these packages and as many cores: operations are "
            "deterministic, and everything random is drawn from the seed"
        )
    return (
        "the same figures but for their last digits: everything random is drawn from the seed, but "
        "sums over several devices may be taken in another order"
    )


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _describe_device(device: tf.config.PhysicalDevice) -> dict[str, Any]:
    kind = device.device_type
    description: dict[str, Any] = {"name": device.name.removeprefix("/physical_device:")}
    if kind == "GPU":
        details = tf.config.experimental.get_device_details(device)
        description["model"] = details.get("device_name")
        description["compute_capability"] = details.get("compute_capability")
    return description


def _git_commit() -> str | None:
    """Gives the commit of the folder the user stands in; runs are often made inside a project."""
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40"],
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() or None
