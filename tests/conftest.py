"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The real MNIST and CIFAR-10: in KCNN_DATA, or in `shared/data` beside the checkout."""
    folder = Path(os.environ.get("KCNN_DATA", REPOSITORY.parent / "shared" / "data")).resolve()
    if not (folder / "mnist.npz").is_file():
        pytest.skip("set KCNN_DATA to a folder with mnist.npz and cifar-10-binary.tar.gz")
    return folder
