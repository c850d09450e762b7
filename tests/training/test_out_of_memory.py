"""The error for memory that ran out names the requested memory."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from kcnn.training.out_of_memory import out_of_memory

RECIPE = """\
name: large
data: {dataset: digits}
model:
  layers:
    - UpSampling2D: {size: 50}
    - Conv2D: {filters: 1024, kernel_size: 3}
    - GlobalAveragePooling2D
    - Dense: {units: 10}
train: {epochs: 1, batch_size: 512, optimizer: SGD}
"""


@pytest.mark.parametrize(
    ("reason", "megabytes", "shape"),
    [
        ("OOM when allocating tensor with shape[128,32,32,64] and type float on CPU:0", "34",
         "128×32×32×64"),
        ("OOM when allocating tensor with shape[1000] and type bfloat16 on GPU", "0", "1000"),
        ("failed to allocate memory; shape[1000,1000] and type double", "8", "1000×1000"),
    ],
)  # fmt: skip
def test_reports_the_requested_memory(reason: str, megabytes: str, shape: str) -> None:
    error = out_of_memory(reason, 128)
    assert error.message == (
        f"memory ran out while training: {megabytes} MB were requested, for an array of shape "
        f"{shape}"
    )
    assert "train.batch_size=64" in error.hint


def test_request_unknown() -> None:
    error = out_of_memory("failed", 1)
    assert error.message == "memory ran out while training"
    assert "a smaller model" in error.hint


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads how much memory is free")
def test_a_real_training_that_is_too_large(tmp_path: Path) -> None:
    """Its convolution needs more than 300 GB, which no developer's machine has."""
    (tmp_path / "large.yaml").write_text(RECIPE, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "kcnn", "fit", "large.yaml", "--quiet"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    error, hint = done.stderr.splitlines()
    assert re.fullmatch(
        r"error: large\.yaml:9: train\.batch_size: layer conv2d makes 332 GB of a batch of 512 "
        r"images, and \d+ GB of memory are free",
        error,
    )
    assert re.fullmatch(r"fix: write a batch_size of about \d+", hint)
    assert not list((tmp_path / "outputs").glob("*/*"))
