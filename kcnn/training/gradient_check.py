"""Backpropagation checked against numerical gradients.

The check of Saito, Deep Learning from Scratch (O'Reilly Japan, 2016), chapter 5: the slope of the
loss along one weight, by central differences, must be what backpropagation says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import keras
import numpy as np

from kcnn.data.dataset import Images
from kcnn.errors import TrainingError
from kcnn.model.plan import Plan
from kcnn.progress import Progress
from kcnn.training.batch_loss import BatchLoss

TOLERANCE = 1e-5  # the relative error up to which two gradients agree
_CLOSE = 1e-7  # the relative error at which no shorter step is tried
# The shorter a step, the fewer kinks it crosses, and the more of its difference is rounding.
STEPS = (1e-5, 1e-6, 1e-7)
_ROUNDING = 32 * float(np.finfo(np.float64).eps)  # of a loss, relative; measured: up to 8 of these
_MOVE = 0.01

Finding = Literal["agrees", "disagrees", "kink"]


@dataclass(frozen=True)
class WeightCheck:
    """One weight, and its gradient computed in two ways.

    Args:
        variable: The variable it is of, as in `conv2d/kernel`.
        index: Its place in the variable.
        analytic: What backpropagation says.
        numerical: The central difference that comes closest to it.
        error: The relative error; see `relative_error`.
        step: The step of that difference. One shorter than the first stays clear of a kink.
        finding: Whether they agree. At a kink the loss has no one slope to compare.
        zero: Whether both are 0, as far as rounding lets tell: of a dead ReLU, for instance.
    """

    variable: str
    index: tuple[int, ...]
    analytic: float
    numerical: float
    error: float
    step: float
    finding: Finding
    zero: bool


@dataclass(frozen=True)
class GradientCheck:
    """What a gradient check found.

    Args:
        loss: The loss, regularizers included, at the weights checked.
        weights: The weights checked, variable by variable.
    """

    loss: float
    weights: tuple[WeightCheck, ...]

    @property
    def disagreeing(self) -> tuple[WeightCheck, ...]:
        """The weights whose gradients disagree, the worst first."""
        found = (one for one in self.weights if one.finding == "disagrees")
        return tuple(sorted(found, key=lambda one: -one.error))

    @property
    def compared(self) -> tuple[WeightCheck, ...]:
        """The weights that tell something: not at a kink, and with a gradient on either side."""
        return tuple(one for one in self.weights if one.finding != "kink" and not one.zero)

    @property
    def shortened(self) -> int:
        """How many weights agree only by a shorter step, which stays clear of a kink nearby."""
        return sum(one.step != STEPS[0] and one.finding == "agrees" for one in self.weights)

    @property
    def agrees(self) -> bool:
        """Whether there was something to compare, and all of it agrees."""
        return bool(self.compared) and not self.disagreeing


def check_gradients(
    plan: Plan,
    model: keras.Model,
    images: Images,
    count: int,
    progress: Progress | None = None,
) -> GradientCheck:
    """Compares backpropagation with central differences at weights chosen at random.

    The loss is the recipe's own, with its regularizers, on one training batch: batch normalization
    takes the batch's statistics, and dropout and noise draw the same numbers every time. Variables
    whose values are all equal, such as biases of 0, are moved a little first, for with them whole
    maps can lie exactly at ReLU's kink.

    Args:
        plan: The network and its recipe, whose seed chooses the weights.
        model: The model built from it, in float64; some of its weights are moved.
        images: The batch.
        count: How many weights; every trainable variable gives at least one.
        progress: Told of each weight that is done.

    Raises:
        TrainingError: The network has no trainable weights, or its loss is not a number.
    """
    random = np.random.default_rng(plan.recipe.train.seed)
    variables = model.trainable_variables
    if not variables:
        raise TrainingError(
            f"{plan.recipe.origin.file}: the network has no trainable weights to check",
            "add a layer with weights, such as Dense",
        )
    _move_equal_values(variables, random)
    indices = _choose(variables, count, random)
    batch_loss = BatchLoss(plan, model, images)
    loss, gradients = batch_loss.with_gradients(indices)
    if not np.isfinite([loss, *np.concatenate(gradients)]).all():
        raise TrainingError(
            f"{plan.recipe.origin.file}: the loss or its gradient is not a finite number "
            f"(loss {loss}) before any training",
            "scale the images (data.scaling: unit), or start from smaller weights",
        )
    weights = []
    total = sum(map(len, indices))
    with (progress or Progress()).task("Checking gradients", total, "weights") as advance:
        for variable, places, analytic in zip(variables, indices, gradients, strict=True):
            for place, gradient in zip(places, analytic, strict=True):
                weights.append(_check(batch_loss, loss, variable, place, float(gradient)))
                advance(1)
    return GradientCheck(loss, tuple(weights))


def relative_error(analytic: float, numerical: float, rounding: float) -> float:
    """Gives |analytic - numerical| / (|analytic| + |numerical|), mindful of rounding.

    Args:
        analytic: The gradient by backpropagation.
        numerical: The gradient by differences.
        rounding: How far off rounding alone can put a difference. Gradients too small for it are
            held against the smallest that it lets tell within the tolerance.

    Returns:
        From 0 to 1; 0 where nothing is to compare, for all three are 0.
    """
    scale = max(abs(analytic) + abs(numerical), rounding / TOLERANCE)
    return abs(analytic - numerical) / scale if scale else 0.0


def shares(sizes: Sequence[int], count: int) -> list[int]:
    """Shares weights to check out among variables: equally, as far as they have so many.

    Args:
        sizes: How many weights each variable has.
        count: How many to check in all; more when there are more variables.

    Returns:
        How many to check of each variable: at least one, and at most all it has.
    """
    given = [0] * len(sizes)
    left = count
    for rank, index in enumerate(sorted(range(len(sizes)), key=sizes.__getitem__)):
        given[index] = min(sizes[index], max(1, left // (len(sizes) - rank)))
        left -= given[index]
    return given


def _move_equal_values(variables: Sequence[keras.Variable], random: np.random.Generator) -> None:
    for variable in variables:
        values = keras.ops.convert_to_numpy(variable)
        if values.min() == values.max():
            variable.assign(values + random.normal(0, _MOVE, values.shape))


def _choose(
    variables: Sequence[keras.Variable], count: int, random: np.random.Generator
) -> list[np.ndarray]:
    """Chooses places in each variable, int of shape (weights, dimensions)."""
    sizes = [int(np.prod(one.shape)) for one in variables]
    chosen = [
        np.sort(random.choice(size, share, replace=False))
        for size, share in zip(sizes, shares(sizes, count), strict=True)
    ]
    return [
        np.stack(np.unravel_index(flat, one.shape), axis=-1)
        for flat, one in zip(chosen, variables, strict=True)
    ]


def _check(
    batch_loss: BatchLoss,
    loss: float,
    variable: keras.Variable,
    place: np.ndarray,
    analytic: float,
) -> WeightCheck:
    """Shortens the step until the gradients are close, and takes the one that comes closest."""
    tries = []
    for step in STEPS:
        below, above = batch_loss.around(variable, place, step)
        numerical = (above - below) / (2 * step)
        rounding = _ROUNDING * abs(loss) / step
        tries.append((relative_error(analytic, numerical, rounding), numerical, step))
        if tries[-1][0] <= _CLOSE:
            break
    finding: Finding = "agrees"
    if min(tries)[0] > TOLERANCE:
        sides = (loss - below) / step, (above - loss) / step
        finding = "kink" if _is_at_kink(analytic, sides, 2 * rounding) else "disagrees"
    error, numerical, step = min(tries)
    zero = max(abs(analytic), abs(numerical)) <= _ROUNDING * abs(loss) / STEPS[0]
    index = tuple(int(one) for one in place)
    return WeightCheck(variable.path, index, analytic, numerical, error, step, finding, zero)


def _is_at_kink(analytic: float, sides: tuple[float, float], rounding: float) -> bool:
    """Says whether the slopes on both sides differ, and the gradient given lies between them."""
    low, high = sorted(sides)
    margin = rounding + TOLERANCE * max(abs(low), abs(high))
    return high - low > 2 * margin and low - margin <= analytic <= high + margin
