"""environment.json: what a run was trained on and how it was started and resumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kcnn.errors import RunError
from kcnn.files.atomic import write_json
from kcnn.files.read import read_json
from kcnn.runs.folder import RunFolder

# What decides the last digits of a training's numbers.
DECIDING = (
    "kcnn", "python", "processor", "packages", "onednn", "training_cores", "training_gpus",
)  # fmt: skip


# Keras's dtype policies, as `precision` names them.
FLOAT32 = "float32"
POLICIES = (FLOAT32, "mixed_bfloat16", "mixed_float16")


@dataclass(frozen=True)
class Environment:
    """The values of an environment.json; those that a user edited may be anything.

    Args:
        path: The file, for messages.
        values: As they were read.
    """

    path: Path
    values: Mapping[str, Any]

    @property
    def started(self) -> datetime | None:
        """When the run was started, in local time; None if that is not known."""
        try:
            return datetime.fromisoformat(self.values["started"]).astimezone(UTC).astimezone()
        except (KeyError, TypeError, ValueError, OverflowError):
            return None

    @property
    def resumptions(self) -> list[Any]:
        """A mapping for each time that the run was resumed."""
        resumed = self.values.get("resumed")
        return resumed if isinstance(resumed, list) else []

    @property
    def initial_weights_sha256(self) -> str | None:
        """Hash of the file of initial weights; None if the run started with none."""
        initial = self.values.get("initial_weights")
        sha256 = initial.get("sha256") if isinstance(initial, dict) else None
        return sha256 if isinstance(sha256, str) else None

    @property
    def pretrained_sha256(self) -> dict[str, str]:
        """Hash of the file that each Application started from, by the layer's name."""
        files = self.values.get("pretrained_weights")
        return {
            name: file["sha256"]
            for name, file in (files.items() if isinstance(files, dict) else ())
            if isinstance(file, dict) and isinstance(file.get("sha256"), str)
        }

    def precision(self) -> str:
        """Return the dtype policy that the run was trained under.

        Raises:
            RunError: It is missing, or none of POLICIES.
        """
        policy = self.values.get("precision")
        if policy not in POLICIES:
            raise RunError(
                f"{self.path}: precision: expected {', '.join(POLICIES)}, found {policy!r:.40}",
                "restore the file, or train the run again: kcnn fit",
            )
        return str(policy)

    def differences(self, here: Mapping[str, Any]) -> list[str]:
        """Return the names of DECIDING whose values are not the same here."""
        return [name for name in DECIDING if self.values.get(name) != here[name]]


def write_environment(run: RunFolder, description: Mapping[str, Any], started: datetime) -> None:
    """Write environment.json of a run that starts.

    Args:
        run: The run.
        description: Machine, devices, precision and seed.
        started: When it was started.

    Raises:
        RunError: The file cannot be written.
    """
    values = {**description, "started": started.isoformat(timespec="seconds")}
    write_json(run.environment, values)


def read_environment(run: RunFolder) -> Environment:
    """Read environment.json.

    Raises:
        RunError: It is missing or is not a JSON object.
    """
    return Environment(run.environment, read_json(run.environment))


def write_resumption(
    run: RunFolder,
    environment: Environment,
    here: Mapping[str, Any],
    epoch: int,
    step: int,
    epochs_before: int,
) -> None:
    """Add to environment.json that a run is resumed.

    Args:
        run: The run.
        environment: The file's present values.
        here: Machine and devices that it is resumed on.
        epoch: Epochs that are done.
        step: Steps of the next epoch that are done.
        epochs_before: Epochs that the recipe asked for so far.

    Raises:
        RunError: The file cannot be written.
    """
    resumption = {
        "after_epoch": epoch,
        "after_step": step,
        "epochs_before": epochs_before,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "command_line": here["command_line"],
        **{name: here[name] for name in DECIDING},
    }
    resumed = [*environment.resumptions, resumption]
    write_json(run.environment, {**environment.values, "resumed": resumed})


def when_started(run: RunFolder) -> datetime:
    """Return when a run was started, in local time; else when its settings were written."""
    try:
        started = read_environment(run).started
    except RunError:
        started = None
    return started or datetime.fromtimestamp(run.resolved.stat().st_mtime).astimezone()


def was_extended(run: RunFolder, epochs: int) -> bool:
    """Return whether a run that has `epochs` now was started with another number of epochs."""
    try:
        resumptions = read_environment(run).resumptions
    except RunError:
        return False
    return any(
        resumption.get("epochs_before") != epochs
        for resumption in resumptions
        if isinstance(resumption, dict)
    )
