"""TensorBoard: scalars, plots and settings as event files, which `tensorboard --logdir` shows."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from kcnn.files.atomic import require_writable
from kcnn.machine.packages import Requirement
from kcnn.runs.folder import RunFolder
from kcnn.text.shell import shell_word
from kcnn.trackers.settings import results
from kcnn.trackers.times import times_of
from kcnn.trackers.tracker import Row

# How names of our event files end, so that those of other programs are left alone.
_SUFFIX = ".kcnn"
_SECONDS_BETWEEN_WRITES = 1


class TensorBoard:
    """Write event files into the run's folder, or one below a folder of all runs.

    What the event files have already is not written again.

    Args:
        destination: The folder of all runs, which gets `<recipe>/<run>`; empty for `tensorboard` in
            the run's own folder.
    """

    name: ClassVar[str] = "tensorboard"
    title: ClassVar[str] = "TensorBoard"
    requirements: ClassVar[Sequence[Requirement]] = (Requirement("tensorboard", "2.21"),)

    def __init__(self, destination: str) -> None:
        self.destination = destination
        if destination:
            require_writable(Path(destination))

    def start(self, run: RunFolder) -> None:
        """Open a new event file, and write the settings."""
        self._run = run
        self._folder = Path(self.destination) / run.title if self.destination else run.tensorboard
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._written = _steps_by_tag(self._folder)
        self._last_epoch = 0
        if not isinstance(threading.excepthook, _Excepthook):
            threading.excepthook = _Excepthook(threading.excepthook)
        self._events = EventFileWriter(
            str(self._folder), flush_secs=_SECONDS_BETWEEN_WRITES, filename_suffix=_SUFFIX
        )
        self._add_settings()

    def add_epochs(self, rows: Sequence[Row]) -> None:
        """Write each column of metrics.csv as a scalar."""
        for row, seconds in zip(rows, times_of(rows), strict=True):
            self._last_epoch = int(row["epoch"])
            for tag, value in row.items():
                if tag != "epoch":
                    self._add_scalar(tag, value, seconds)
        self._events.flush()

    def finish(self, status: str, advance: Callable[[], None]) -> None:
        """Write test metrics and plots of a finished run; close the event file."""
        if status == "finished":
            self._add_settings()  # a resumed run may have others than it began with
            for tag, value in results(self._run).items():
                self._add_scalar(tag, value, time.time())
            for path in sorted(self._run.plots.glob("*.png")):
                summary = _image(path)
                self._add(summary.value[0].tag, self._last_epoch, summary, time.time())
                advance()
        self._events.close()

    def where(self) -> str:
        """Return the command that shows the run."""
        return f"tensorboard --logdir {shell_word(self.destination or self._folder)}"

    def explain(self, error: Exception) -> str:
        """Return why an event file cannot be written."""
        reason = getattr(error, "message", None) or str(error) or type(error).__name__
        return f"{self._folder}: cannot be written: {reason.splitlines()[0]}"

    def _add_settings(self) -> None:
        from tensorboard.plugins.text.summary_v2 import text_pb

        settings = self._run.resolved.read_text(encoding="utf-8")
        summary = text_pb("settings", f"```yaml\n{settings}```")
        self._add("settings", self._last_epoch, summary, time.time())

    def _add_scalar(self, tag: str, value: float, seconds: float) -> None:
        from tensorboard.plugins.scalar.summary_v2 import scalar_pb

        self._add(tag, self._last_epoch, scalar_pb(tag, value), seconds)

    def _add(self, tag: str, step: int, summary: Any, seconds: float) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        if step not in self._written.setdefault(tag, set()):
            self._events.add_event(Event(wall_time=seconds, step=step, summary=summary))
            self._written[tag].add(step)


class _Excepthook:
    """Drop the traceback of TensorBoard's writing thread, whose error is raised again in ours.

    Args:
        former: What prints errors of other threads.
    """

    def __init__(self, former: Callable[[threading.ExceptHookArgs], object]) -> None:
        self._former = former

    def __call__(self, arguments: threading.ExceptHookArgs) -> None:
        """Print the error of a thread, unless TensorBoard raises it elsewhere."""
        if not type(arguments.thread).__module__.startswith("tensorboard."):
            self._former(arguments)


def _steps_by_tag(folder: Path) -> dict[str, set[int]]:
    """Return the steps that our event files in a folder have of each tag."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    steps: dict[str, set[int]] = {}
    for path in sorted(folder.glob(f"events.out.tfevents.*{_SUFFIX}")):
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                steps.setdefault(value.tag, set()).add(event.step)
    return steps


def _image(path: Path) -> Any:
    """Return the summary of a PNG file, whose bytes TensorBoard shows as they are."""
    from tensorboard.compat.proto.summary_pb2 import Summary

    content = path.read_bytes()
    width, height = struct.unpack(">II", content[16:24])  # of the header, which comes first
    image = Summary.Image(height=height, width=width, colorspace=4, encoded_image_string=content)
    return Summary(value=[Summary.Value(tag=f"plots/{path.stem}", image=image)])
