"""The run folder: every file name in it, making one, and finding it again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import Any

from kcnn.errors import RunError
from kcnn.files.atomic import read_json, require_writable, writing
from kcnn.runs.metrics import read_metrics

DEFAULT_OUTPUT_DIR = Path("outputs")
STOPPED = ("interrupted", "unfinished")  # the status of runs that --resume finishes
LONGEST_NAME = 100
NAME_PATTERN = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_NAME - 1}}}")


class FreeName(str):
    """A run's name that gets a number behind it where it is taken: seed-001, seed-001-2."""


@dataclass(frozen=True)
class RunFolder:
    """One run's folder, `outputs/<recipe>/run-001`, and the names of the files in it."""

    path: Path

    @property
    def recipe(self) -> Path:
        """The recipe as given, byte for byte."""
        return self.path / "recipe.yaml"

    @property
    def resolved(self) -> Path:
        """Every setting in force, overrides included."""
        return self.path / "resolved.yaml"

    @property
    def environment(self) -> Path:
        """Versions, devices, precision, seed, commit and command line."""
        return self.path / "environment.json"

    @property
    def metrics(self) -> Path:
        """One row an epoch."""
        return self.path / "metrics.csv"

    @property
    def steps(self) -> Path:
        """The loss of every training step."""
        return self.path / "steps.csv"

    @property
    def summary(self) -> Path:
        """Test and best metrics, sizes, timings, status."""
        return self.path / "summary.json"

    @property
    def per_class(self) -> Path:
        """Precision, recall, F1 and support of each class."""
        return self.path / "per_class.csv"

    @property
    def confusion(self) -> Path:
        """Counts: a row a true class, a column a predicted class."""
        return self.path / "confusion.csv"

    @property
    def predictions(self) -> Path:
        """One row a test image."""
        return self.path / "predictions.csv"

    @property
    def model(self) -> Path:
        """The model after the last epoch."""
        return self.path / "model.keras"

    @property
    def best_model(self) -> Path:
        """The model at the best validation epoch."""
        return self.path / "best.keras"

    @property
    def filters(self) -> Path:
        """The first convolution's kernel before and after training, for the picture of both."""
        return self.path / "filters.npz"

    @property
    def log(self) -> Path:
        """What the training told, line by line, with the time."""
        return self.path / "log.txt"

    @property
    def checkpoints(self) -> Path:
        """The folder of what resuming needs."""
        return self.path / "checkpoint"

    @property
    def lock(self) -> Path:
        """The file that the process which trains the run has locked."""
        return self.checkpoints / "lock"

    @property
    def plots(self) -> Path:
        """The folder of pictures."""
        return self.path / "plots"

    @property
    def exports(self) -> Path:
        """The folder of exported models."""
        return self.path / "export"

    @property
    def title(self) -> str:
        """The run's short name, `cifar/run-001`."""
        path = self.path.absolute()
        return f"{path.parent.name}/{path.name}"

    def weights(self, which: str) -> Path:
        """Finds the saved model that `which` names.

        Args:
            which: `last` or `best`.

        Raises:
            RunError: That model was not saved.
        """
        path = self.best_model if which == "best" else self.model
        if path.is_file():
            return path
        hint = "best.keras is written only with validation images; try --weights last"
        if which == "last":
            hint = f"the run was stopped before its last epoch; {self.how_to_finish()}"
        raise RunError(f"{path}: this run has no such model", hint)

    def read_summary(self) -> dict[str, Any]:
        """Reads summary.json.

        Raises:
            RunError: It is missing or is not a JSON object.
        """
        return read_json(self.summary)

    def status(self) -> str:
        """Says how far the run came: `finished`, `interrupted`, `failed`, else `unfinished`."""
        try:
            return str(self.read_summary().get("status", "unfinished"))
        except RunError:
            return "unfinished"

    def how_to_finish(self) -> str:
        """Says what its owner may do about a run that is not finished."""
        if self.status() in STOPPED:
            return f"kcnn fit --resume {self.path} finishes it"
        return f"train it again: kcnn fit {self.resolved}"

    def started(self) -> datetime:
        """Says when the run began: as it tells, else when its settings were written."""
        try:
            told = datetime.fromisoformat(read_json(self.environment)["started"])
            return told.astimezone(UTC).astimezone()
        except (RunError, KeyError, TypeError, ValueError, OverflowError):
            return datetime.fromtimestamp(self.resolved.stat().st_mtime).astimezone()

    def was_extended(self, epochs: int) -> bool:
        """Says whether the run was begun with another number of epochs than it has now."""
        try:
            resumed = read_json(self.environment).get("resumed")
        except RunError:
            return False
        before = [one.get("epochs_before") for one in resumed or () if isinstance(one, dict)]
        return any(one != epochs for one in before)

    def read_metrics(self) -> list[dict[str, float]]:
        """Reads metrics.csv: one mapping an epoch, column name to number.

        Raises:
            RunError: It is missing, empty, or holds something that is not a number or no epochs.
        """
        return read_metrics(self.metrics)


def create_run(output_dir: Path, recipe_name: str, name: str | None = None) -> RunFolder:
    """Makes the folder of a new run; of two that start at once, each gets its own.

    Args:
        output_dir: Where all runs lie, `outputs` by default.
        recipe_name: The folder of the recipe's runs.
        name: The run's name, of which a FreeName is never taken; the next free `run-001` when None.

    Raises:
        RunError: The name is taken, or the folder cannot be written.
    """
    parent = output_dir / recipe_name
    with writing(parent):
        parent.mkdir(parents=True, exist_ok=True)
        if name is None:
            return RunFolder(_make_next(parent))
        if isinstance(name, FreeName):
            further = (f"{name}-{number}" for number in count(2))
            return RunFolder(_make_first(parent / one for one in chain([name], further)))
        try:
            (parent / name).mkdir()
        except FileExistsError:
            raise _taken(parent / name) from None
        return RunFolder(parent / name)


def require_room(output_dir: Path, recipe_name: str, name: str | None = None) -> None:
    """Makes sure that a run can be made before any work is done; leaves nothing behind.

    Args:
        output_dir: Where all runs lie.
        recipe_name: The folder of the recipe's runs.
        name: The run's name; None for the next free number.

    Raises:
        RunError: The name is taken or unfit for a folder, or the folder cannot be written.
    """
    if name is not None and not NAME_PATTERN.fullmatch(name):
        raise RunError(
            f"--name {name!r}: not a name for a folder",
            "use letters, digits, dots, dashes and underscores, as in --name first-try",
        )
    if name is not None and not isinstance(name, FreeName):
        path = output_dir / recipe_name / name
        if path.exists():
            raise _taken(path)
    require_writable(output_dir / recipe_name)


def require_no_links(run: RunFolder) -> None:
    """Refuses a run whose folders are symbolic links, so that nothing is written elsewhere.

    Raises:
        RunError: A folder, or a file that is added to, is a link.
    """
    for path in (run.plots, run.exports, run.checkpoints, run.lock, run.log):
        if path.is_symlink():
            raise RunError(
                f"{path}: is a link, and what is written there would land elsewhere", "remove it"
            )


def find_run(run: str | None, output_dir: Path) -> RunFolder:
    """Finds the run that a person means.

    Args:
        run: A path, a short name such as `cifar/run-001`, a recipe's name (its newest run), or
            None for the newest run of all. The newest is the one that was worked on last.
        output_dir: Where runs lie.

    Raises:
        RunError: There is no such run.
    """
    if run is None:
        runs = list_runs(output_dir)
        if not runs:
            raise RunError(f"{output_dir}: no runs here", "train one first: kcnn fit digits")
        return newest(runs)
    places = (Path(run), output_dir / run)
    for path in places:
        if is_run(path):
            return RunFolder(path)
        inside = [RunFolder(child) for child in _folders(path) if is_run(child)]
        if inside:
            return newest(inside)
    # Only now: a folder of the recipe's name, here, must not hide its runs.
    for path in places:
        if path.is_dir():
            raise RunError(
                f"{path}: not a run folder (no resolved.yaml in it)", "kcnn runs lists them"
            )
    raise RunError(f"{run}: no such run in {output_dir}", "kcnn runs lists them")


def list_runs(output_dir: Path) -> list[RunFolder]:
    """Lists every run below a folder of runs, by recipe and name.

    Raises:
        RunError: A folder cannot be read.
    """
    return [
        RunFolder(path)
        for recipe in _folders(output_dir)
        for path in _folders(recipe)
        if is_run(path)
    ]


def is_run(path: Path) -> bool:
    """Says whether a folder is a run: it holds the settings that were in force."""
    try:
        return (path / "resolved.yaml").is_file()
    except OSError:
        return False


def newest(runs: Iterable[RunFolder]) -> RunFolder:
    """Picks the run that was worked on last: begun, gone on with, or copied."""
    return max(runs, key=lambda run: (run.resolved.stat().st_mtime_ns, run.title))


def _taken(path: Path) -> RunError:
    return RunError(f"{path}: a run of this name already exists", "choose another --name")


def _folders(path: Path) -> list[Path]:
    try:
        return sorted(child for child in path.iterdir() if child.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}") from None


def _make_next(parent: Path) -> Path:
    numbers = [
        int(match[1])
        for child in parent.iterdir()
        if (match := re.fullmatch(r"run-(\d{3,9})", child.name))
    ]
    first = max(numbers, default=0) + 1
    return _make_first(parent / f"run-{number:03d}" for number in count(first))


def _make_first(paths: Iterable[Path]) -> Path:
    """Makes the first of endlessly many folders that is not there."""
    return next(path for path in paths if _is_made(path))


def _is_made(path: Path) -> bool:
    try:
        path.mkdir()
    except FileExistsError:
        return False
    return True
