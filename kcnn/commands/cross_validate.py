"""kcnn reproduce --folds: train without each fold of the training images, and test on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kcnn.commands.fit import fit
from kcnn.commands.resume import resume
from kcnn.data.counts import CountError
from kcnn.errors import DataError
from kcnn.model.checked_recipe import check_recipe
from kcnn.progress import Progress
from kcnn.recipe import Recipe, read_recipe
from kcnn.starter.another_dataset import proposing_overrides
from kcnn.studies.cross_validation import CrossValidation, read_fold_run, write_report
from kcnn.studies.folds import fold_trials
from kcnn.studies.quantities import measure_runs
from kcnn.studies.report_folder import report_folder
from kcnn.studies.trials import StudyOptions, TrialRunner


def cross_validate(
    recipe: str | Path,
    folds: int,
    overrides: Sequence[str] = (),
    options: StudyOptions | None = None,
    progress: Progress | None = None,
) -> CrossValidation:
    """Divide the training images into folds; train without each of them, and test on it.

    The folds are stratified; images of a group, as the column `group` of a CSV names it, are in one
    fold. The dataset's test images are not used. Each fold is trained as `kcnn fit` does it with
    `data.fold`, in its own process. Finished runs are reused and stopped ones are resumed. The
    report goes into `outputs/<recipe>/folds-<number>`; with overrides, a hash of the settings is
    appended to the folder's name.

    Args:
        recipe: A file, or the name of a recipe that comes with kcnn.
        folds: How many folds, 2 or more.
        overrides: Settings from the command line, each `setting=value`.
        options: Where to train, and how many trials at the same time.
        progress: Shows the trials, and the time left for all.

    Raises:
        KcnnError: Something is wrong with the recipe, the data, the devices or the output folder,
            or the training of a fold failed.
    """
    options, progress = options or StudyOptions(), progress or Progress()
    with proposing_overrides(f"kcnn reproduce --folds {folds}", recipe, overrides):
        settings = read_recipe(recipe, overrides)
        check_recipe(settings)
    if settings.data.fold is not None:
        raise DataError("--folds: the recipe has data.fold already", "leave one of them out")
    seed = settings.train.seed
    folder = report_folder(options.output_dir, f"folds-{folds}", settings, overrides)
    trials = fold_trials(recipe, overrides, folds, seed)
    grouped = _require_folds(trials[0].settings, folds, options, progress)
    results = TrialRunner(fit, resume, options, progress).run(trials)
    runs = [result.finished for result in results]
    result = CrossValidation(
        recipe=settings.name,
        overrides=tuple(overrides),
        seed=seed,
        grouped=grouped,
        runs=tuple(
            read_fold_run(number, result.finished, result.is_reused, result.seconds)
            for number, result in enumerate(results, 1)
        ),
        quantities=tuple(measure_runs(runs)),
        folder=folder,
    )
    write_report(result)
    return result


def _require_folds(first: Recipe, folds: int, options: StudyOptions, progress: Progress) -> bool:
    """Raise before any training if there cannot be so many folds; return whether groups are kept.

    Args:
        first: The recipe of the first fold.
        folds: How many folds.
        options: Where datasets are looked for.
        progress: Shows downloads and long reading.
    """
    from kcnn.data.load import load_dataset

    try:
        dataset = load_dataset(first.data, options.data_dir, progress, parts=("train",))
    except CountError as error:
        raise DataError(f"--folds {folds}: {error.reason}", error.hint) from None
    return dataset.train.groups is not None
