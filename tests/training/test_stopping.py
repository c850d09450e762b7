"""A signal during training ends it between two steps, whatever moment it comes at."""

from __future__ import annotations

import gc
import random
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kcnn.progress import Progress
from kcnn.runs import RunFolder
from kcnn.signals import Stopped

LONG = ("train.epochs=100000", "train.batch_size=16")


class SignalsAtStep(Progress):
    """Sends a signal when a step is reported, which Keras does in another thread."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.epochs = 0
        self.is_finished = False

    def step_finished(self, epoch: int, step: int, metrics: Mapping[str, float]) -> None:
        if epoch >= self.epoch:
            signal.raise_signal(signal.SIGINT)

    def epoch_finished(self, epoch: int, row: Mapping[str, float]) -> None:
        self.epochs = epoch

    def training_finished(self) -> None:
        self.is_finished = True


def test_training_ends_between_two_steps(trained: Callable, tmp_path: Path) -> None:
    progress = SignalsAtStep(epoch=3)
    with pytest.raises(Stopped):
        trained(*LONG, progress=progress)
    run = RunFolder(tmp_path / "tiny" / "run-001")
    rows = run.read_metrics()
    assert progress.is_finished
    assert progress.epochs == len(rows) >= 2
    assert (run.checkpoints / f"epoch-{len(rows):04d}.npz").is_file()


def test_scoring_the_validation_images_can_be_stopped(trained: Callable, tmp_path: Path) -> None:
    class SignalsInEpoch(Progress):
        def epoch_finished(self, epoch: int, row: Mapping[str, float]) -> None:
            signal.raise_signal(signal.SIGINT)  # the epoch's checkpoint is still to be written

    with pytest.raises(Stopped):
        trained(*LONG, progress=SignalsInEpoch())
    run = RunFolder(tmp_path / "tiny" / "run-001")
    assert len(run.read_metrics()) == 1
    assert (run.checkpoints / "epoch-0001.npz").is_file()


@pytest.mark.slow
def test_stops_at_random_moments(trained: Callable, pytestconfig: pytest.Config) -> None:
    """Each drops a feed that is in the middle of its work, and all that reads it must end."""
    draw = random.Random(0)
    settings = (*LONG, "data.augment=[{RandomCrop: {padding: 1}}]")
    for _ in range(pytestconfig.getoption("--stops")):
        timer = threading.Timer(draw.uniform(0.5, 2), signal.raise_signal, [signal.SIGINT])
        timer.start()
        began = time.monotonic()
        with pytest.raises(Stopped):
            trained(*settings)
        timer.join()
        gc.collect()
        assert time.monotonic() - began < 60
