"""How many steps Keras takes at a time."""

from __future__ import annotations

from kcnn.model.plan import Plan

# A step of a tiny net takes less time than Python needs to begin it. So many operations keep a
# core busy for some tens of milliseconds: more would only delay the display and Ctrl-C.
OPERATIONS_AT_A_TIME = 2.5e9
MOST_STEPS = 64


def steps_at_a_time(plan: Plan, steps_per_epoch: int, devices: int) -> int:
    """Chooses Keras's `steps_per_execution`: several for tiny nets on one device, 1 elsewhere.

    Args:
        plan: The network and its recipe.
        steps_per_epoch: Steps in an epoch; what is chosen divides it, because Keras would go on
            into the next epoch.
        devices: How many train.
    """
    train = plan.recipe.train
    if devices > 1 or train.lookahead is not None:  # which moves the weights between steps
        return 1
    operations = 6 * plan.cost.multiply_adds * train.batch_size  # forward, and back twice as many
    most = min(MOST_STEPS, int(OPERATIONS_AT_A_TIME / max(1, operations)))
    return max(
        (steps for steps in range(1, most + 1) if steps_per_epoch % steps == 0),
        default=1,
    )
