"""What a run ran on: command line, devices, guarantee, code and machine."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from kcnn.machine.cores import core_count
from kcnn.machine.description import describe_device, describe_machine
from kcnn.training.devices import Devices


def describe_run(devices: Devices, precision: str, seed: int) -> dict[str, Any]:
    """Describe the circumstances of a run for environment.json.

    Args:
        devices: The devices that train.
        precision: Keras's dtype policy in force.
        seed: The recipe's seed.
    """
    return {
        "command_line": sys.argv,
        "seed": seed,
        "precision": precision,
        "training_devices": list(devices.names),
        # In `training_devices` TensorFlow counts the GPUs that train from 0. Here each has the
        # number that it has on this machine.
        "training_gpus": [describe_device(gpu) for gpu in devices.gpus],
        "training_cores": core_count(),
        "strategy": type(devices.strategy).__name__,
        "repeatable": _guarantee(devices),
        "git_commit": _git_commit(),
        **describe_machine(),
    }


def _guarantee(devices: Devices) -> str:
    """Return what another run of the same recipe and seed can be expected to reproduce."""
    if devices.count == 1:
        return (
            "the same bytes on this machine with these packages and as many cores: operations are "
            "deterministic, and everything random is drawn from the seed"
        )
    return (
        "the same figures except for their last digits: everything random is drawn from the seed, "
        "but sums over several devices may be taken in another order"
    )


def _git_commit() -> str | None:
    """Return the commit of the current folder, because runs are often made inside a project."""
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
