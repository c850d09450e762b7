from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from kcnn.data.catalog import NAMED_SETS


def test_catalog_loads_nothing_heavy() -> None:
    code = (
        "import sys, kcnn.data.catalog;"
        "print(sorted({'numpy', 'PIL', 'pooch', 'sklearn', 'keras'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout == "[]\n"


@pytest.mark.parametrize("named_set", NAMED_SETS.values(), ids=lambda one: one.name)
def test_entries_agree_with_themselves(named_set) -> None:
    assert len(set(named_set.class_names)) == len(named_set.class_names)
    names = {file.name for file in named_set.downloads}
    for file in named_set.downloads:
        assert file.url.startswith("https://")
        assert named_set.known_hashes[file.name] == file.known_hash
    assert not names or any(set(layout.files) == names for layout in named_set.layouts)
    for known in named_set.known_hashes.values():
        algorithm, digest = known.split(":")
        assert len(digest) == {"md5": 32, "sha256": 64}[algorithm]


def test_class_counts() -> None:
    assert {name: len(one.class_names) for name, one in NAMED_SETS.items()} == {
        "digits": 10,
        "mnist": 10,
        "fashion_mnist": 10,
        "cifar10": 10,
        "cifar100": 100,
    }


def test_hash_of_mnist_is_that_of_the_installed_keras() -> None:
    source = distribution("keras").locate_file("keras/src/datasets/mnist.py")
    digest = NAMED_SETS["mnist"].downloads[0].known_hash.removeprefix("sha256:")
    assert digest in Path(str(source)).read_text()
