"""How steps are executed: how many in one call, and whether XLA compiles them together.

Only the plan decides, and nothing here needs TensorFlow.
"""

from __future__ import annotations

from math import prod

from kcnn.model.costs import operations_of_a_step
from kcnn.model.plan import Plan
from kcnn.recipe import layers as kinds
from kcnn.recipe.losses import Accuracy

# Python, Keras and the callbacks take about a millisecond for an execution, and a step of cifar
# takes six. This many operations keep a core busy for some tenths of a second; more would only
# delay the display and Ctrl-C.
OPERATIONS_PER_EXECUTION = 2e10
# Depthwise convolutions, normalizations and activations multiply little, and take 2.6 to 4 ns for
# each of their outputs. In this time, a convolution makes 100 operations or more.
OPERATIONS_OF_A_VALUE = 100
# However small it is, a layer takes 0.2 ms of a step, forward and backward.
OPERATIONS_OF_A_LAYER = 1e7
OPERATIONS_OF_COMPILED_STEPS = 2.5e9  # some tens of milliseconds are enough: each step is short
MAX_STEPS = 64
MAX_COMPILED_STEPS = 512  # leaky_bn trains 1.28 times as fast as with 64
# The images of compiled steps are stacked. kcnn.data.pipeline has up to 20 stacks in memory, of
# which 16 are being read and 4 are ready.
MAX_BYTES_OF_COMPILED_STEPS = 2**24

# TensorFlow takes some tens of microseconds to start each operation of a step, and to divide it
# between the cores. A program that XLA compiled has no such pauses. But its convolutions are slower
# than oneDNN's, which outweighs the pauses if there is more to compute.
MAX_OPERATIONS_OF_A_STEP = 1e8
# XLA takes about a second longer to compile, and saves about a millisecond a step. The number of
# epochs does not count: a run may get more epochs later, and must continue in the same way.
MIN_STEPS_OF_AN_EPOCH = 500

# Layers that XLA computes as fast as TensorFlow's kernels do.
_FAST_IN_XLA = (
    kinds.Activation,
    kinds.BatchNormalization,
    kinds.Conv2D,
    kinds.Dense,
    kinds.Flatten,
    kinds.LeakyReLU,
    kinds.ReLU,
)


def choose_steps_per_execution(
    plan: Plan,
    steps_per_epoch: int,
    devices: int,
    multiply_adds: int | None = None,
    compiled: bool = False,
) -> int:
    """Choose `steps_per_execution`: several if steps are short and on one device, else 1.

    Args:
        plan: The model's plan.
        steps_per_epoch: A multiple of the result; otherwise Keras would continue an execution into
            the next epoch.
        devices: How many devices train. Keras raises if one of several runs more than one step.
        multiply_adds: Those of a step for one image, if only a part of the plan's model is trained.
        compiled: Whether XLA compiles these steps into one program.
    """
    train = plan.recipe.train
    if devices > 1 or train.lookahead is not None:  # lookahead changes the weights between steps
        return 1
    is_whole = multiply_adds is None
    if multiply_adds is None:
        multiply_adds = plan.cost.multiply_adds
    operations = operations_of_a_step(multiply_adds, train.batch_size)
    max_steps, max_operations = MAX_STEPS, OPERATIONS_PER_EXECUTION
    if compiled:
        max_steps, max_operations = _max_compiled_steps(plan), OPERATIONS_OF_COMPILED_STEPS
    elif is_whole:
        operations = max(operations, _operations_by_size(plan))
    limit = min(max_steps, int(max_operations / max(1, operations)))
    return max(
        (steps for steps in range(1, limit + 1) if steps_per_epoch % steps == 0),
        default=1,
    )


def _operations_by_size(plan: Plan) -> int:
    """Return as many operations as take the time of a step's values and layers."""
    values = sum(prod(plan.shapes[node.name]) for node in plan.nodes)
    layers = sum(node.layer.layer_count for node in plan.nodes)
    return max(
        OPERATIONS_OF_A_VALUE * values * plan.recipe.train.batch_size,
        int(OPERATIONS_OF_A_LAYER * layers),
    )


def _max_compiled_steps(plan: Plan) -> int:
    bytes_of_a_step = plan.recipe.train.batch_size * prod(plan.image_shape)  # uint8
    return min(MAX_COMPILED_STEPS, MAX_BYTES_OF_COMPILED_STEPS // bytes_of_a_step)


def should_compile_steps(plan: Plan, images: int, first_step: int = 0) -> bool:
    """Return whether XLA compiles a training's steps into one program, if one processor trains.

    The plan decides, not a measurement: a training must write the same bytes every time.

    Args:
        plan: The model's plan.
        images: Number of training images.
        first_step: The step of an epoch at which a training resumes. An older kcnn may have stopped
            where no compiled steps end; such a training goes on step by step.
    """
    data, train = plan.recipe.data, plan.recipe.train
    steps = images // train.batch_size
    together = choose_steps_per_execution(plan, steps, 1, compiled=True)
    return (
        operations_of_a_step(plan.cost.multiply_adds, train.batch_size) <= MAX_OPERATIONS_OF_A_STEP
        and steps >= MIN_STEPS_OF_AN_EPOCH
        # Only batches of one size can be stacked.
        and (images == steps * train.batch_size or train.drop_remainder)
        and all(isinstance(node.layer, _FAST_IN_XLA) for node in plan.nodes)
        # Precision, Recall and F1Score cost leaky_bn_fast all that the compilation saves.
        and all(isinstance(metric, Accuracy) for metric in train.metrics)
        # An execution has one step with lookahead, with huge images, and with a prime number of
        # steps. A step compiled alone would have a pause after it.
        and together > 1
        # Augmentations change one batch at a time: MixUp mixes the images of a batch.
        and not data.augment
        and first_step % together == 0
    )
