"""kcnn track: send finished runs to TensorBoard or MLflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kcnn.errors import KcnnError, RunError
from kcnn.machine.start import start_tensorflow
from kcnn.progress import Progress
from kcnn.runs.find import find_run
from kcnn.runs.folder import RunFolder, require_no_links
from kcnn.runs.lock import is_locked
from kcnn.runs.metrics import read_metrics
from kcnn.runs.summary import read_status
from kcnn.text.shell import shell_word
from kcnn.trackers.listen import reason
from kcnn.trackers.tracker import Tracker
from kcnn.trackers.trackers import make_trackers


@dataclass(frozen=True)
class Tracked:
    """A run that a tracker has.

    Args:
        run: The run's title, `cifar/run-001`.
        tracker: The tracker, as its makers write it.
        where: An address, or a command that shows the run.
    """

    run: str
    tracker: str
    where: str


@dataclass(frozen=True)
class TrackResult:
    """What was sent.

    Args:
        sent: Each run and tracker.
    """

    sent: list[Tracked]

    def as_json(self) -> list[dict[str, Any]]:
        """Return what json.dumps takes."""
        return [vars(tracked) for tracked in self.sent]


def track(
    runs: Sequence[str],
    trackers: Mapping[str, str],
    output_dir: Path,
    progress: Progress | None = None,
) -> TrackResult:
    """Send runs to trackers; what they have already is not sent twice.

    Args:
        runs: Runs as `kcnn.runs.find.find_run` takes them; the newest run if empty.
        trackers: As of `kcnn.commands.fit.fit`.
        output_dir: The folder of all runs.
        progress: Shows what is being sent.

    Raises:
        RunError: A run does not exist, has no epochs, or is being trained.
        KcnnError: A tracker cannot be used, or does not take a run.
    """
    progress = progress or Progress()
    listeners = make_trackers(trackers)
    found = [find_run(run, output_dir) for run in runs] or [find_run(None, output_dir)]
    for run in found:
        require_no_links(run)
        if is_locked(run):
            raise RunError(f"{run.path}: is being trained", "wait until it has ended")
    start_tensorflow(progress)  # which writes the model that MLflow gets
    sent = []
    for run in found:
        for tracker in listeners:
            with progress.task(f"Sending {run.title} to {tracker.title}"):
                _send(run, tracker)
            sent.append(Tracked(run.title, tracker.title, tracker.where()))
    return TrackResult(sent)


def _send(run: RunFolder, tracker: Tracker) -> None:
    try:
        tracker.start(run)
        tracker.add_epochs(read_metrics(run))
        tracker.finish(read_status(run), lambda: None)
    except KcnnError:
        raise
    except Exception as error:
        raise KcnnError(
            f"{tracker.title}: {reason(tracker, error)}",
            f"the run itself is complete; send {shell_word(run.path)} again later",
        ) from error
