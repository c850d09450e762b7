"""Find runs: the one that a user names, all of a folder, the newest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from kcnn.errors import RunError
from kcnn.files.weights import begins_like_weights
from kcnn.runs.folder import RunFolder, is_run
from kcnn.runs.summary import how_to_finish


def find_run(run: str | None, output_dir: Path) -> RunFolder:
    """Return the run that a user names.

    Args:
        run: A path, a short name such as `cifar/run-001`, a recipe's name (its newest run), or
            None for the newest run of all. The newest is the one that was worked on last. A
            finished fold of a cross-validation is taken only if there is no other run: its model
            has not seen all training images.
        output_dir: The folder of all runs.

    Raises:
        RunError: There is no such run.
    """
    if run is None:
        runs = find_runs(output_dir)
        if not runs:
            raise RunError(f"{output_dir}: no runs here", "train one first: kcnn fit digits")
        return _newest_but_folds(runs)
    paths = (Path(run), output_dir / run)
    for path in paths:
        if is_run(path):
            return RunFolder(path)
        inside = [RunFolder(child) for child in _folders(path) if is_run(child)]
        if inside:
            return _newest_but_folds(inside)
    # Checked last: a folder here that has the recipe's name must not hide its runs.
    for path in paths:
        if path.is_dir():
            raise RunError(
                f"{path}: not a run folder (no resolved.yaml in it)", "kcnn runs lists them"
            )
    raise RunError(f"{run}: no such run in {output_dir}", "kcnn runs lists them")


def find_runs(output_dir: Path) -> list[RunFolder]:
    """List every run below a folder of runs, by recipe and name.

    Raises:
        RunError: A folder cannot be read.
    """
    return [
        RunFolder(path)
        for recipe in _folders(output_dir)
        for path in _folders(recipe)
        if is_run(path)
    ]


def newest(runs: Iterable[RunFolder]) -> RunFolder:
    """Return the run that was worked on last: started, resumed or copied."""
    return max(runs, key=lambda run: (run.resolved.stat().st_mtime_ns, run.title))


def _newest_but_folds(runs: Sequence[RunFolder]) -> RunFolder:
    return newest([run for run in runs if not _is_finished_fold(run)] or runs)


def _is_finished_fold(run: RunFolder) -> bool:
    return run.is_fold and run.model.is_file()


def find_model(run: RunFolder, weights: str) -> Path:
    """Return the path of a run's saved model.

    Args:
        run: The run.
        weights: `last` or `best`.

    Raises:
        RunError: That model was not saved.
    """
    path = run.best_model if weights == "best" else run.model
    if path.is_file():
        return path
    hint = "best.keras is written only with validation images; try --weights last"
    if weights == "last":
        hint = f"the run was stopped before its last epoch; {how_to_finish(run)}"
    raise RunError(f"{path}: this run has no such model", hint)


def find_weights(path: Path) -> Path:
    """Return the file of weights that a run's folder or a path names.

    Args:
        path: A run's folder, for its last weights, or a `.keras` or HDF5 file.

    Raises:
        RunError: It is missing, or neither; or the run has no weights yet.
    """
    if is_run(path):
        return find_model(RunFolder(path), "last")
    if path.is_dir():
        raise RunError(f"{path}: neither a run nor a file of weights", "kcnn runs lists the runs")
    try:
        is_weights = begins_like_weights(path)
    except FileNotFoundError:
        raise RunError(f"{path}: no such run or file", "kcnn runs lists the runs") from None
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}") from None
    if not is_weights:
        raise RunError(
            f"{path}: not a file of weights", "Keras writes model.keras and model.weights.h5"
        )
    return path


def _folders(path: Path) -> list[Path]:
    try:
        return sorted(child for child in path.iterdir() if child.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}") from None
