"""Match the patterns of `learning_rate_multipliers` with the weights of a model."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from kcnn.errors import RecipeError
from kcnn.recipe import Recipe
from kcnn.text.did_you_mean import did_you_mean

_LOC = ("train", "learning_rate_multipliers")
_EXAMPLES = 3


def multipliers_of_weights(recipe: Recipe, weights: Sequence[str]) -> dict[str, float]:
    """Find the weights that match the recipe's patterns.

    Args:
        recipe: The recipe.
        weights: Paths of the trainable weights, such as `conv2d/kernel`.

    Returns:
        The multiplier of each weight that has one, by its path.

    Raises:
        RecipeError: A pattern matches no weight, or two patterns match the same weight.
    """
    found: dict[str, float] = {}
    patterns: dict[str, str] = {}
    problems = []
    for pattern, multiplier in (recipe.train.learning_rate_multipliers or {}).items():
        matched = [weight for weight in weights if fnmatchcase(weight, pattern)]
        if not matched:
            problems.append((pattern, f"no weight that is trained{_expected(pattern, weights)}"))
        twice = next((weight for weight in matched if weight in found), None)
        if twice is not None:
            problems.append((pattern, f"{twice} is meant by {patterns[twice]!r} already"))
        found |= dict.fromkeys(matched, multiplier)
        patterns |= dict.fromkeys(matched, pattern)
    if problems:
        raise RecipeError(
            [recipe.origin.problem((*_LOC, pattern), text) for pattern, text in problems]
        )
    return found


def _expected(pattern: str, weights: Sequence[str]) -> str:
    if not weights:
        return ": this model has none"
    listed = ", ".join(weights[:_EXAMPLES])
    more = ", …" if len(weights) > _EXAMPLES else ""
    return did_you_mean(pattern, weights) or (
        f"; those are {listed}{more}, and a pattern for several is as in "
        f"*/{weights[-1].rpartition('/')[2]}"
    )
