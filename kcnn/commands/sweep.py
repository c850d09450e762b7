"""kcnn sweep: train a grid of settings, and compare its points in one table and one plot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kcnn.commands.fit import fit
from kcnn.commands.resume import resume
from kcnn.errors import TrainingError
from kcnn.files.atomic import require_writable
from kcnn.files.folder_names import folder_name
from kcnn.progress import Progress
from kcnn.recipe import read_recipe
from kcnn.studies.grid import GridPoint, expand_grid, read_axes, short_names
from kcnn.studies.quantities import measure_runs
from kcnn.studies.sweep_report import Sweep, SweepRow, write_report
from kcnn.studies.trials import StudyOptions, Trial, TrialResult, TrialRunner
from kcnn.text.numbers import count_text

SWEEPS = "sweeps"


def sweep(
    recipe: str | Path,
    over: Sequence[str],
    overrides: Sequence[str] = (),
    seeds: int = 1,
    options: StudyOptions | None = None,
    progress: Progress | None = None,
) -> Sweep:
    """Train every point of a grid of settings, and compare the results.

    Each trial is trained as `kcnn fit` does it, into its own run. Finished runs of the same
    settings and seed are reused and stopped ones are resumed, so the same call continues a stopped
    sweep. If a training diverges, the others continue. Table and plot go into `outputs/sweeps`.

    Args:
        recipe: A file, or the name of a recipe that comes with kcnn.
        over: What varies: one `setting=[value, value]` an axis.
        overrides: Settings that all points have in common.
        seeds: How many seeds of each point, 1 or more, from `train.seed` on.
        options: Where to train, and how many trials at the same time.
        progress: Shows the trials, and the time left for all.

    Raises:
        KcnnError: Something is wrong with the grid, the data, the devices or the output folder, or
            every training failed.
    """
    options, progress = options or StudyOptions(), progress or Progress()
    axes = read_axes(over)
    points = expand_grid(recipe, overrides, axes)
    trials_of = [_trials(recipe, overrides, point, seeds) for point in points]
    trials = [trial for several in trials_of for trial in several]
    name = trials[0].settings.name
    settings = tuple(axis.setting for axis in axes)
    folder = options.output_dir / SWEEPS / _folder_name(name, settings, trials)
    require_writable(folder)
    progress.note(_size(len(points), seeds))
    results = iter(TrialRunner(fit, resume, options, progress).run(trials, keep_going=True))
    rows = [
        _row(point, [next(results) for _ in several])
        for point, several in zip(points, trials_of, strict=True)
    ]
    _require_one_finished(rows)
    ordered_by = _ordered_by(rows)
    result = Sweep(
        recipe=name,
        overrides=tuple(overrides),
        settings=settings,
        seeds=seeds,
        ordered_by=ordered_by,
        rows=tuple(sorted(rows, key=lambda row: _rank(row, ordered_by))),
        folder=folder,
    )
    write_report(result, rows, progress)
    return result


def _trials(
    recipe: str | Path, overrides: Sequence[str], point: GridPoint, seeds: int
) -> list[Trial]:
    own = (*overrides, *point.overrides)
    first = read_recipe(recipe, own).train.seed
    return [
        Trial(
            recipe,
            own,
            seed,
            point.title if seeds == 1 else f"{point.title}, seed {seed}",
            f"{point.name}-seed-{seed:03d}",
        )
        for seed in range(first, first + seeds)
    ]


def _folder_name(recipe: str, settings: Sequence[str], trials: Sequence[Trial]) -> str:
    keys = sorted(trial.key for trial in trials)
    return folder_name("-".join([recipe, *short_names(settings).values()]), "\n".join(keys))


def _size(points: int, seeds: int) -> str:
    each = "" if seeds == 1 else f", {seeds} seeds each: {points * seeds} trials"
    return f"{count_text(points, 'grid point')}{each}"


def _row(point: GridPoint, results: Sequence[TrialResult]) -> SweepRow:
    runs = [result.run for result in results if result.run is not None]
    return SweepRow(point, tuple(results), tuple(measure_runs(runs)) if runs else ())


def _require_one_finished(rows: Sequence[SweepRow]) -> None:
    if not any(row.finished for row in rows):
        title, first = rows[0].point.title, rows[0].results[0]
        raise TrainingError(f"every training failed; {title}: {first.problem}", first.hint)


def _ordered_by(rows: Sequence[SweepRow]) -> str:
    has_validation = all(row.quantity("val_accuracy") for row in rows if row.finished)
    return "val_accuracy" if has_validation else "accuracy"


def _rank(row: SweepRow, name: str) -> tuple[bool, float]:
    """Return the sort key of a row: best first, points with a failed seed last.

    The mean of such a point is that of its other seeds, so it cannot be compared.
    """
    quantity = row.quantity(name)
    return len(row.finished) < len(row.results), -quantity.mean if quantity else 0.0
