from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kcnn.data.catalog import NAMED_DATASETS
from kcnn.data.download import download
from kcnn.data.locate import data_directories, keras_cache, locate
from kcnn.errors import DataError
from kcnn.progress import Progress

MNIST = NAMED_DATASETS["mnist"]
FASHION_MNIST = NAMED_DATASETS["fashion_mnist"]
CIFAR10 = NAMED_DATASETS["cifar10"]


def touch(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_looks_in_data_dir_then_kcnn_data_then_the_keras_cache(
    no_data: Path, tmp_path, monkeypatch
) -> None:
    given, variable = touch(tmp_path / "given"), touch(tmp_path / "variable")
    cache = touch(no_data / "datasets", "mnist.npz")
    monkeypatch.setenv("KCNN_DATA", str(variable))
    assert data_directories(given) == [given, variable, cache]
    assert locate(MNIST, given).path == cache / "mnist.npz"
    touch(variable, "mnist.npz")
    assert locate(MNIST, given).path == variable / "mnist.npz"
    touch(given, "mnist.npz")
    assert locate(MNIST, given).path == given / "mnist.npz"


def test_keras_cache_is_in_the_home_folder_by_default(monkeypatch) -> None:
    monkeypatch.delenv("KERAS_HOME", raising=False)
    assert keras_cache() == Path.home() / ".keras" / "datasets"


def test_user_without_a_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with `docker run --user 12345`: no HOME and no entry in /etc/passwd."""

    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.delenv("KCNN_DATA", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    assert keras_cache() is None
    assert data_directories(None) == [] and data_directories(tmp_path) == [tmp_path]
    assert locate(MNIST, None) is None
    with pytest.raises(DataError, match="no folder to download mnist into") as caught:
        download(MNIST, None, Progress())
    assert "--data-dir or KCNN_DATA" in str(caught.value.hint)


def test_returns_none_if_nothing_is_found(no_data: Path) -> None:
    assert [locate(named, None) for named in NAMED_DATASETS.values()] == [None] * 5


@pytest.mark.parametrize(
    ("name", "folder", "first_file"),
    [
        ("mnist", "mnist", "train-images-idx3-ubyte.gz"),
        ("mnist", "MNIST/raw", "train-images-idx3-ubyte"),
        ("fashion_mnist", "fashion-mnist", "train-images-idx3-ubyte.gz"),
        ("fashion_mnist", "FashionMNIST/raw", "train-images-idx3-ubyte"),
        ("cifar10", "cifar-10-batches-bin", "data_batch_1.bin"),
        ("cifar10", "cifar10/cifar-10-batches-py", "data_batch_1"),
        ("cifar10", "cifar-10-batches-py-target/cifar-10-batches-py", "data_batch_1"),
        ("cifar10", "cifar10", "cifar-10-python.tar.gz"),
        ("cifar100", "cifar-100-python-target/cifar-100-python", "train"),
        ("cifar100", "CIFAR100", "train.bin"),
    ],
)
def test_finds_folders_of_keras_and_torchvision(
    no_data, tmp_path, name, folder, first_file
) -> None:
    named = NAMED_DATASETS[name]
    layout = next(layout for layout in named.layouts if layout.files[0] == first_file)
    touch(tmp_path / folder, *layout.files)
    found = locate(named, tmp_path)
    assert found is not None
    assert (found.layout, found.folder) == (layout, tmp_path / folder)


def test_does_not_confuse_mnist_and_fashion_mnist(no_data, tmp_path) -> None:
    fashion = touch(tmp_path / "fashion-mnist", *FASHION_MNIST.layouts[0].files)
    assert locate(FASHION_MNIST, fashion).folder == fashion
    assert locate(MNIST, fashion) is None
    bare = touch(tmp_path / "bare", *MNIST.layouts[1].files)
    assert locate(MNIST, bare).folder == bare
    assert locate(FASHION_MNIST, bare) is None


def test_does_not_find_a_dataset_with_a_missing_file(no_data, tmp_path) -> None:
    folder = touch(tmp_path / "cifar-10-batches-bin", *CIFAR10.layouts[0].files)
    (folder / "data_batch_3.bin").unlink()
    assert locate(CIFAR10, tmp_path) is None


def test_folder_named_train_is_not_cifar100(no_data, tmp_path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "test").mkdir()
    assert locate(NAMED_DATASETS["cifar100"], tmp_path) is None


def test_data_dir_must_be_a_directory(no_data, tmp_path, monkeypatch) -> None:
    with pytest.raises(DataError, match=r"--data-dir .*gone: no such directory"):
        locate(MNIST, tmp_path / "gone")
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"--data-dir .*file: not a directory"):
        locate(MNIST, tmp_path / "file")
    monkeypatch.setenv("KCNN_DATA", str(tmp_path / "gone"))
    with pytest.raises(DataError, match="KCNN_DATA"):
        locate(MNIST, None)


def test_a_dataset_that_is_found_needs_no_package_for_http(no_data: Path, tmp_path: Path) -> None:
    touch(tmp_path, "mnist.npz")
    program = (
        "import sys; from pathlib import Path; from kcnn.data.catalog import NAMED_DATASETS; "
        "from kcnn.data.locate import locate_or_download; from kcnn.progress import Progress; "
        "locate_or_download(NAMED_DATASETS['mnist'], Path(sys.argv[1]), Progress()); "
        "print({'pooch', 'requests'} & sys.modules.keys())"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
