from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from kcnn.data.catalog import NAMED_DATASETS
from kcnn.data.idx import read_idx, read_idx_dataset
from kcnn.data.locate import locate
from kcnn.errors import DataError


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_reads_what_was_written(tmp_path, write_idx, suffix) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 4, 3)).astype(np.uint8)
    write_idx(tmp_path / f"images{suffix}", images)
    assert (read_idx(tmp_path / f"images{suffix}", 3) == images).all()


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_reads_a_dataset(no_data, tmp_path, write_idx_dataset, suffix) -> None:
    write_idx_dataset(tmp_path / "fashion-mnist", suffix)
    dataset = read_idx_dataset(locate(NAMED_DATASETS["fashion_mnist"], tmp_path))
    assert dataset.image_shape == (28, 28, 1)
    assert dataset.train.labels.dtype == np.int32
    assert list(dataset.test.labels) == [0, 1, 2, 3]
    assert dataset.class_names[9] == "Ankle boot"


def test_refuses_a_truncated_file(tmp_path, write_idx) -> None:
    path = tmp_path / "images"
    write_idx(path, np.zeros((5, 4, 3)))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"images: 75 bytes, expected 76 for shape \(5, 4, 3\)"):
        read_idx(path, 3)


def test_refuses_a_truncated_gzip(tmp_path, write_idx) -> None:
    path = tmp_path / "images.gz"
    write_idx(path, np.random.default_rng(0).integers(0, 256, (50, 4, 3)))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"images\.gz: damaged or cut off"):
        read_idx(path, 3)


# Without a timestamp, which would change the name of the test each second.
ZIPPED = gzip.compress(b"rubbish", mtime=0)


@pytest.mark.parametrize("content", [b"", b"\0\0\x08", b"rubbish" * 9, ZIPPED])
def test_refuses_random_bytes(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "images").write_bytes(content)
    with pytest.raises(DataError, match="not an IDX file of bytes with 3 dimensions"):
        read_idx(tmp_path / "images", 3)


def test_refuses_images_and_labels_of_different_length(
    no_data, tmp_path, write_idx_dataset, write_idx
) -> None:
    write_idx_dataset(tmp_path)
    write_idx(tmp_path / "t10k-labels-idx1-ubyte", np.zeros(3))
    with pytest.raises(DataError, match="3 labels for the 4 images"):
        read_idx_dataset(locate(NAMED_DATASETS["mnist"], tmp_path))
