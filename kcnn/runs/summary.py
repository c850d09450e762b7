"""summary.json: what a run trained, how far it came, and its results."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from kcnn.errors import RunError
from kcnn.files.atomic import write_json
from kcnn.files.read import read_json
from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import is_fraction
from kcnn.text.shell import shell_word
from kcnn.text.values import shown

STOPPED = ("interrupted", "unfinished")  # runs that --resume finishes
STATUSES = ("finished", "failed", *STOPPED)

# More weights and seconds than any run has, in few enough digits for a table.
MAX_NUMBER = 1e15
# The largest number of float32, which a loss comes near before it diverges.
MAX_METRIC = 3.5e38
MAX_METRIC_NAME_LENGTH = 100
MAX_IMAGE_SIDE = 4096  # pixels; the limit of recipes too

HINT = "restore it, or train the run again"
SEVERAL_LABELS = "several_labels"

Value = TypeVar("Value")


@dataclass(frozen=True)
class About:
    """What is known of a run before it trains.

    Args:
        run: Its title, `cifar/run-001`.
        recipe: The recipe's name.
        dataset: The dataset's name.
        image_shape: (height, width, channels) of the images that the model takes.
        started: When it was started, in ISO 8601.
        epochs: Epochs that the recipe asks for.
        parameters: Weights of the model.
        trainable_parameters: Those that training changes.
        multiply_adds: Multiplications with an addition for one image.
        several_labels: Whether an image may have several labels, or none.
    """

    run: str
    recipe: str
    dataset: str
    image_shape: Sequence[int]
    started: str
    epochs: int
    parameters: int
    trainable_parameters: int
    multiply_adds: int
    several_labels: bool = False

    def as_json(self, status: str) -> dict[str, Any]:
        """Return the first values of summary.json."""
        values = {"status": status, **vars(self), "image_shape": list(self.image_shape)}
        if not self.several_labels:
            del values[SEVERAL_LABELS]
        return values


@dataclass(frozen=True)
class Results:
    """The results of a finished run.

    Args:
        class_names: The name of each class, in the order of the model's outputs.
        images: Number of images by use: train, validation, test.
        images_digest: Hash of all images and labels.
        test_images_digest: Hash of those for testing.
        train: The row of metrics.csv of the epoch whose weights the model has.
        test: Metrics on the test images.
        test_augmented: The same with test-time augmentation; None without.
        best: The best epoch and its metrics; None without validation images.
        fine_tuning: What the second phase trained; None without one.
        timings: Seconds by part of the work, images per second, and how many of the epochs trained
            on features that were computed once, if any.
        peak_memory_mb: The most memory that the process had.
    """

    class_names: Sequence[str]
    images: Mapping[str, int]
    images_digest: str
    test_images_digest: str
    train: Mapping[str, float]
    test: Mapping[str, Any]
    test_augmented: Mapping[str, Any] | None
    best: Mapping[str, Any] | None
    timings: Mapping[str, float]
    peak_memory_mb: float | None
    fine_tuning: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the further values of summary.json."""
        values = {**vars(self), "class_names": list(self.class_names)}
        for name in ("test_augmented", "best", "fine_tuning"):
            if not values[name]:
                del values[name]
        return values


def write_summary(run: RunFolder, about: About, results: Results) -> dict[str, Any]:
    """Write summary.json of a finished run; return what it holds.

    Args:
        run: The run.
        about: What is known of it.
        results: Its results, with the timings so far.

    Raises:
        RunError: The file cannot be written.
    """
    values = {**about.as_json("finished"), **results.as_json()}
    write_json(run.summary, values)
    return values


def add_timings(
    run: RunFolder, values: Mapping[str, Any], timings: Mapping[str, float]
) -> dict[str, Any]:
    """Write summary.json again, with further timings; return what it holds.

    Args:
        run: The run.
        values: As `write_summary` returned them.
        timings: Seconds by part of the work.

    Raises:
        RunError: The file cannot be written.
    """
    values = {**values, "timings": {**values["timings"], **timings}}
    write_json(run.summary, values)
    return values


def write_stopped(run: RunFolder, about: About, status: str, reason: str | None = None) -> None:
    """Write that a run was stopped; results of earlier trainings of the run stay.

    Args:
        run: The run.
        about: What is known of it.
        status: `interrupted` or `failed`.
        reason: Why it failed.

    Raises:
        RunError: The file cannot be written.
    """
    values = {**_without_reason(run), **about.as_json(status)}
    write_json(run.summary, values if reason is None else {**values, "reason": reason})


def write_unfinished(run: RunFolder) -> None:
    """Write that a run trains again; its results stay until there are new ones.

    Raises:
        RunError: The file cannot be written.
    """
    write_json(run.summary, {**_without_reason(run), "status": "unfinished"})


def _without_reason(run: RunFolder) -> dict[str, Any]:
    try:
        values = read_json(run.summary)
    except RunError:
        return {}
    values.pop("reason", None)
    return values


@dataclass(frozen=True)
class Summary:
    """The values of a summary.json by dotted name, `best.test_accuracy`.

    A user may have edited the file, so each value is checked when it is asked for: it is None if
    it is missing or null, and an error if it is of another type.

    Args:
        path: The file, for messages.
        values: What it holds.
    """

    path: Path
    values: Mapping[str, Any]

    @property
    def status(self) -> str:
        """How far the run came: one of STATUSES; `unfinished` if that is not known."""
        status = self.values.get("status")
        return status if status in STATUSES else "unfinished"

    def number(
        self, name: str, lowest: float = -MAX_NUMBER, highest: float = MAX_NUMBER
    ) -> float | None:
        """Return a finite number.

        Args:
            name: Its dotted name.
            lowest: Its lower bound.
            highest: Its upper bound.

        Raises:
            RunError: It is something else.
        """
        value = self._find(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(name, "a number", value)
        if not lowest <= value <= highest:  # nor is NaN
            raise self._wrong(name, f"a number from {lowest:g} to {highest:g}", value)
        return float(value)

    def fraction(self, name: str) -> float | None:
        """Return a number from 0 to 1, such as an accuracy.

        Raises:
            RunError: It is something else.
        """
        return self.number(name, 0, 1)

    def count(self, name: str) -> int | None:
        """Return a whole number, 0 or more.

        Raises:
            RunError: It is something else.
        """
        value = self._find(name)
        if value is None or (type(value) is int and 0 <= value <= MAX_NUMBER):
            return value
        raise self._wrong(name, f"a whole number from 0 to {MAX_NUMBER:g}", value)

    def metric(self, name: str) -> float | None:
        """Return a metric: a fraction, or a loss; None for one that diverged.

        Raises:
            RunError: It is something else.
        """
        if is_fraction(name):
            return self.fraction(name)
        value = self._find(name)
        # A training that early stopping ended may have left them in its last epoch.
        if isinstance(value, float) and not math.isfinite(value):
            return None
        return self.number(name, -MAX_METRIC, MAX_METRIC)

    def text(self, name: str) -> str | None:
        """Return a text, such as a hash.

        Raises:
            RunError: It is something else.
        """
        value = self._find(name)
        if value is None or isinstance(value, str):
            return value
        raise self._wrong(name, "a text", value)

    def names(self, section: str) -> list[str]:
        """List the names in a section; none if it is missing.

        Raises:
            RunError: It is no mapping, or a name is unfit for a table.
        """
        names = list(self._mapping(section, self._find(section)))
        for name in names:
            if not name.isprintable() or not 0 < len(name) <= MAX_METRIC_NAME_LENGTH:
                raise self._wrong(section, "names of metrics", name)
        return names

    def image_shape(self) -> tuple[int, int, int] | None:
        """Return (height, width, channels) of the images that the model takes.

        Returns:
            None for a run that an older kcnn trained.

        Raises:
            RunError: It is not a list of three such numbers.
        """
        value = self.values.get("image_shape")
        if value is None:
            return None
        if (
            not isinstance(value, list)
            or len(value) != 3
            or not all(type(size) is int and 1 <= size <= MAX_IMAGE_SIDE for size in value)
            or value[2] not in (1, 3)
        ):
            raise self._wrong("image_shape", "[height, width, channels]", value)
        height, width, channels = value
        return height, width, channels

    def class_names(self) -> list[str]:
        """Return the classes that the model was trained on, in the order of its outputs.

        Raises:
            RunError: They are missing, or not a list of names.
        """
        value = self.values.get("class_names")
        if not isinstance(value, list) or not value or not all(isinstance(n, str) for n in value):
            raise RunError(
                f"{self.path}: class_names: expected a list with the name of each class", HINT
            )
        return value

    @property
    def has_several_labels(self) -> bool:
        """Whether the run's images may have several labels, or none."""
        return self.values.get(SEVERAL_LABELS) is True

    def known(self, name: str, value: Value | None) -> Value:
        """Return a value that was read.

        Raises:
            RunError: It is missing.
        """
        if value is None:
            raise RunError(f"{self.path}: {name}: missing", HINT)
        return value

    def _find(self, name: str) -> Any:
        section, dot, inside = name.partition(".")
        value = self.values.get(section)
        return self._mapping(section, value).get(inside) if dot else value

    def _mapping(self, name: str, value: Any) -> Mapping[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self._wrong(name, "a mapping", value)
        return value

    def _wrong(self, name: str, expected: str, found: Any) -> RunError:
        return RunError(f"{self.path}: {name}: expected {expected}, found {_shown(found)}", HINT)


def read_summary(run: RunFolder) -> Summary:
    """Read summary.json.

    Raises:
        RunError: It is missing or is not a JSON object.
    """
    return Summary(run.summary, read_json(run.summary))


def read_status(run: RunFolder) -> str:
    """Return how far a run came: one of STATUSES; `unfinished` if that is not known."""
    try:
        return read_summary(run).status
    except RunError:
        return "unfinished"


def has_several_labels(run: RunFolder) -> bool:
    """Return whether a run's images may have several labels, or none; False if not known."""
    try:
        return read_summary(run).has_several_labels
    except RunError:
        return False


def how_to_finish(run: RunFolder) -> str:
    """Return a hint for a user whose run is not finished."""
    if read_status(run) in STOPPED:
        return f"kcnn fit --resume {shell_word(run.path)} finishes it"
    return f"train it again: kcnn fit {shell_word(run.resolved)}"


def _shown(value: Any) -> str:
    """Return a value short enough for a message."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return shown(value)
