"""kcnn explain --layer: one convolution walked through a real image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kcnn.machine.start import start_tensorflow
from kcnn.model.explain.convolutions import find_convolution, require_place
from kcnn.model.known_images import require_plan
from kcnn.model.own_initializers import convolutions_with
from kcnn.model.plan import Plan
from kcnn.progress import Progress
from kcnn.recipe import read_recipe
from kcnn.recipe.initializers import Whitening
from kcnn.runs.find import find_run
from kcnn.runs.folder import DEFAULT_OUTPUT_DIR, RunFolder
from kcnn.training.fresh_model import fresh_model

if TYPE_CHECKING:
    import keras
    import numpy as np

    from kcnn.data.dataset import Dataset
    from kcnn.model.explain.walk import Walk


@dataclass(frozen=True)
class LayerWalk:
    """One value of a convolution, and what it was computed from.

    Args:
        walk: The numbers.
        image: The image, in words.
        weights: Where the weights come from, in words.
    """

    walk: Walk
    image: str
    weights: str


def explain_layer(
    recipe: str | Path,
    overrides: Sequence[str],
    layer: str,
    at: tuple[int, int] | None = None,
    filter: int | None = None,
    image: Path | None = None,
    run: str | None = None,
    output_dir: Path = DEFAULT_OUTPUT_DIR,
    data_dir: Path | None = None,
    progress: Progress | None = None,
) -> LayerWalk:
    """Works out one value of one convolution on a real image.

    Args:
        recipe: A file, or the name of a recipe that kcnn brings.
        overrides: Settings from the command line.
        layer: The convolution's name.
        at: Row and column of its output; the middle when None.
        filter: The filter's number, from 0; the first when None.
        image: An image file; the data set's first test image when None.
        run: The run whose weights to take; None takes those that training starts from.
        output_dir: Where runs lie.
        data_dir: Where to look for data first.
        progress: Told of loading.

    Raises:
        RecipeError: The network does not fit, or has no such convolution, place or filter.
        DataError: The images cannot be found or read.
        RunError: There is no such run, or it trained another network.
    """
    progress = progress or Progress()
    settings = read_recipe(recipe, overrides)
    plan = require_plan(settings)
    written = find_convolution(plan, layer)
    number = filter or 0
    place = require_place(plan, written, at, number)
    found = None if run is None else find_run(run, output_dir)
    pixels, words, dataset = _read_image(plan, image, found, data_dir, progress)
    start_tensorflow(progress)
    from kcnn.model.explain.walk import walk

    if found is None:
        model, weights = _fresh_model(plan, dataset), f"as seed {settings.train.seed} draws them"
    else:
        model, weights = _trained_model(plan, found), f"of {found.title} after its last epoch"
    return LayerWalk(walk(plan, model, written, pixels, place, number), words, weights)


def _read_image(
    plan: Plan,
    file: Path | None,
    run: RunFolder | None,
    data_dir: Path | None,
    progress: Progress,
) -> tuple[np.ndarray, str, Dataset | None]:
    """Reads the image, and the data set where that or the weights need it."""
    from kcnn.data.images import read_image
    from kcnn.data.load import load_dataset

    height, width, channels = plan.image_shape
    if file is not None:
        pixels = read_image(file, (height, width), channels)
        if run is not None or not _starts_from_images(plan):
            return pixels, str(file), None
    dataset = load_dataset(plan.recipe.data, data_dir, progress)
    if file is not None:
        return pixels, str(file), dataset
    label = dataset.class_names[dataset.test.labels[0]]
    return dataset.test.images[0], f"the first test image of {dataset.name}, {label}", dataset


def _starts_from_images(plan: Plan) -> bool:
    """Says whether the training images decide with what numbers training starts."""
    whitened = convolutions_with(Whitening, plan.nodes)
    return plan.recipe.data.scaling == "standard" or bool(whitened)


def _fresh_model(plan: Plan, dataset: Dataset | None) -> keras.Model:
    """Builds the model as kcnn fit does before its first written."""
    from kcnn.data.splits import set_validation_apart

    if dataset is None:
        return fresh_model(plan, None)
    validation, seed = plan.recipe.data.validation, plan.recipe.train.seed
    left, _ = set_validation_apart(dataset, validation, seed)
    return fresh_model(plan, left.train.images)


def _trained_model(plan: Plan, run: RunFolder) -> keras.Model:
    from kcnn.model.explain.walk import require_same_network
    from kcnn.model.saved import load_model

    model = load_model(run)
    require_same_network(plan, model, run.title)
    return model
