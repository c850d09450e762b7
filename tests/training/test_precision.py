from __future__ import annotations

import keras
import pytest
import tensorflow as tf

from kcnn.machine import processor
from kcnn.machine.processor import fast_bfloat16
from kcnn.model.checked_recipe import check_recipe
from kcnn.model.dtype_policy import dtype_policy
from kcnn.model.plan import Plan
from kcnn.recipe import read_recipe
from kcnn.training import precision as module
from kcnn.training.devices import Devices, choose_devices
from kcnn.training.precision import Precision, choose_precision


def _plan(net: str, precision: str = "train.precision=auto") -> Plan:
    plan = check_recipe(read_recipe(net, [precision])).plan
    assert plan is not None
    return plan


def test_sets_the_precision_and_restores_it() -> None:
    former = keras.config.dtype_policy().name
    with pytest.raises(ZeroDivisionError), dtype_policy("mixed_bfloat16"):
        assert keras.layers.Dense(1).compute_dtype == "bfloat16"
        raise ZeroDivisionError
    assert keras.config.dtype_policy().name == former


@pytest.mark.parametrize("setting", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_keeps_the_precision_of_the_recipe(setting: str) -> None:
    plan = _plan("cifar", f"train.precision={setting}")
    assert choose_precision(plan, choose_devices("cpu")) == Precision(setting)


@pytest.mark.parametrize(
    ("instructions", "policy", "reason"),
    [
        ("AMX", "mixed_bfloat16", "the processor is fast at bfloat16, by AMX"),
        (None, "float32", "the processor has no instructions that make bfloat16 faster"),
    ],
)
def test_automatic_on_a_processor(monkeypatch, instructions, policy, reason) -> None:
    monkeypatch.setattr(module, "fast_bfloat16", lambda: instructions)
    chosen = choose_precision(_plan("cifar"), choose_devices("cpu"))
    assert chosen == Precision(policy, reason)


@pytest.mark.parametrize(
    ("net", "policy", "reason"),
    [
        (
            "leaky_bn_fast",
            "float32",
            "bfloat16 saves nothing in a step of 37.6 million operations",
        ),
        ("convolution", "mixed_bfloat16", "the processor is fast at bfloat16, by AMX"),
    ],
)
def test_automatic_for_few_operations(monkeypatch, net: str, policy: str, reason: str) -> None:
    monkeypatch.setattr(module, "fast_bfloat16", lambda: "AMX")
    chosen = choose_precision(_plan(net), choose_devices("cpu"))
    assert chosen == Precision(policy, reason)


@pytest.mark.parametrize(
    ("capabilities", "policy"),
    [
        ([(8, 0)], "mixed_bfloat16"),
        ([(9, 0), (8, 6)], "mixed_bfloat16"),
        ([(7, 5)], "float32"),
        ([(8, 0), (7, 0)], "float32"),
        ([None], "float32"),
    ],
)
def test_automatic_on_gpus(monkeypatch, capabilities, policy: str) -> None:
    """Replace TensorFlow's description of the GPUs, so that none is needed."""
    gpus = list(range(len(capabilities)))
    monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: gpus)
    monkeypatch.setattr(
        tf.config.experimental,
        "get_device_details",
        lambda gpu: {"compute_capability": capabilities[gpu]},
    )
    names = tuple(f"GPU:{gpu}" for gpu in gpus)
    devices = Devices(names, tf.distribute.get_strategy())
    chosen = choose_precision(_plan("leaky_bn_fast"), devices)
    assert chosen.policy == policy
    assert "GPU" in chosen.reason


@pytest.mark.parametrize(
    ("vendor", "flags", "instructions"),
    [
        ("GenuineIntel", "fma avx512_bf16 amx_bf16 amx_tile", "AMX"),
        ("GenuineIntel", "fma avx512_bf16", None),
        ("AuthenticAMD", "fma avx512_bf16", "AVX-512 BF16"),
        ("AuthenticAMD", "fma", None),
        ("", "", None),
    ],
)
def test_chooses_bfloat16_where_it_is_faster(
    monkeypatch, vendor: str, flags: str, instructions: str | None
) -> None:
    said = {"vendor_id": vendor, "flags": flags}
    monkeypatch.setattr(processor, "_cpuinfo", lambda key: said[key])
    assert fast_bfloat16() == instructions
