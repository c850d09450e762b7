"""A recipe's model as it is before the first training step."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

    from kcnn.data.dataset import Images
    from kcnn.model.plan import Plan


def fresh_model(
    plan: Plan, images: Images | None, synchronized: bool = False, compiled: bool = False
) -> keras.Model:
    """Build the model of a plan, with the weights that its recipe's seed draws.

    Args:
        plan: The layers, and the recipe that they come from.
        images: The training images, from which standard scaling and whitening are computed; without
            them both are left out.
        synchronized: Whether batch normalization gathers its statistics over all devices.
        compiled: Whether XLA compiles some layers' work, which it does for one processor.

    Raises:
        RecipeError: Keras refuses a layer, or builds another model than planned.
    """
    from kcnn.data.statistics import channel_statistics
    from kcnn.model.build import build_model
    from kcnn.model.whitening import whiten
    from kcnn.training.fit import seed_everything

    standard = plan.recipe.data.scaling == "standard"
    statistics = channel_statistics(images) if standard and images is not None else None
    seed_everything(plan.recipe.train.seed)
    model = build_model(plan, statistics, synchronized, compiled)
    if images is not None:
        whiten(plan, model, images)
    return model
