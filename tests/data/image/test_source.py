"""Bytes of a file, and images in strips."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kcnn.data.image import source, strips
from kcnn.data.image.source import read_file


def test_a_system_that_returns_a_few_bytes_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Network drives do."""
    (tmp_path / "file").write_bytes(content := os.urandom(1000))
    read = os.read
    monkeypatch.setattr(source.os, "read", lambda file, count: read(file, min(count, 300)))
    assert read_file(tmp_path / "file")[0] == content


def test_strips_are_the_whole_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strips, "_PIXELS", 30)
    pixels = np.arange(70, dtype=np.uint8).reshape(7, 10)
    found = [(top, np.asarray(part)) for top, (part,) in strips.strips(Image.fromarray(pixels))]
    assert [(top, len(part)) for top, part in found] == [(0, 3), (3, 3), (6, 1)]
    assert (np.concatenate([part for _, part in found]) == pixels).all()
