"""kcnn data suspects: training images whose label is probably wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kcnn.commands.fit import fit
from kcnn.commands.resume import resume
from kcnn.commands.run_images import read_run_recipe, reading_again
from kcnn.data.counts import CountError
from kcnn.errors import DataError, RunError
from kcnn.files.atomic import require_writable
from kcnn.machine.start import start_tensorflow
from kcnn.progress import Progress
from kcnn.recipe import Recipe
from kcnn.runs.dataset import require_same_classes
from kcnn.runs.find import find_run
from kcnn.runs.folder import RunFolder
from kcnn.runs.summary import has_several_labels
from kcnn.runs.suspects import Suspect, suspects_folder, write_suspects
from kcnn.studies.folds import fold_trials
from kcnn.studies.trials import StudyOptions, TrialRunner

if TYPE_CHECKING:
    import numpy as np

    from kcnn.data.dataset import Dataset
    from kcnn.studies.confident_learning import LabelErrors

FOLDS = 3
METHOD = (
    "confident learning (Northcutt, Jiang and Chuang, 2021): each image is judged by a model that "
    "was trained without it"
)


@dataclass(frozen=True)
class Suspects:
    """The training images of a run whose labels are probably wrong.

    Args:
        run: The run's title, `cifar/run-001`.
        images: Number of training images that were judged.
        folds: In how many folds.
        accuracy: The fraction of images whose label the models predicted.
        suspects: The most doubtful label first.
        written: The files that were written.
    """

    run: str
    images: int
    folds: int
    accuracy: float
    suspects: tuple[Suspect, ...]
    written: tuple[Path, ...]

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        return {
            **asdict(self),
            "method": METHOD,
            "written": [str(path) for path in self.written],
        }


def find_suspects(
    run: str | None,
    output_dir: Path,
    folds: int = FOLDS,
    epochs: int | None = None,
    settings: Sequence[str] = (),
    options: StudyOptions | None = None,
    progress: Progress | None = None,
) -> Suspects:
    """List the training images of a run whose labels are probably wrong.

    The run's recipe is trained without each fold of the training images, and the model judges the
    labels of that fold. These trainings and the result are in `suspects/` of the run's folder,
    whose other files do not change. The same call continues one that was stopped.

    Args:
        run: A run as `kcnn.runs.find.find_run` takes it; None for the newest.
        output_dir: The folder of all runs.
        folds: How many folds, 2 or more.
        epochs: How long to train for each fold; None for the recipe's `train.epochs`.
        settings: Where the images are now, as of `kcnn.commands.run_images.read_run_recipe`.
        options: Where the images are, the devices, and how many trainings at the same time.
        progress: Shows the trainings, and the time left for all.

    Raises:
        KcnnError: There is no such run, its images cannot be read or divided into so many folds, or
            a training failed.
    """
    options, progress = options or StudyOptions(), progress or Progress()
    found = find_run(run, output_dir)
    recipe = read_run_recipe(found, settings, "data suspects")
    if recipe.data.fold is not None:
        raise RunError(
            f"{found.path}: was trained for a cross-validation, without some of its images",
            "name a run of the whole recipe; kcnn runs lists them",
        )
    if has_several_labels(found):
        raise RunError(
            f"{found.path}: its images may have several labels, and suspects are found among "
            "images of one class each",
            f"kcnn evaluate {found.path} --wrong DIR copies the images with wrong predictions",
        )
    folder = suspects_folder(found)
    require_writable(folder)
    dataset, numbers = _load(recipe, folds, options.data_dir, progress)
    require_same_classes(found, dataset.class_names, progress)
    shortened = [] if epochs is None else [f"train.epochs={epochs}"]
    trials = fold_trials(found.resolved, [*settings, *shortened], folds, recipe.train.seed)
    study = StudyOptions(folder, options.data_dir, options.device, options.jobs)
    results = TrialRunner(fit, resume, study, progress).run(trials)
    runs = [result.finished for result in results]
    probabilities = _predict(runs, dataset, numbers, progress)
    from kcnn.studies.confident_learning import find_label_errors

    labels = dataset.train.labels
    errors = find_label_errors(labels, probabilities)
    suspects = _suspects(errors, dataset)
    written = [write_suspects(found, suspects)]
    if suspects:
        written.append(_draw(folder, errors, dataset, found.title))
    return Suspects(
        run=found.title,
        images=len(labels),
        folds=folds,
        accuracy=float((probabilities.argmax(axis=1) == labels).mean()),
        suspects=suspects,
        written=tuple(written),
    )


def _load(
    recipe: Recipe, folds: int, data_dir: Path | None, progress: Progress
) -> tuple[Dataset, np.ndarray]:
    """Return the dataset with its training images, and the number of each one's fold from 0."""
    from kcnn.data.folds import fold_numbers
    from kcnn.data.load import load_dataset

    with reading_again():
        dataset = load_dataset(recipe.data, data_dir, progress, parts=("train",))
    try:
        numbers = fold_numbers(dataset.train, folds, recipe.train.seed, dataset.class_names)
    except CountError as error:
        raise DataError(f"--folds {folds}: {error.reason}", error.hint) from None
    return dataset, numbers


def _predict(
    runs: Sequence[RunFolder], dataset: Dataset, numbers: np.ndarray, progress: Progress
) -> np.ndarray:
    """Return the probabilities of each training image by the model that was trained without it.

    Returns:
        float32, (images, classes).

    Raises:
        RunError: A run was scored on other images.
    """
    import numpy as np

    start_tensorflow(progress)
    from kcnn.model.probabilities import probability_model
    from kcnn.model.saved import load_model
    from kcnn.runs.scores import read_predictions
    from kcnn.training.scoring.predict import predict_images

    probabilities = np.empty((len(numbers), len(dataset.class_names)), np.float32)
    for number, run in enumerate(runs):
        members = np.flatnonzero(numbers == number)
        images = dataset.train.select(members)
        if not np.array_equal(read_predictions(run).label, images.labels):
            raise RunError(
                f"{run.path}: was scored on other images than those that are here now",
                "remove this folder, and start again",
            )
        model = probability_model(load_model(run, "last"))
        title = f"Judging fold {number + 1} of {len(runs)}"
        probabilities[members] = predict_images(model, images, progress, title)
    return probabilities


def _suspects(errors: LabelErrors, dataset: Dataset) -> tuple[Suspect, ...]:
    train, class_names = dataset.train, dataset.class_names
    return tuple(
        Suspect(
            index=int(index),
            file=None if train.names is None else train.names[index],
            label=class_names[train.labels[index]],
            suggested=class_names[suggested],
            label_probability=float(of_label),
            suggested_probability=float(of_suggested),
        )
        for index, suggested, of_label, of_suggested in zip(
            errors.index,
            errors.suggested,
            errors.label_probability,
            errors.suggested_probability,
            strict=True,
        )
    )


def _draw(folder: Path, errors: LabelErrors, dataset: Dataset, title: str) -> Path:
    from kcnn.figures import style, suspects

    path = folder / "suspects.png"
    style.save(suspects.draw(dataset, errors.index, errors.suggested, title), path)
    return path
