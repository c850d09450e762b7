"""A recipe and a clock for the tests of the console."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

NET = """\
name: net
about: Two layers.
data: {dataset: digits}
model:
  layers:
    - Conv2D: {filters: 2, kernel_size: 3}
    - Flatten
    - Dense: {units: 10}
train: {epochs: 1, batch_size: 50, optimizer: Adam}
"""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the time in a list; a test may change it."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a recipe's file in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET, encoding="utf-8")
    return "net.yaml"
