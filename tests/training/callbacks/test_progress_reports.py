from __future__ import annotations

from collections.abc import Callable

import pytest

from kcnn.errors import TrainingError
from kcnn.progress import EpochFinished, StepFinished, TrainingFinished, TrainingStarted

DIVERGING = (
    "model.layers=[Flatten, {Dense: {units: 8}}, {Dense: {units: 10}}]",
    "train.optimizer={SGD: {learning_rate: 1e30}}",
)


def test_events_of_steps_and_epochs(trained: Callable, recorder) -> None:
    trained("train.epochs=2", progress=recorder)
    events = [event for event in recorder.events if not isinstance(event, StepFinished)]
    assert StepFinished in map(type, recorder.events)
    assert events[0] == TrainingStarted(2, 18, 64)
    assert [event.epoch for event in events if isinstance(event, EpochFinished)] == [1, 2]
    assert events[-1] == TrainingFinished()


def test_a_failed_training_reports_its_end(trained: Callable, recorder) -> None:
    with pytest.raises(TrainingError):
        trained(*DIVERGING, progress=recorder)
    assert recorder.events[-1] == TrainingFinished()
