"""Survey whatever a user names: a folder, a table, an .npz file, a recipe, a run …"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from kcnn.data.cannot_read import cannot_read
from kcnn.data.catalog import NAMED_DATASETS
from kcnn.data.dataset import Dataset
from kcnn.data.dataset_kind import DATASETS_BY_SUFFIX, FOLDER
from kcnn.data.image.placement import place
from kcnn.data.image.read import read_image
from kcnn.data.list_files import list_files
from kcnn.data.load import read_named
from kcnn.data.npz import read_npz
from kcnn.data.parts import PARTS
from kcnn.data.survey.look import look_at_dataset, look_at_files
from kcnn.data.survey.survey import Survey
from kcnn.errors import DataError
from kcnn.progress import Progress
from kcnn.recipe import read_recipe
from kcnn.recipe.library import shipped_recipes
from kcnn.runs.folder import RunFolder, is_run

# Reads an image by its index in the survey, in its own shape: uint8, (height, width, channels). The
# larger side of a file's image is as given.
ReadImage = Callable[[int, int], np.ndarray]

_RECIPES = (".yaml", ".yml")


def survey_source(
    source: str, data_dir: Path | None, progress: Progress
) -> tuple[Survey, ReadImage]:
    """Look at every image of what a user names.

    Args:
        source: A folder, CSV, Parquet or npz file, a recipe (its file or name), a run, whose
            recipe is read, or the name of a dataset. What exists as a folder or file comes first.
        data_dir: The folder in which named datasets are looked for first.
        progress: Shows the work.

    Raises:
        DataError: It is no dataset, or cannot be listed.
        RecipeError: It is a recipe with mistakes.
    """
    path = Path(source)
    try:
        if is_run(path):
            source = str(RunFolder(path).resolved)
            path = Path(source)
        if path.suffix.lower() in _RECIPES or _is_a_recipes_name(source):
            data = read_recipe(source).data
            if data.path is None:
                return _of_dataset(
                    read_named(NAMED_DATASETS[data.dataset], data_dir, progress), progress
                )
            return _of_path(data.dataset, data.path, progress)
        if not path.exists():
            return _of_dataset(read_named(NAMED_DATASETS[source], data_dir, progress), progress)
        return _of_path(_kind_of(path), path, progress)
    except OSError as error:
        raise cannot_read(error.filename, error) from None


def _is_a_recipes_name(source: str) -> bool:
    """Return whether only a recipe has this name; raise if nothing has."""
    if Path(source).exists() or source in NAMED_DATASETS:
        return False
    if source in shipped_recipes():
        return True
    raise DataError(
        f"{source}: no such folder or file, and no dataset or recipe of that name",
        "kcnn data lists the datasets, kcnn recipes the recipes",
    )


def _kind_of(path: Path) -> str:
    if path.is_dir():
        return FOLDER
    # Listing a folder reports what is wrong with any other file.
    return DATASETS_BY_SUFFIX.get(path.suffix.lower(), FOLDER)


def _of_path(dataset: str, path: Path, progress: Progress) -> tuple[Survey, ReadImage]:
    if dataset == "npz":
        return _of_dataset(read_npz(path, path.stem, progress=progress), progress)
    listing = list_files(dataset, path)
    survey = look_at_files(listing, path.resolve().name, progress)

    def read(index: int, side: int) -> np.ndarray:
        own = int(survey.height[index]), int(survey.width[index])
        size = place(own, (side, side), "fit").size  # without the borders of `fit`
        return read_image(listing.path(survey.name_of(index)), size, 3)

    return survey, read


def _of_dataset(dataset: Dataset, progress: Progress) -> tuple[Survey, ReadImage]:
    survey = look_at_dataset(dataset, progress)
    parts = [part for name in PARTS if (part := getattr(dataset, name)) is not None]

    def read(index: int, side: int) -> np.ndarray:
        return parts[survey.part[index]].read_one(int(survey.position[index]))

    return survey, read
