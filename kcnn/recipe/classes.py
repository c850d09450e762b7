"""Which settings name a class, and the classes that each may name."""

from __future__ import annotations

from collections.abc import Sequence

from kcnn.recipe.augmentations import AUGMENTATIONS
from kcnn.recipe.constraints import CONSTRAINTS
from kcnn.recipe.initializers import INITIALIZERS, KERNEL_INITIALIZERS_OF_CONV2D
from kcnn.recipe.kinds import Kinds
from kcnn.recipe.layers import LAYERS
from kcnn.recipe.losses import LOSSES, METRICS
from kcnn.recipe.optimizers import OPTIMIZERS
from kcnn.recipe.regularizers import REGULARIZERS
from kcnn.recipe.schedules import SCHEDULES

_CLASSES: dict[str, Kinds] = {
    "layers": LAYERS,
    "body": LAYERS,
    "shortcut": LAYERS,
    "augment": AUGMENTATIONS,
    "optimizer": OPTIMIZERS,
    "learning_rate_schedule": SCHEDULES,
    "loss": LOSSES,
    "metrics": METRICS,
    "initializer": INITIALIZERS,
    "kernel_initializer": KERNEL_INITIALIZERS_OF_CONV2D,
    "regularizer": REGULARIZERS,
    "constraint": CONSTRAINTS,
}


def classes_at(loc: Sequence[str | int]) -> Kinds:
    """Return the classes that a location takes; none if it takes settings or plain values.

    Args:
        loc: As in `("train", "optimizer")` or `("model", "layers", 0)`.
    """
    setting = next((step for step in reversed(loc) if isinstance(step, str)), "")
    return _CLASSES.get(setting) or _CLASSES.get(setting.rpartition("_")[2], {})
