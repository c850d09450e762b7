"""kcnn sweep: every combination of some settings trained, in one table and one picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kcnn.errors import TrainingError
from kcnn.files.atomic import require_writable
from kcnn.files.folder_names import folder_name
from kcnn.progress import Progress
from kcnn.recipe import read_recipe
from kcnn.studies.grid import Combination, combine, read_variations, short_names
from kcnn.studies.quantities import measure_runs
from kcnn.studies.sweep_report import Sweep, SweepRow, write_report
from kcnn.studies.trials import TrainedRun, WantedRun, Workplace, train_many

SWEEPS = "sweeps"


def sweep(
    recipe: str | Path,
    over: Sequence[str],
    overrides: Sequence[str] = (),
    seeds: int = 1,
    workplace: Workplace | None = None,
    progress: Progress | None = None,
) -> Sweep:
    """Trains every combination of some settings, and holds them against each other.

    Each is trained as `kcnn fit` does it, into a run of its own. Finished runs of the same settings
    and seed are taken as they are and stopped ones are finished, so that the same call goes on
    where it was stopped. Where a training diverges, the others go on. Table and picture go into
    `outputs/sweeps`.

    Args:
        recipe: A file, or the name of a recipe that kcnn brings.
        over: What varies, each `setting=[value, value]`.
        overrides: Settings that all have in common.
        seeds: How many of each, 1 or more, from `train.seed` on.
        workplace: Where to train and how many at a time.
        progress: Shows the trainings, and the time left for all.

    Raises:
        KcnnError: Something is wrong with the combinations, the data, the devices or the output
            folder, or every training failed.
    """
    workplace, progress = workplace or Workplace(), progress or Progress()
    variations = read_variations(over)
    combinations = combine(recipe, overrides, variations)
    wanted = [_wanted(recipe, overrides, one, seeds) for one in combinations]
    name = wanted[0][0].settings.name
    settings = tuple(one.setting for one in variations)
    folder = workplace.output_dir / SWEEPS / _folder_name(name, settings, wanted)
    require_writable(folder)
    every = [one for several in wanted for one in several]
    progress.note(_size(len(combinations), seeds))
    trained = iter(train_many(every, workplace, progress, keep_going=True))
    rows = [
        _row(one, [next(trained) for _ in several])
        for one, several in zip(combinations, wanted, strict=True)
    ]
    _require_some(rows)
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
    write_report(result, rows)
    return result


def _wanted(
    recipe: str | Path, overrides: Sequence[str], combination: Combination, seeds: int
) -> list[WantedRun]:
    own = (*overrides, *combination.overrides)
    first = read_recipe(recipe, own).train.seed
    return [
        WantedRun(
            recipe,
            own,
            seed,
            combination.title if seeds == 1 else f"{combination.title}, seed {seed}",
            f"{combination.name}-seed-{seed:03d}",
        )
        for seed in range(first, first + seeds)
    ]


def _folder_name(
    recipe: str, settings: Sequence[str], wanted: Sequence[Sequence[WantedRun]]
) -> str:
    keys = sorted(one.key for several in wanted for one in several)
    return folder_name("-".join([recipe, *short_names(settings).values()]), "\n".join(keys))


def _size(combinations: int, seeds: int) -> str:
    each = "" if seeds == 1 else f", {seeds} seeds of each: {combinations * seeds} trainings"
    return f"{combinations} combination{'s' if combinations > 1 else ''}{each}"


def _row(combination: Combination, trained: Sequence[TrainedRun]) -> SweepRow:
    runs = [one.run for one in trained if one.run is not None]
    return SweepRow(combination, tuple(trained), tuple(measure_runs(runs)) if runs else ())


def _require_some(rows: Sequence[SweepRow]) -> None:
    if not any(row.finished for row in rows):
        title, first = rows[0].combination.title, rows[0].trained[0]
        raise TrainingError(f"every training failed; {title}: {first.problem}", first.hint)


def _ordered_by(rows: Sequence[SweepRow]) -> str:
    validated = all(row.quantity("val_accuracy") for row in rows if row.finished)
    return "val_accuracy" if validated else "accuracy"


def _rank(row: SweepRow, name: str) -> tuple[bool, float]:
    """Ranks the best first, and last what failed with some seed: its mean is that of the others."""
    quantity = row.quantity(name)
    return len(row.finished) < len(row.trained), -quantity.mean if quantity else 0.0
