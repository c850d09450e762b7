"""What this machine is: versions, processor, TensorFlow's devices, environment variables."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import TYPE_CHECKING, Any

from kcnn.machine.processor import fast_bfloat16, processor_name
from kcnn.machine.start import numeric_environment, uses_onednn

if TYPE_CHECKING:
    import tensorflow as tf

_PACKAGES = ("tensorflow", "keras", "numpy", "matplotlib", "scikit-learn", "pydantic")


def describe_machine() -> dict[str, Any]:
    """Describe the machine for environment.json and `kcnn doctor`; call start_tensorflow first."""
    import tensorflow as tf

    return {
        "kcnn": _version("kcnn"),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "platform": platform.platform(),
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "onednn": uses_onednn(),
        "bfloat16": fast_bfloat16() or "none",
        "devices": [describe_device(device) for device in tf.config.list_physical_devices()],
        "environment_variables": numeric_environment(),
    }


def describe_device(device: tf.config.PhysicalDevice) -> dict[str, Any]:
    """Describe one of TensorFlow's devices: its name and, for a GPU, its model and capability."""
    import tensorflow as tf

    description: dict[str, Any] = {"name": device.name.removeprefix("/physical_device:")}
    if device.device_type == "GPU":
        details = tf.config.experimental.get_device_details(device)
        description["model"] = details.get("device_name")
        description["compute_capability"] = details.get("compute_capability")
    return description


def _version(package: str) -> str | None:
    """Return the installed version of a package; None if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
