"""The precision of a training: Keras's dtype policy, chosen if a recipe leaves it open."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from kcnn.machine.processor import fast_bfloat16
from kcnn.model.costs import operations_of_a_step
from kcnn.model.plan import Plan
from kcnn.training.devices import Devices

# NVIDIA's GPUs have tensor cores for bfloat16 from Ampere (compute capability 8.0) on.
_BFLOAT16_CAPABILITY = (8, 0)

# With fewer operations in a step, a processor takes longer to convert values than bfloat16 saves.
# On two AMD cores with AVX-512 BF16, bfloat16 trains leaky_bn_fast (4e7) 0.9 times as fast as
# float32, convolution (1.5e8) and dense (5e8) 1.1 times, mnist (2e9) and cifar94 (7e11) 1.7 times.
_FEW_OPERATIONS = 1e8


@dataclass(frozen=True)
class Precision:
    """A dtype policy, and why it was chosen.

    Args:
        policy: Keras's name for it.
        reason: Why it was chosen; None if the recipe names it.
    """

    policy: str
    reason: str | None = None


def choose_precision(plan: Plan, devices: Devices) -> Precision:
    """Return the recipe's precision; for `auto`, bfloat16 if it makes all devices faster.

    The plan and the devices decide, not a measurement: a training must write the same bytes every
    time.

    Args:
        plan: The model's plan.
        devices: The devices that train.
    """
    setting = plan.recipe.train.precision
    if setting != "auto":
        return Precision(setting)
    if gpus := devices.gpus:
        if all(map(_has_bfloat16_cores, gpus)):
            return Precision("mixed_bfloat16", "the GPU has tensor cores for bfloat16")
        return Precision("float32", "the GPU has no tensor cores for bfloat16")
    instructions = fast_bfloat16()
    if instructions is None:
        return Precision("float32", "the processor has no instructions that make bfloat16 faster")
    operations = operations_of_a_step(plan.cost.multiply_adds, plan.recipe.train.batch_size)
    if operations < _FEW_OPERATIONS:
        reason = f"bfloat16 saves nothing in a step of {operations / 1e6:,.1f} million operations"
        return Precision("float32", reason)
    return Precision("mixed_bfloat16", f"the processor is fast at bfloat16, by {instructions}")


def _has_bfloat16_cores(gpu: tf.config.PhysicalDevice) -> bool:
    capability = tf.config.experimental.get_device_details(gpu).get("compute_capability")
    return capability is not None and tuple(capability) >= _BFLOAT16_CAPABILITY
