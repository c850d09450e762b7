"""Fixtures that every test may use."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from kcnn.backend import start_environment
from kcnn.progress import Progress

# Before a test loads TensorFlow by itself, without start_tensorflow.
os.environ.update(start_environment())

# Where a change is judged, the same examples each time; new ones wherever people work on it.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds how often a harness tries: a little by default, and as often as asked."""
    parser.addoption("--kills", type=int, default=2, help="How often a fit is killed.")


REPOSITORY = Path(__file__).resolve().parents[1]


class Notes(Progress):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        """Takes a line down."""
        self.lines.append(text)


@pytest.fixture
def notes() -> Notes:
    """A progress that keeps the notes it hears, in `lines`."""
    return Notes()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The real MNIST and CIFAR-10: in KCNN_DATA, or in `shared/data` beside the checkout."""
    folder = Path(os.environ.get("KCNN_DATA", REPOSITORY.parent / "shared" / "data")).resolve()
    if not (folder / "mnist.npz").is_file():
        pytest.skip("set KCNN_DATA to a folder with mnist.npz and cifar-10-binary.tar.gz")
    return folder


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "kcnn", str(folder)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no file system may be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
