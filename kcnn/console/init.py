"""The text of kcnn init."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kcnn.text.numbers import count_text, shape_text

if TYPE_CHECKING:
    from kcnn.commands.init import NewRecipe


def init_text(new: NewRecipe) -> str:
    """Return where the recipe is, what it is for, and what to type next."""
    own, plan = new.starter.images, new.checked.plan
    layers = count_text(len(plan.nodes), "layer")
    classes = count_text(own.classes, "class", "classes")
    first, *others = new.next_commands
    return "\n".join(
        [
            f"images   {own.images:,} of {classes}, in {own.path}",
            f"model    {layers} for {shape_text(plan.image_shape)} images, "
            f"{plan.cost.parameters:,} parameters",
            f"recipe   {new.starter.file}, checked: no mistakes found",
            f"next     {first}",
            *(f"         {other}" for other in others),
        ]
    )
