"""How many steps Keras runs in one call of the compiled function: `steps_per_execution`."""

from __future__ import annotations

from kcnn.model.costs import operations_of_a_step
from kcnn.model.plan import Plan

# A step of a tiny model takes less time than Python needs to start it. This many operations keep a
# core busy for some tens of milliseconds; more would only delay the display and Ctrl-C.
OPERATIONS_PER_EXECUTION = 2.5e9
MAX_STEPS = 64
MAX_COMPILED_STEPS = 512  # without pauses between operations, more steps take as long


def choose_steps_per_execution(
    plan: Plan,
    steps_per_epoch: int,
    devices: int,
    multiply_adds: int | None = None,
    compiled: bool = False,
) -> int:
    """Choose `steps_per_execution`: several for tiny models on one device, else 1.

    Args:
        plan: The model's plan.
        steps_per_epoch: A multiple of the result; otherwise Keras would continue an execution into
            the next epoch.
        devices: How many devices train. Keras raises if one of several runs more than one step.
        multiply_adds: Those of a step for one image, if only a part of the plan's model is trained.
        compiled: Whether XLA compiles the steps into one program.
    """
    train = plan.recipe.train
    if devices > 1 or train.lookahead is not None:  # lookahead changes the weights between steps
        return 1
    if multiply_adds is None:
        multiply_adds = plan.cost.multiply_adds
    operations = operations_of_a_step(multiply_adds, train.batch_size)
    most = MAX_COMPILED_STEPS if compiled else MAX_STEPS
    limit = min(most, int(OPERATIONS_PER_EXECUTION / max(1, operations)))
    return max(
        (steps for steps in range(1, limit + 1) if steps_per_epoch % steps == 0),
        default=1,
    )
