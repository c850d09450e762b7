"""The table of trackers."""

from __future__ import annotations

from collections.abc import Mapping

from kcnn.machine.packages import require_packages
from kcnn.trackers.mlflow import MLflow
from kcnn.trackers.tensorboard import TensorBoard
from kcnn.trackers.tracker import Tracker

TRACKERS: tuple[type[Tracker], ...] = (TensorBoard, MLflow)


def make_trackers(destinations: Mapping[str, str]) -> list[Tracker]:
    """Build trackers, before there is a run.

    Args:
        destinations: Where each is to send the run, by its name; empty for its default.

    Raises:
        KcnnError: A package is missing or too old, or a destination cannot be used.
    """
    made: list[Tracker] = []
    for tracker in TRACKERS:
        if tracker.name in destinations:
            require_packages(tracker.title, tracker.name, tracker.requirements)
            made.append(tracker(destinations[tracker.name]))
    return made
