"""What a run's summary.json says, each value of the type it should have: a stranger may edit it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from kcnn.errors import RunError
from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import is_share

# More weights and seconds than any run has, in few enough digits for a table.
LARGEST = 1e15
# The largest number of float32, which a loss comes near before it diverges.
LARGEST_METRIC = 3.5e38
LONGEST_NAME = 100
LARGEST_IMAGE_SIDE = 4096  # pixels, as in recipes

HINT = "restore it, or train the run again"

Value = TypeVar("Value")


@dataclass(frozen=True)
class Summary:
    """The values of one summary.json by dotted name, `best.test_accuracy`.

    What is missing, or null, is None; whatever is of another type than it should be is an error.

    Args:
        path: The file, for messages.
        values: What it holds.
    """

    path: Path
    values: Mapping[str, Any]

    def number(self, name: str, lowest: float = -LARGEST, highest: float = LARGEST) -> float | None:
        """Gives a finite number.

        Args:
            name: Its dotted name.
            lowest: What it is at least.
            highest: What it is at most.

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

    def share(self, name: str) -> float | None:
        """Gives a number from 0 to 1, such as an accuracy.

        Raises:
            RunError: It is something else.
        """
        return self.number(name, 0, 1)

    def count(self, name: str) -> int | None:
        """Gives a whole number, 0 or more.

        Raises:
            RunError: It is something else.
        """
        value = self._find(name)
        if value is None or (type(value) is int and 0 <= value <= LARGEST):
            return value
        raise self._wrong(name, f"a whole number from 0 to {LARGEST:g}", value)

    def metric(self, name: str) -> float | None:
        """Gives what was measured: a share, or a loss; None for one that diverged.

        Raises:
            RunError: It is something else.
        """
        if is_share(name):
            return self.share(name)
        value = self._find(name)
        # A training that early stopping ended may have left them in its last epoch.
        if isinstance(value, float) and not math.isfinite(value):
            return None
        return self.number(name, -LARGEST_METRIC, LARGEST_METRIC)

    def names(self, section: str) -> list[str]:
        """Lists the names in a section; none when it is missing.

        Raises:
            RunError: It is no mapping, or a name is unfit for a table.
        """
        names = list(self._mapping(section, self._find(section)))
        for name in names:
            if not name.isprintable() or not 0 < len(name) <= LONGEST_NAME:
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
            or not all(type(size) is int and 1 <= size <= LARGEST_IMAGE_SIDE for size in value)
            or value[2] not in (1, 3)
        ):
            raise self._wrong("image_shape", "[height, width, channels]", value)
        height, width, channels = value
        return height, width, channels

    def known(self, name: str, value: Value | None) -> Value:
        """Gives a value that was read, where it may not be missing.

        Raises:
            RunError: It is.
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
    """Reads a run's summary.json.

    Raises:
        RunError: It is missing or is not a JSON object.
    """
    return Summary(run.summary, run.read_summary())


def _shown(value: Any) -> str:
    """Writes a value short enough for a message, and without what a terminal obeys."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = ascii(value)
    return text if len(text) <= 40 else f"{text[:30]}… ({len(text)} characters)"
