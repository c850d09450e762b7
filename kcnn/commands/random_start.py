"""Note that a command begins with random weights where a training would not."""

from __future__ import annotations

from kcnn.model.plan import Plan
from kcnn.model.pretrained import applications
from kcnn.progress import Progress
from kcnn.recipe.layers.application import NO_WEIGHTS


def note_random_start(plan: Plan, progress: Progress, instead: str = "") -> None:
    """Note that the weights a recipe names are not loaded, if it names any.

    Args:
        plan: The plan, and its recipe.
        progress: Receives the note.
        instead: What to do for trained weights, after a semicolon.
    """
    recipe = plan.recipe
    named = ["train.initial_weights"] if recipe.train.initial_weights is not None else []
    named += [
        f"weights of {node.name}"
        for node, layer in applications(plan)
        if layer.weights != NO_WEIGHTS
    ]
    if named:
        progress.note(
            f"all weights are random, as seed {recipe.train.seed} draws them: "
            f"{' and '.join(named)} not loaded{instead}"
        )
