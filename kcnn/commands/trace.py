"""kcnn trace: a worked example of one convolution on a real image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kcnn.commands.random_start import note_random_start
from kcnn.machine.start import start_tensorflow
from kcnn.model.checked_recipe import plan_without_images
from kcnn.model.explain.find import find_convolution, require_location
from kcnn.model.initializer_requirements import convolutions_with
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
    from kcnn.model.explain.worked_example import WorkedExample


@dataclass(frozen=True)
class Trace:
    """One value of a convolution, and what it was computed from.

    Args:
        numbers: The calculation.
        image: The image, in words.
        weights: The origin of the weights, in words.
    """

    numbers: WorkedExample
    image: str
    weights: str

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        example = self.numbers
        return {
            "layer": example.layer,
            "reads": example.reads,
            "image": self.image,
            "weights": self.weights,
            "filter": example.filter,
            "row": example.row,
            "column": example.column,
            "rows": list(example.rows),
            "columns": list(example.columns),
            "patch": example.patch.tolist(),
            "kernel": example.kernel.tolist(),
            "products": example.products.tolist(),
            "sum": example.sum,
            "bias": example.bias,
            "activation": example.activation,
            "value": example.value,
            "keras_value": example.keras_value,
        }


def trace(
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
) -> Trace:
    """Compute one value of one convolution on a real image, by hand and with Keras.

    Args:
        recipe: A file, or the name of a recipe that comes with kcnn.
        overrides: Settings from the command line, each `setting=value`.
        layer: The convolution's name.
        at: Row and column of its output; the middle if None.
        filter: The filter's number, from 0; the first if None.
        image: An image file; the dataset's first test image if None.
        run: The run whose weights to take; None for those that training starts from.
        output_dir: The folder of all runs.
        data_dir: The folder in which datasets are looked for first.
        progress: Reports loading.

    Raises:
        RecipeError: The model does not fit, or has no such convolution, location or filter.
        DataError: The images cannot be found or read.
        RunError: There is no such run, or it trained another model.
    """
    progress = progress or Progress()
    settings = read_recipe(recipe, overrides)
    plan = plan_without_images(settings)
    node = find_convolution(plan, layer)
    number = filter or 0
    location = require_location(plan, layer, at, number)
    found = None if run is None else find_run(run, output_dir)
    pixels, words, dataset = _read_image(plan, image, found, data_dir, progress)
    if found is None:
        note_random_start(plan, progress, "; --run RUN takes the weights of a run")
    start_tensorflow(progress)
    from kcnn.model.explain.worked_example import work_out

    if found is None:
        model, weights = _fresh_model(plan, dataset), f"as seed {settings.train.seed} draws them"
    else:
        model, weights = _trained_model(plan, found), f"of {found.title} after its last epoch"
    return Trace(work_out(plan, model, node, pixels, location, number), words, weights)


def _read_image(
    plan: Plan,
    file: Path | None,
    run: RunFolder | None,
    data_dir: Path | None,
    progress: Progress,
) -> tuple[np.ndarray, str, Dataset | None]:
    """Read the image, and the dataset where the image or the weights need it."""
    from kcnn.data.image.read import read_image
    from kcnn.data.labels import label_text
    from kcnn.data.load import load_dataset

    height, width, channels = plan.image_shape
    if file is not None:
        pixels = read_image(file, (height, width), channels, plan.recipe.data.resize)
        if run is not None or not _starts_from_images(plan):
            return pixels, str(file), None
    dataset = load_dataset(plan.recipe.data, data_dir, progress)
    if file is not None:
        return pixels, str(file), dataset
    label = label_text(dataset.test.labels[0], dataset.class_names)
    pixels = dataset.test.read_one(0)
    return pixels, f"the first test image of {dataset.name}, {label}", dataset


def _starts_from_images(plan: Plan) -> bool:
    """Return whether the weights that training starts from depend on the training images."""
    whitened = convolutions_with(Whitening, plan.nodes)
    return plan.recipe.data.scaling == "standard" or bool(whitened)


def _fresh_model(plan: Plan, dataset: Dataset | None) -> keras.Model:
    """Build the model as kcnn fit does before its first epoch."""
    from kcnn.data.splits import set_validation_apart

    if dataset is None:
        return fresh_model(plan, None)
    validation, seed = plan.recipe.data.validation, plan.recipe.train.seed
    left, _ = set_validation_apart(dataset, validation, seed)
    return fresh_model(plan, left.train)


def _trained_model(plan: Plan, run: RunFolder) -> keras.Model:
    from kcnn.model.explain.worked_example import require_same_model
    from kcnn.model.saved import load_model

    model = load_model(run)
    require_same_model(plan, model, run.title)
    return model
