"""kcnn gradients: compare the gradients of backpropagation with finite differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from kcnn.commands.random_start import note_random_start
from kcnn.machine.start import start_tensorflow
from kcnn.model.checked_recipe import CheckedRecipe, check_recipe
from kcnn.model.plan import OutputActivation, Plan
from kcnn.model.processor_limits import require_kernels
from kcnn.progress import Progress
from kcnn.recipe import Recipe, read_recipe
from kcnn.training.fresh_model import fresh_model

if TYPE_CHECKING:
    import keras

    from kcnn.data.dataset import Dataset, Images
    from kcnn.training.gradient_check import GradientCheck, WeightCheck

WEIGHTS = 300
MIN_IMAGES = 4  # enough for the statistics of batch normalization
MULTIPLY_ADDS = 500_000_000  # per batch: 0.5 to 2 minutes for 300 weights on two cores
SUM_TOLERANCE = 1e-5  # for float32 probabilities


@dataclass(frozen=True)
class OutputSums:
    """The sums of the outputs for each image.

    Args:
        activation: The output activation. For logits, a softmax was added.
        lowest: The lowest sum of all images.
        highest: The highest sum of all images.
    """

    activation: OutputActivation
    lowest: float
    highest: float

    @property
    def deviation(self) -> float:
        """The largest distance of a sum from 1."""
        return max(abs(self.lowest - 1), abs(self.highest - 1))

    @property
    def right(self) -> bool:
        """Whether the sums are 1. The outputs of a sigmoid may have any sum."""
        return self.activation == "sigmoid" or self.deviation <= SUM_TOLERANCE

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        return {
            "activation": self.activation,
            "lowest": self.lowest,
            "highest": self.highest,
            "deviation_from_1": None if self.activation == "sigmoid" else self.deviation,
        }


@dataclass(frozen=True)
class VariableErrors:
    """The errors of the gradients of a variable.

    Args:
        variable: Its name.
        checked: Number of its weights that were checked.
        zero: Number of weights whose gradients are 0 in both ways.
        at_a_kink: Number of weights at a kink, where there is no derivative.
        disagreeing: Number of weights whose gradients disagree.
        median_error: Median relative error of the other weights; None without any.
        largest_error: Largest relative error of the other weights; None without any.
    """

    variable: str
    checked: int
    zero: int
    at_a_kink: int
    disagreeing: int
    median_error: float | None
    largest_error: float | None


@dataclass(frozen=True)
class GradientReport:
    """The result of a gradient check.

    Args:
        recipe: The recipe.
        images: Number of images in the batch.
        classes_shown: Number of classes in the batch.
        classes: Number of classes of the dataset.
        gradients: The gradients of each weight.
        sums: The sums of the model's outputs.
    """

    recipe: Recipe
    images: int
    classes_shown: int
    classes: int
    gradients: GradientCheck
    sums: OutputSums

    @property
    def disagreeing(self) -> tuple[WeightCheck, ...]:
        """The weights whose gradients disagree, by falling error."""
        return self.gradients.disagreeing

    @property
    def right(self) -> bool:
        """Whether the gradients agree and the probabilities sum to 1."""
        return self.gradients.agrees and self.sums.right

    @property
    def variables(self) -> list[VariableErrors]:
        """The errors of each variable."""
        groups = groupby(self.gradients.weights, lambda weight: weight.variable)
        return [_variable_errors(name, list(weights)) for name, weights in groups]

    @property
    def verdict(self) -> str:
        """Whether backpropagation agrees, as a line of text."""
        gradients = self.gradients
        kinks = sum(weight.finding == "kink" for weight in gradients.weights)
        zeros = sum(weight.zero for weight in gradients.weights)
        compared, wrong = len(gradients.compared), len(self.disagreeing)
        counts = (
            (gradients.shortened, "of them with a shorter step, because a kink is near"),
            (zeros, "more where both gradients are 0"),
            (kinks, "more left out, at a kink"),
        )
        besides = "".join(f"; {count} {what}" for count, what in counts if count)
        if not compared:
            return f"backpropagation cannot be judged: no weight has a gradient to compare{besides}"
        largest = f"{max(weight.error for weight in gradients.compared):.1e}"
        if wrong:
            return (
                f"backpropagation disagrees: {wrong} of {compared:,} weights, "
                f"largest relative error {largest}{besides}"
            )
        return (
            f"backpropagation agrees: largest relative error {largest} over {compared:,} weights"
            f"{besides}"
        )

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        return {
            "recipe": str(self.recipe.origin.file),
            "name": self.recipe.name,
            "agrees": self.gradients.agrees,
            "right": self.right,
            "verdict": self.verdict,
            "images": self.images,
            "classes_shown": self.classes_shown,
            "loss": self.gradients.loss,
            "compared": len(self.gradients.compared),
            "with_a_shorter_step": self.gradients.shortened,
            "variables": [vars(variable) for variable in self.variables],
            "disagreeing": [
                {
                    "variable": weight.variable,
                    "index": list(weight.index),
                    "analytic": weight.analytic,
                    "numerical": weight.numerical,
                    "relative_error": weight.error,
                }
                for weight in self.disagreeing
            ],
            "output_sums": self.sums.as_json(),
        }


def check_gradients(
    recipe: str | Path,
    overrides: Sequence[str] = (),
    weights: int = WEIGHTS,
    data_dir: Path | None = None,
    progress: Progress | None = None,
) -> GradientReport:
    """Check the gradients of a recipe's untrained model in float64.

    Args:
        recipe: A file, or the name of a recipe that comes with kcnn.
        overrides: Settings from the command line, each `setting=value`.
        weights: How many weights to check, of every trainable variable at least one.
        data_dir: The folder in which datasets are looked for first.
        progress: Where the work is reported.

    Returns:
        The errors of the gradients and the sums of the outputs.

    Raises:
        RecipeError: The recipe has mistakes, or its model does not fit its images.
        DataError: The images cannot be found or read.
        TrainingError: There are no weights, or the loss is not a number.
    """
    progress = progress or Progress()
    settings = read_recipe(recipe, overrides)
    checked = check_recipe(settings)
    dataset = _load(checked, data_dir, progress)
    plan = checked.confirm(dataset)
    images = choose_images(plan, dataset.train)
    note_random_start(plan, progress)
    if settings.train.class_weight is not None:
        progress.note("train.class_weight: left out, all images count equally in this loss")
    start_tensorflow(progress)
    require_kernels(plan, "float64")
    import numpy as np

    from kcnn.data.labels import counts_of_classes
    from kcnn.model.double_precision import in_float64
    from kcnn.training.gradient_check import check_gradients

    model = fresh_model(plan, dataset.train)
    sums = _output_sums(plan, model, images)
    gradients = check_gradients(plan, in_float64(model), images, weights, progress)
    classes = len(dataset.class_names)
    shown = int(np.count_nonzero(counts_of_classes(images.labels, classes)))
    return GradientReport(settings, len(images), shown, classes, gradients, sums)


def choose_images(plan: Plan, train: Images) -> Images:
    """Return the first training image of each class, at most as many as the recipe's batch.

    A large model has fewer images. If there are few classes, their second images follow.
    """
    import numpy as np

    from kcnn.data.labels import strata

    affordable = max(MIN_IMAGES, MULTIPLY_ADDS // max(plan.cost.multiply_adds, 1))
    wanted = max(MIN_IMAGES, len(np.unique(strata(train.labels))))
    count = min(wanted, affordable, plan.recipe.train.batch_size)
    chosen = np.sort(train.by_turns(count))
    return train.select(chosen)


def _variable_errors(name: str, weights: Sequence[WeightCheck]) -> VariableErrors:
    errors = [weight.error for weight in weights if weight.finding != "kink" and not weight.zero]
    return VariableErrors(
        variable=name,
        checked=len(weights),
        zero=sum(weight.zero for weight in weights),
        at_a_kink=sum(weight.finding == "kink" for weight in weights),
        disagreeing=sum(weight.finding == "disagrees" for weight in weights),
        median_error=median(errors) if errors else None,
        largest_error=max(errors, default=None),
    )


def _load(checked: CheckedRecipe, data_dir: Path | None, progress: Progress) -> Dataset:
    from kcnn.data.load import load_dataset

    return load_dataset(checked.recipe.data, data_dir, progress, checked.images.listing)


def _output_sums(plan: Plan, model: keras.Model, images: Images) -> OutputSums:
    """Compute the sums of the model's outputs in float32, as it is trained and used."""
    from kcnn.model.probabilities import probability_model

    outputs = probability_model(model, plan.has_several_labels)(
        images.read_all().astype("float32"), training=False
    )
    sums = outputs.numpy().astype("float64").sum(axis=1)
    return OutputSums(plan.output_activation, float(sums.min()), float(sums.max()))
