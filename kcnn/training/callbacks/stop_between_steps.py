"""Stop a training at a stop request, never in the middle of a step."""

from __future__ import annotations

import keras

from kcnn.machine.signals import stop_if_requested


class StopBetweenSteps(keras.callbacks.Callback):
    """Stop training before a step if a signal asked for it.

    Keras calls the hooks for the beginning of a step in the main thread. Unlike a hook for the end,
    they do not make it wait for the metrics of the last step.
    """

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Raise Stopped if a signal came."""
        stop_if_requested()

    def on_test_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Raise Stopped if a signal came."""
        stop_if_requested()
