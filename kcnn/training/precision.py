"""The precision of a training: Keras's dtype policy, chosen if a recipe leaves it open."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from kcnn.machine.processor import fast_bfloat16
from kcnn.training.devices import Devices

# NVIDIA's GPUs have tensor cores for bfloat16 from Ampere (compute capability 8.0) on.
_BFLOAT16_CAPABILITY = (8, 0)


@dataclass(frozen=True)
class Precision:
    """A dtype policy, and why it was chosen.

    Args:
        policy: Keras's name for it.
        reason: Why it was chosen; None if the recipe names it.
    """

    policy: str
    reason: str | None = None


def choose_precision(setting: str, devices: Devices) -> Precision:
    """Return the recipe's precision; for `auto`, bfloat16 if all devices are fast at it.

    Args:
        setting: The recipe's precision.
        devices: The devices that train.
    """
    if setting != "auto":
        return Precision(setting)
    if gpus := devices.gpus:
        if all(map(_has_bfloat16_cores, gpus)):
            return Precision("mixed_bfloat16", "the GPU has tensor cores for bfloat16")
        return Precision("float32", "the GPU has no tensor cores for bfloat16")
    instructions = fast_bfloat16()
    if instructions is None:
        return Precision("float32", "the processor has no instructions that make bfloat16 faster")
    return Precision("mixed_bfloat16", f"the processor is fast at bfloat16, by {instructions}")


def _has_bfloat16_cores(gpu: tf.config.PhysicalDevice) -> bool:
    capability = tf.config.experimental.get_device_details(gpu).get("compute_capability")
    return capability is not None and tuple(capability) >= _BFLOAT16_CAPABILITY
