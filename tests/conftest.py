"""Fixtures for all tests."""

from __future__ import annotations

import faulthandler
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from kcnn.machine.start import start_environment
from kcnn.progress import Event, Note, Progress, TrialEvent

# For tests that import TensorFlow themselves, without start_tensorflow.
os.environ.update(start_environment())

# In continuous integration, Hypothesis tries the same examples each time; elsewhere new ones.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


# Tests that send signals, open terminals or set limits of a process.
POSIX_ONLY = [
    "files/test_npz.py",
    "machine/test_signals.py",
    "test_timeout.py",
    "commands/test_fit_stopped.py",
    "commands/test_reproduce.py",
    "commands/test_resume_killed.py",
    "commands/test_serve_process.py",
    "studies/executors/test_trial_process.py",
    "studies/executors/test_processes.py",
    "console/test_ending.py",
]
collect_ignore = POSIX_ONLY if sys.platform == "win32" else []


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add options for how often the harnesses kill or stop a training."""
    parser.addoption("--kills", type=int, default=2, help="How often a fit is killed.")
    parser.addoption("--stops", type=int, default=4, help="How often a training is stopped.")


SLOW_TEST_SECONDS = 600
_STANDARD_ERROR = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep the terminal's standard error, which capturing replaces, and let tests send SIGINT."""
    config.stash[_STANDARD_ERROR] = os.dup(2)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # pytest runs in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give slow tests more time, unless `--timeout` sets one limit for all."""
    for item in items:
        if item.get_closest_marker("slow") and config.getoption("timeout") is None:
            item.add_marker(pytest.mark.timeout(SLOW_TEST_SECONDS))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """End a test that hangs inside C or C++, and print the stacks of all threads.

    pytest-timeout's signal fails a test that hangs in Python and goes on with the next. Python
    runs no signal handler while the main thread is in TensorFlow, so faulthandler's thread, which
    needs no Python, ends the process a little later; xdist reports the test and starts another.
    """
    marker = item.get_closest_marker("timeout")
    option = item.config.getoption("timeout")
    seconds = marker.args[0] if marker else option or float(item.config.getini("timeout"))
    if seconds > 0:
        standard_error = item.config.stash[_STANDARD_ERROR]
        faulthandler.dump_traceback_later(1.25 * seconds, exit=True, file=standard_error)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


REPOSITORY = Path(__file__).resolve().parents[1]


class Recorder(Progress):
    """Keep all events, in order."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def receive(self, event: Event) -> None:
        """Keep an event."""
        self.events.append(event)


@pytest.fixture
def recorder() -> Recorder:
    """Return a progress that keeps the events, in `events`."""
    return Recorder()


class Notes(Progress):
    """Keep the notes, those of trials too."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def receive(self, event: Event) -> None:
        """Keep a note."""
        match event:
            case Note(text):
                self.lines.append(text)
            case TrialEvent(_, inner):
                self.receive(inner)


@pytest.fixture
def notes() -> Notes:
    """Return a progress that keeps the notes, in `lines`."""
    return Notes()


@pytest.fixture
def one_plot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write only a run's accuracy plot: all plots take as long as a short training."""
    from kcnn.figures import accuracy

    monkeypatch.setattr("kcnn.figures.all_figures.FIGURES", (accuracy,))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of MNIST and CIFAR-10: KCNN_DATA, or `shared/data` beside the checkout."""
    folder = Path(os.environ.get("KCNN_DATA", REPOSITORY.parent / "shared" / "data")).resolve()
    if not (folder / "mnist.npz").is_file():
        pytest.skip("set KCNN_DATA to a folder with mnist.npz and cifar-10-binary.tar.gz")
    return folder


@pytest.fixture(scope="session")
def real_weights() -> Path:
    """Return MobileNetV2's weights from Open Images: in KCNN_WEIGHTS, or `shared/weights`."""
    folder = Path(os.environ.get("KCNN_WEIGHTS", REPOSITORY.parent / "shared" / "weights"))
    file = folder.resolve() / "mobilenetv2_oidv4_notop.weights.h5"
    if not file.is_file():
        pytest.skip(f"set KCNN_WEIGHTS to a folder with {file.name}")
    return file


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 64 KiB, and return its folder."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "kcnn", str(folder)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("needs the permission to mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


# With every part of a training that is random or has a state.
TINY = """\
name: tiny
data:
  dataset: digits
  validation: 0.2
  augment: [{RandomCrop: {padding: 1}}, AlternatingFlip]
model:
  layers:
    - Conv2D: {filters: 4, kernel_size: 3, activation: gelu}
    - BatchNormalization
    - Flatten
    - Dropout: {rate: 0.3}
    - Dense: {units: 10}
train:
  epochs: 5
  batch_size: 64
  optimizer: {AdamW: {learning_rate: 0.01}}
  learning_rate_schedule: {Cosine: {warmup_epochs: 1}}
  loss: {CategoricalCrossentropy: {label_smoothing: 0.1}}
"""


@pytest.fixture(scope="session")
def tiny_recipe() -> str:
    """Return the text of a recipe that trains in a second."""
    return TINY


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write that recipe as a file in the current folder, and return its path."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(TINY, encoding="utf-8")
    return tmp_path / "tiny.yaml"
