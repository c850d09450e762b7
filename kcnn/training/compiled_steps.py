"""Compile many steps of a tiny model into one program, which has no pauses between operations."""

from __future__ import annotations

import keras
import tensorflow as tf

from kcnn.model.fast.whole_step import whole_step_of


def compile_steps(model: keras.Model) -> None:
    """Let `model.fit` run `steps_per_execution` steps as one program that XLA compiles.

    It then reads the batches of these steps as one element of the dataset, stacked. Keras's own
    `jit_compile` would compile each step alone, with a pause after it.

    Args:
        model: The model, after `model.compile`, which cannot undo this if it is called again.
    """

    def make_train_function(force: bool = False) -> None:
        if model.train_function is not None and not force:
            return

        @tf.function(jit_compile=True, autograph=False)
        def train_on(batches: tuple[tf.Tensor, ...]) -> None:
            def step(number: tf.Tensor) -> tf.Tensor:
                with whole_step_of(model):
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
    """Return how many steps' batches a model reads as one element; 1 without `compile_steps`."""
    return getattr(model, "steps_together", 1)
