from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from kcnn.data.catalog import NAMED_DATASETS


def test_importing_the_catalog_is_cheap() -> None:
    code = (
        "import sys, kcnn.data.catalog;"
        "print(sorted({'numpy', 'PIL', 'pooch', 'sklearn', 'keras'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("named", NAMED_DATASETS.values(), ids=lambda named: named.name)
def test_entry_is_consistent(named) -> None:
    assert len(set(named.class_names)) == len(named.class_names)
    names = {file.name for file in named.downloads}
    for file in named.downloads:
        assert file.url.startswith("https://")
        assert named.known_hashes[file.name] == file.known_hash
    assert not names or any(set(layout.files) == names for layout in named.layouts)
    for known in named.known_hashes.values():
        algorithm, digest = known.split(":")
        assert len(digest) == {"md5": 32, "sha256": 64}[algorithm]


def test_class_counts() -> None:
    assert {name: len(named.class_names) for name, named in NAMED_DATASETS.items()} == {
        "digits": 10,
        "mnist": 10,
        "fashion_mnist": 10,
        "cifar10": 10,
        "cifar100": 100,
    }


def test_hash_of_mnist_is_that_of_the_installed_keras() -> None:
    source = distribution("keras").locate_file("keras/src/datasets/mnist.py")
    digest = NAMED_DATASETS["mnist"].downloads[0].known_hash.removeprefix("sha256:")
    assert digest in Path(str(source)).read_text()
