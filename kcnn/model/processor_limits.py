"""What TensorFlow computes on processors in float32 only."""

from __future__ import annotations

from kcnn.errors import RecipeError
from kcnn.model.arithmetic.shapes import pair
from kcnn.model.plan import Plan
from kcnn.recipe.layers import Conv2DTranspose


def require_kernels(plan: Plan, dtype: str) -> None:
    """Makes sure that a processor can train a network in a number format.

    Args:
        plan: The network.
        dtype: Keras's name of a dtype or dtype policy.

    Raises:
        RecipeError: A transposed convolution is dilated, which TensorFlow 2.21 computes on
            processors in float32 alone.
    """
    if dtype == "float32":
        return
    problems = [
        plan.recipe.origin.problem(
            (*node.place, "dilation_rate"),
            f"layer {node.name}: TensorFlow computes it on processors in float32 only, and this is "
            f"{dtype}; write dilation_rate: 1 or train.precision: float32",
        )
        for node in plan.nodes
        if isinstance(node.layer, Conv2DTranspose) and max(pair(node.layer.dilation_rate)) > 1
    ]
    if problems:
        raise RecipeError(problems)
