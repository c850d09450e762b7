"""Compile many steps of a tiny model into one program, without pauses between operations."""

from __future__ import annotations

import keras
import tensorflow as tf

from kcnn.model.costs import operations_of_a_step
from kcnn.model.fast.whole_step import whole_step
from kcnn.model.plan import Plan
from kcnn.recipe import layers as kinds
from kcnn.recipe.losses import Accuracy

# TensorFlow takes some tens of microseconds to start each operation of a step, and to divide it
# between the cores. XLA compiles a step into one program without these pauses; but its convolutions
# are slower than oneDNN's if there is more to compute.
MAX_OPERATIONS_OF_A_STEP = 1e8
# XLA takes about a second longer to compile, and saves about a millisecond a step. The number of
# epochs does not count, because more may be trained later: they must go on in the same way.
MIN_STEPS_OF_AN_EPOCH = 500

# Layers that XLA computes as fast as TensorFlow's kernels do.
_COMPILED = (
    kinds.Activation,
    kinds.BatchNormalization,
    kinds.Conv2D,
    kinds.Dense,
    kinds.Flatten,
    kinds.LeakyReLU,
    kinds.ReLU,
)


def compiles_steps(plan: Plan, images: int) -> bool:
    """Return whether XLA compiles a training's steps into one program, if one processor trains.

    The plan decides, and not a measurement, so that a training gives the same bytes every time.

    Args:
        plan: The model's plan.
        images: Training images.
    """
    data, train = plan.recipe.data, plan.recipe.train
    steps = images // train.batch_size
    return (
        operations_of_a_step(plan.cost.multiply_adds, train.batch_size) <= MAX_OPERATIONS_OF_A_STEP
        and steps >= MIN_STEPS_OF_AN_EPOCH
        and (images == steps * train.batch_size or train.drop_remainder)
        and all(isinstance(node.layer, _COMPILED) for node in plan.nodes)
        and all(isinstance(metric, Accuracy) for metric in train.metrics)
        and train.lookahead is None
        and not data.augment
        and not plan.learning_rate_multipliers
    )


def compile_steps(model: keras.Model) -> None:
    """Let a compiled model train on the batches of many steps at once.

    `model.fit` then reads one element of the dataset for each `steps_per_execution` steps: their
    batches, stacked.

    Args:
        model: The model, compiled with as many steps per execution as an element has.
    """

    def make_train_function(force: bool = False) -> None:
        if model.train_function is not None and not force:
            return

        @tf.function(jit_compile=True, autograph=False)
        def train_on(batches: tuple[tf.Tensor, ...]) -> None:
            def step(number: tf.Tensor) -> tf.Tensor:
                with whole_step():
                    model.train_step(tuple(part[number] for part in batches))
                return number + 1

            count = batches[0].shape[0]
            tf.while_loop(lambda number: number < count, step, [0], parallel_iterations=1)

        @tf.function(autograph=False)
        def execute(iterator: tf.data.Iterator) -> dict[str, tf.Tensor]:
            train_on(next(iterator))
            return model.get_metrics_result()

        model.train_function = execute

    model.make_train_function = make_train_function
    model.steps_together = model.steps_per_execution


def steps_together(model: keras.Model) -> int:
    """Return how many steps' batches a model takes at once: 1 unless its steps are compiled."""
    return getattr(model, "steps_together", 1)
