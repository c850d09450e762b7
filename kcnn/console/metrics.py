"""The lines of a training's progress: its size, its epochs, its metrics."""

from __future__ import annotations

from collections.abc import Mapping

from kcnn.progress import TrainingStarted
from kcnn.text.numbers import count_text, per_cent

_PER_CENT = ("accuracy", "val_accuracy")
_NOT_METRICS = ("epoch", "learning_rate", "seconds", "phase")


def training_line(training: TrainingStarted) -> str:
    """Return the line that begins a training, or a later phase of it."""
    epochs = count_text(training.epochs, "epoch")
    if training.after:
        epochs = f"epochs {training.after + 1} to {training.epochs}"
    steps = count_text(training.steps, "step")
    return f"Training: {epochs} of {steps}, {count_text(training.batch_size, 'image')} a step"


def epoch_line(epoch: int, epochs: int, row: Mapping[str, float]) -> str:
    """Return the line of a finished epoch.

    Args:
        epoch: Its number, from 1.
        epochs: Number of epochs of the training.
        row: Its row of metrics.csv.
    """
    metrics = {name: value for name, value in row.items() if name not in _NOT_METRICS}
    number = str(epoch).rjust(len(str(epochs)))
    return f"epoch {number}/{epochs}  {metrics_line(metrics)}  {row['seconds']:.1f} s"


def metrics_line(metrics: Mapping[str, float]) -> str:
    """Return metrics in one line: accuracies in per cent, everything else as a number."""
    return "  ".join(
        f"{name} {per_cent(value)}" if name in _PER_CENT else f"{name} {value:.4f}"
        for name, value in metrics.items()
    )
