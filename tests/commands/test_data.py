from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kcnn.commands.data import fetch, list_datasets, verify
from kcnn.errors import DataError
from kcnn.progress import Progress


@pytest.fixture(autouse=True)
def no_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras-home"))
    monkeypatch.delenv("KCNN_DATA", raising=False)


@pytest.fixture
def own_mnist(tmp_path: Path) -> Path:
    """Write an mnist.npz that is not the original."""
    images, labels = np.zeros((12, 28, 28), np.uint8), np.arange(12) % 10
    path = tmp_path / "mnist.npz"
    np.savez(path, x_train=images, y_train=labels, x_test=images[:5], y_test=labels[:5])
    return path


def test_list_without_any_datasets() -> None:
    rows = {row.name: row for row in list_datasets(None).rows}
    assert list(rows) == ["digits", "mnist", "fashion_mnist", "cifar10", "cifar100"]
    assert rows["digits"].found == "scikit-learn"
    assert {row.found for name, row in rows.items() if name != "digits"} == {None}
    assert rows["cifar100"].image_shape == (32, 32, 3)
    assert len(rows["cifar100"].class_names) == 100


def test_list_shows_where_a_dataset_is(own_mnist) -> None:
    rows = {row.name: row for row in list_datasets(own_mnist.parent).rows}
    assert rows["mnist"].found == str(own_mnist)


def test_list_does_not_import_numpy() -> None:
    code = (
        "import sys; from kcnn.commands.data import list_datasets; list_datasets(None);"
        "print(sorted({'numpy', 'PIL', 'pooch', 'sklearn', 'keras'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_fetch_finds_a_dataset_that_exists(own_mnist) -> None:
    assert fetch("mnist", own_mnist.parent, Progress()).path == own_mnist


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("digits", "comes with scikit-learn"),
        ("folder", "your own images"),
        ("npz", "your own images"),
        ("imagenet", "no such dataset"),
    ],
)
def test_refuses_names_that_cannot_be_downloaded(name, message) -> None:
    with pytest.raises(DataError, match=message):
        fetch(name, None, Progress())
    with pytest.raises(DataError, match=message):
        verify(name, None, Progress())


def test_verify_reads_a_file_that_differs_from_the_original(own_mnist) -> None:
    assert verify("mnist", own_mnist.parent, Progress()).as_json() == {
        "name": "mnist",
        "path": str(own_mnist),
        "sha256": {"mnist.npz": hashlib.sha256(own_mnist.read_bytes()).hexdigest()},
        "original": False,
        "readable": True,
        "problem": None,
        "train_count": 12,
        "test_count": 5,
    }


def test_verify_reports_a_damaged_file(own_mnist) -> None:
    own_mnist.write_bytes(own_mnist.read_bytes()[:500])
    result = verify("mnist", own_mnist.parent, Progress())
    assert (result.readable, result.original) == (False, False)
    assert result.problem is not None and result.problem.startswith(f"{own_mnist}: ")
    assert result.train_count is None


def test_verify_accepts_the_original(own_mnist, monkeypatch) -> None:
    from kcnn.data.catalog import NAMED_DATASETS

    digest = hashlib.sha256(own_mnist.read_bytes()).hexdigest()
    monkeypatch.setitem(NAMED_DATASETS["mnist"].known_hashes, "mnist.npz", f"sha256:{digest}")
    assert verify("mnist", own_mnist.parent, Progress()).original is True


def test_verify_refuses_a_missing_dataset() -> None:
    with pytest.raises(DataError, match="cifar10: not on this machine") as caught:
        verify("cifar10", None, Progress())
    assert caught.value.hint == "kcnn data fetch cifar10 gets it"


@pytest.mark.slow
def test_verify_real_data(real_data) -> None:
    results = {name: verify(name, real_data, Progress()) for name in ("mnist", "cifar10")}
    for result in results.values():
        assert result.readable is True
        assert result.test_count == 10_000
    assert results["mnist"].train_count == 60_000
    assert results["cifar10"].train_count == 50_000


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no file that cannot be read")
def test_verify_refuses_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "mnist.npz").symlink_to("/proc/self/mem")
    with pytest.raises(DataError, match=r"mnist\.npz: cannot be read: Input/output error"):
        verify("mnist", tmp_path, Progress())
