"""The text of kcnn check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kcnn.text.numbers import count_text, shape_text

if TYPE_CHECKING:
    from kcnn.commands.check import Check


def check_text(check: Check) -> str:
    """Return what model a recipe without mistakes describes."""
    is_own = check.recipe.data.path is not None  # own images, which no check reads
    caveat = ", as far as is known without the images" if is_own else ""
    verdict = f"{check.recipe.origin.file}: no mistakes found{caveat}"
    plan = check.plan
    layers = count_text(len(plan.nodes), "layer")
    classes = f" to {plan.classes} classes" if plan.classes else ""
    built = "; Keras built it" if check.built else ""
    warnings = [f"\nwarning: {names}: {text}" for names, text in check.grouped_warnings]
    return (
        f"{verdict}{built}\n"
        f"{layers}, from {shape_text(plan.image_shape)} images{classes}; "
        f"{plan.cost.parameters:,} parameters, {plan.cost.multiply_adds:,} multiply-adds an image"
        + "".join(warnings)
    )
