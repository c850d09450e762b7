"""Check backpropagation against numerical gradients.

The check of Saito, Deep Learning from Scratch (O'Reilly Japan, 2016), chapter 5: the derivative of
the loss with respect to one weight, computed by central differences, must equal the gradient that
backpropagation computes.
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

TOLERANCE = 1e-5  # two gradients agree up to this relative error
_CLOSE = 1e-7  # below this relative error, no shorter step is tried
# A shorter step crosses fewer kinks of ReLU, but more of its difference is rounding error.
STEPS = (1e-5, 1e-6, 1e-7)
_ROUNDING = 32 * float(np.finfo(np.float64).eps)  # relative, of a loss; measured: up to 8 eps
_NOISE = 0.01  # standard deviation of what is added to equal weights

Finding = Literal["agrees", "disagrees", "kink"]


@dataclass(frozen=True)
class WeightCheck:
    """One weight, and its gradient computed in two ways.

    Args:
        variable: The path of its variable, such as `conv2d/kernel`.
        index: Its index in the variable.
        analytic: The gradient by backpropagation.
        numerical: The closest of the gradients by central differences.
        error: The relative error; see `relative_error`.
        step: The step of that difference. If it is not the first one, a kink lies nearby.
        finding: Whether they agree. At a kink the loss has two slopes, so it cannot be compared.
        zero: Whether both are 0 up to rounding, for example because of a dead ReLU.
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
    """The result of a gradient check.

    Args:
        loss: The loss of the batch, including regularizers.
        weights: The checked weights, variable by variable.
    """

    loss: float
    weights: tuple[WeightCheck, ...]

    @property
    def disagreeing(self) -> tuple[WeightCheck, ...]:
        """The weights whose gradients disagree, the largest error first."""
        found = (weight for weight in self.weights if weight.finding == "disagrees")
        return tuple(sorted(found, key=lambda weight: -weight.error))

    @property
    def compared(self) -> tuple[WeightCheck, ...]:
        """The weights that could be compared: not at a kink, and with a gradient that is not 0."""
        return tuple(
            weight for weight in self.weights if weight.finding != "kink" and not weight.zero
        )

    @property
    def shortened(self) -> int:
        """How many weights agree only with a shorter step, because a kink lies nearby."""
        return sum(
            weight.step != STEPS[0] and weight.finding == "agrees" for weight in self.weights
        )

    @property
    def agrees(self) -> bool:
        """Whether some weights could be compared, and all of them agree."""
        return bool(self.compared) and not self.disagreeing


def check_gradients(
    plan: Plan,
    model: keras.Model,
    images: Images,
    count: int,
    progress: Progress | None = None,
) -> GradientCheck:
    """Compare backpropagation with central differences at weights chosen at random.

    The loss is the recipe's own, including regularizers, on one training batch: batch normalization
    uses the batch's statistics, and dropout and noise draw the same numbers every time. If all
    values of a variable are equal, such as biases of 0, noise is added to them first: with equal
    values, whole feature maps can lie exactly at ReLU's kink.

    Args:
        plan: The model's plan; its recipe's seed chooses the weights.
        model: The model built from it, in float64; some of its weights are changed.
        images: The batch.
        count: How many weights to check; at least one of every trainable variable is.
        progress: Shows how many weights are done.

    Raises:
        TrainingError: The model has no trainable weights, or its loss is not a number.
    """
    random = np.random.default_rng(plan.recipe.train.seed)
    variables = model.trainable_variables
    if not variables:
        raise TrainingError(
            f"{plan.recipe.origin.file}: the network has no trainable weights to check",
            "add a layer with weights, such as Dense",
        )
    _add_noise_to_equal_values(variables, random)
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
        for variable, chosen, analytic in zip(variables, indices, gradients, strict=True):
            for index, gradient in zip(chosen, analytic, strict=True):
                weights.append(_check(batch_loss, loss, variable, index, float(gradient)))
                advance(1)
    return GradientCheck(loss, tuple(weights))


def relative_error(analytic: float, numerical: float, rounding: float) -> float:
    """Return |analytic - numerical| / (|analytic| + |numerical|), with allowance for rounding.

    Args:
        analytic: The gradient by backpropagation.
        numerical: The gradient by central differences.
        rounding: The largest rounding error of the numerical gradient. The denominator is at least
            `rounding / TOLERANCE`, so that rounding alone never exceeds the tolerance.

    Returns:
        The relative error, from 0 to 1; 0 if all three are 0.
    """
    scale = max(abs(analytic) + abs(numerical), rounding / TOLERANCE)
    return abs(analytic - numerical) / scale if scale else 0.0


def divide_count(sizes: Sequence[int], count: int) -> list[int]:
    """Divide the number of weights to check among the variables, as equally as their sizes allow.

    Args:
        sizes: The number of weights of each variable.
        count: How many weights to check; the result has more if there are more variables.

    Returns:
        How many to check of each variable: at least one, at most all of its weights.
    """
    counts = [0] * len(sizes)
    left = count
    # The smallest variables first: what they cannot use is left for the larger ones.
    for rank, index in enumerate(sorted(range(len(sizes)), key=sizes.__getitem__)):
        counts[index] = min(sizes[index], max(1, left // (len(sizes) - rank)))
        left -= counts[index]
    return counts


def _add_noise_to_equal_values(
    variables: Sequence[keras.Variable], random: np.random.Generator
) -> None:
    for variable in variables:
        values = keras.ops.convert_to_numpy(variable)
        if values.min() == values.max():
            variable.assign(values + random.normal(0, _NOISE, values.shape))


def _choose(
    variables: Sequence[keras.Variable], count: int, random: np.random.Generator
) -> list[np.ndarray]:
    """Choose the indices of weights in each variable: int arrays of shape (weights, dimensions)."""
    sizes = [int(np.prod(variable.shape)) for variable in variables]
    chosen = []
    for variable, size, part in zip(variables, sizes, divide_count(sizes, count), strict=True):
        flat = np.sort(random.choice(size, part, replace=False))
        chosen.append(np.stack(np.unravel_index(flat, variable.shape), axis=-1))
    return chosen


def _check(
    batch_loss: BatchLoss,
    loss: float,
    variable: keras.Variable,
    index: np.ndarray,
    analytic: float,
) -> WeightCheck:
    """Shorten the step until the gradients are close; return the closest pair."""
    tries = []
    for step in STEPS:
        below, above = batch_loss.around(variable, index, step)
        numerical = (above - below) / (2 * step)
        rounding = _ROUNDING * abs(loss) / step
        tries.append((relative_error(analytic, numerical, rounding), numerical, step))
        if tries[-1][0] <= _CLOSE:
            break
    finding: Finding = "agrees"
    if min(tries)[0] > TOLERANCE:
        # One-sided differences of the shortest step: at a kink, they are two different slopes.
        slopes = (loss - below) / step, (above - loss) / step
        finding = "kink" if _is_at_kink(analytic, slopes, 2 * rounding) else "disagrees"
    error, numerical, step = min(tries)
    zero = max(abs(analytic), abs(numerical)) <= _ROUNDING * abs(loss) / STEPS[0]
    return WeightCheck(
        variable.path, tuple(map(int, index)), analytic, numerical, error, step, finding, zero
    )


def _is_at_kink(analytic: float, slopes: tuple[float, float], rounding: float) -> bool:
    """Return whether the slopes on both sides differ, and the gradient lies between them."""
    low, high = sorted(slopes)
    margin = rounding + TOLERANCE * max(abs(low), abs(high))
    return high - low > 2 * margin and low - margin <= analytic <= high + margin
