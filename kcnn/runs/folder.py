"""The run folder: the name of every file in it, and creating one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from kcnn.errors import RunError
from kcnn.files.atomic import require_writable, writing

DEFAULT_OUTPUT_DIR = Path("outputs")
MAX_NAME_LENGTH = 100
NAME_PATTERN = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_NAME_LENGTH - 1}}}")

_FOLD = re.compile(r"fold-\d+-of-\d+(-\d+)?")


class FreeName(str):
    """A run's name that gets a number behind it if it is taken: seed-001, seed-001-2."""


@dataclass(frozen=True)
class RunFolder:
    """A run's folder, `outputs/<recipe>/run-001`, and the names of the files in it."""

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
        """A row for each epoch."""
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
        """Counts: a row for each true class, a column for each predicted class."""
        return self.path / "confusion.csv"

    @property
    def predictions(self) -> Path:
        """A row for each test image."""
        return self.path / "predictions.csv"

    @property
    def splits(self) -> Path:
        """A row for each image that has a file: its class, and whether it was trained on."""
        return self.path / "splits.csv"

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
        """The first convolution's kernel before and after training, for the plot of both."""
        return self.path / "filters.npz"

    @property
    def log(self) -> Path:
        """The progress of training, with times."""
        return self.path / "log.txt"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints, from which a run resumes."""
        return self.path / "checkpoint"

    @property
    def lock(self) -> Path:
        """The file that the process that trains the run has locked."""
        return self.checkpoints / "lock"

    @property
    def plots(self) -> Path:
        """The folder of plots."""
        return self.path / "plots"

    @property
    def exports(self) -> Path:
        """The folder of exported models."""
        return self.path / "export"

    @property
    def tensorboard(self) -> Path:
        """The folder of what TensorBoard shows."""
        return self.path / "tensorboard"

    @property
    def tracked(self) -> Path:
        """Which run of a tracking server this run is."""
        return self.path / "tracked.json"

    @property
    def title(self) -> str:
        """The run's short name, `cifar/run-001`."""
        path = self.path.absolute()
        return f"{path.parent.name}/{path.name}"

    @property
    def is_fold(self) -> bool:
        """Whether it has the name of a run of a cross-validation, as of `fold_run_name`."""
        return _FOLD.fullmatch(self.path.name) is not None


def fold_run_name(number: int, of: int) -> str:
    """Return the name for the run that is tested on one fold; as a FreeName, it may get a number.

    Args:
        number: The fold, from 1.
        of: How many folds.
    """
    return f"fold-{number}-of-{of}"


def create_run(output_dir: Path, recipe_name: str, name: str | None = None) -> RunFolder:
    """Create the folder of a new run; two that start at once get different ones.

    Args:
        output_dir: The folder of all runs, `outputs` by default.
        recipe_name: The folder of the recipe's runs.
        name: The run's name; a FreeName gets a number if it is taken. None for the next free
            `run-001`.

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
            return RunFolder(_make_first(parent / free for free in chain([name], further)))
        try:
            (parent / name).mkdir()
        except FileExistsError:
            raise _taken(parent / name) from None
        return RunFolder(parent / name)


def require_creatable(output_dir: Path, recipe_name: str, name: str | None = None) -> None:
    """Check that a run can be created, before any work is done; leave nothing behind.

    Args:
        output_dir: The folder of all runs.
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
    """Check that a run's folders are no symbolic links: kcnn writes nowhere else.

    Raises:
        RunError: A folder, or a file that is appended to, is a link.
    """
    for path in (
        run.plots, run.exports, run.checkpoints, run.lock, run.log, run.tensorboard,
    ):  # fmt: skip
        if path.is_symlink():
            raise RunError(
                f"{path}: is a link, and what is written there would land elsewhere", "remove it"
            )


def is_run(path: Path) -> bool:
    """Return whether a folder is a run: it holds the settings that were in force."""
    try:
        return (path / "resolved.yaml").is_file()
    except OSError:
        return False


def _taken(path: Path) -> RunError:
    return RunError(f"{path}: a run of this name already exists", "choose another --name")


def _make_next(parent: Path) -> Path:
    numbers = [
        int(match[1])
        for child in parent.iterdir()
        if (match := re.fullmatch(r"run-(\d{3,9})", child.name))
    ]
    first = max(numbers, default=0) + 1
    return _make_first(parent / f"run-{number:03d}" for number in count(first))


def _make_first(paths: Iterable[Path]) -> Path:
    """Create the first folder that does not exist, of endlessly many."""
    return next(path for path in paths if _is_made(path))


def _is_made(path: Path) -> bool:
    try:
        path.mkdir()
    except FileExistsError:
        return False
    return True
