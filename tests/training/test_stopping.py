"""A signal at any moment ends a training between two steps."""

from __future__ import annotations

import gc
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tensorflow.python.data.ops.iterator_ops import OwnedIterator

from kcnn.machine.signals import Stopped, stops_deferred
from kcnn.progress import EpochFinished, Event, Progress, StepFinished, TrainingFinished
from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import read_metrics

LONG = ("train.epochs=100000", "train.batch_size=16")


class SignalsAtStep(Progress):
    """Send a signal when a step is reported; Keras reports steps in another thread."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.epochs = 0
        self.is_finished = False

    def receive(self, event: Event) -> None:
        match event:
            case StepFinished(epoch) if epoch >= self.epoch:
                signal.raise_signal(signal.SIGINT)
            case EpochFinished(epoch):
                self.epochs = epoch
            case TrainingFinished():
                self.is_finished = True


def test_training_ends_between_two_steps(trained: Callable, tmp_path: Path) -> None:
    progress = SignalsAtStep(epoch=3)
    with pytest.raises(Stopped):
        trained(*LONG, progress=progress)
    run = RunFolder(tmp_path / "tiny" / "run-001")
    rows = read_metrics(run)
    assert progress.is_finished
    assert progress.epochs == len(rows) >= 2
    assert (run.checkpoints / f"epoch-{len(rows):04d}.npz").is_file()


def test_scoring_the_validation_images_can_be_stopped(trained: Callable, tmp_path: Path) -> None:
    class SignalsInEpoch(Progress):
        def receive(self, event: Event) -> None:
            if isinstance(event, EpochFinished):  # the epoch's checkpoint is still to be written
                signal.raise_signal(signal.SIGINT)

    with pytest.raises(Stopped):
        trained(*LONG, progress=SignalsInEpoch())
    run = RunFolder(tmp_path / "tiny" / "run-001")
    assert len(read_metrics(run)) == 1
    assert (run.checkpoints / "epoch-0001.npz").is_file()


@pytest.mark.slow
def test_stops_at_random_moments(trained: Callable, pytestconfig: pytest.Config) -> None:
    """Each stop drops a feed that is reading images; all of its threads must end."""
    draw = random.Random(0)
    settings = (*LONG, "data.augment=[{RandomCrop: {padding: 1}}]")
    for _ in range(pytestconfig.getoption("--stops")):
        seconds = draw.uniform(0.1, 2)
        timer = threading.Timer(seconds, signal.raise_signal, [signal.SIGINT])
        timer.start()
        began = time.monotonic()
        # From the building of the model on: Python's own handler would interrupt TensorFlow there,
        # which may swallow the exception.
        with pytest.raises(Stopped), stops_deferred():
            trained(*settings)
        timer.join()
        gc.collect()
        assert time.monotonic() - began - seconds < 30


@pytest.mark.parametrize("ending", ["stop", "error", "early"])
def test_no_iterator_outlives_a_training(ending: str, trained: Callable) -> None:
    """Python would end the threads that feed it, and TensorFlow would wait for them forever."""

    class Fails(SignalsAtStep):
        def receive(self, event: Event) -> None:
            super().receive(event)
            if ending == "error" and isinstance(event, EpochFinished) and event.epoch == 2:
                raise ZeroDivisionError

    progress = Fails(3 if ending == "stop" else 10**6)
    patience = "train.early_stopping={monitor: loss, patience: 1, min_delta: 100}"
    settings = (*LONG, patience) if ending == "early" else LONG
    gc.collect()
    try:
        trained(*settings, progress=progress)
    except (Stopped, ZeroDivisionError) as error:
        assert ending == {Stopped: "stop", ZeroDivisionError: "error"}[type(error)]
        assert not _iterators()
    assert not _iterators()


def _iterators() -> list[OwnedIterator]:
    return [thing for thing in gc.get_objects() if isinstance(thing, OwnedIterator)]


# A feed that works while the process ends, in a cycle of references. No kcnn command does this.
ENDS_WITH_A_FEED = """\
import sys, time
from kcnn.machine.start import start_tensorflow
start_tensorflow()
from kcnn.data import pipeline
from kcnn.data.digits import read_digits
from kcnn.machine.signals import exit_at_once

class SlowLabels:
    def __init__(self, labels):
        self.labels, self.ndim, self.shape = labels, labels.ndim, labels.shape
    def __len__(self):
        return len(self.labels)
    def __getitem__(self, chosen):
        time.sleep(0.5)
        return self.labels[chosen]

train = read_digits().train
object.__setattr__(train, "labels", SlowLabels(train.labels))
cycle = [iter(pipeline.training_batches(train, batch_size=8, epochs=9, seed=0))]
cycle.append(cycle)
next(cycle[0])
del cycle
{end}(7)
"""


@pytest.mark.slow
def test_a_working_feed_does_not_delay_the_end_of_the_process() -> None:
    """Python's own exit would wait forever here (or, rarely, end by luck)."""
    program = ENDS_WITH_A_FEED.format(end="exit_at_once")
    done = subprocess.run([sys.executable, "-c", program], timeout=60, capture_output=True)
    assert done.returncode == 7, done.stderr
