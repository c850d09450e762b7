"""Small datasets in the real formats, and a machine without any datasets."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kcnn.recipe.data_settings import DataSettings

WriteIdx = Callable[[Path, np.ndarray], None]


@pytest.fixture
def request_data() -> Callable[..., DataSettings]:
    """Make the data settings of a recipe, with or without a path."""

    def request(dataset: str, path: Path | None = None, **settings: object) -> DataSettings:
        paths = {} if path is None else {"path": str(path)}
        return DataSettings(dataset=dataset, **paths, **settings)

    return request


@pytest.fixture
def no_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Hide all datasets, and return the home of Keras, which does not exist yet."""
    home = tmp_path / "keras-home"
    monkeypatch.setenv("KERAS_HOME", str(home))
    monkeypatch.delenv("KCNN_DATA", raising=False)
    return home


@pytest.fixture
def write_idx() -> WriteIdx:
    """Write an array as an IDX file, with gzip if the name ends in .gz."""

    def write(path: Path, array: np.ndarray) -> None:
        header = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
        content = header + array.astype(np.uint8).tobytes()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)

    return write


@pytest.fixture
def write_idx_dataset(write_idx: WriteIdx) -> Callable[..., None]:
    """Write four IDX files with 12 training and 4 test images into a folder."""

    def write(folder: Path, suffix: str = "", pixel: int = 7) -> None:
        for part, count in (("train", 12), ("t10k", 4)):
            write_idx(folder / f"{part}-images-idx3-ubyte{suffix}", np.full((count, 28, 28), pixel))
            write_idx(folder / f"{part}-labels-idx1-ubyte{suffix}", np.arange(count) % 10)

    return write
