"""The metrics of an epoch or a step in one line."""

from __future__ import annotations

from collections.abc import Mapping

_PER_CENT = ("accuracy", "val_accuracy")
_NOT_METRICS = ("epoch", "learning_rate", "seconds")


def epoch_line(epoch: int, epochs: int, row: Mapping[str, float]) -> str:
    """Return an epoch's row of metrics.csv as a line to read."""
    metrics = {name: value for name, value in row.items() if name not in _NOT_METRICS}
    number = str(epoch).rjust(len(str(epochs)))
    return f"epoch {number}/{epochs}  {metrics_line(metrics)}  {row['seconds']:.1f} s"


def metrics_line(metrics: Mapping[str, float]) -> str:
    """Return metrics side by side: accuracies in per cent, everything else as a number."""
    return "  ".join(
        f"{name} {value:.2%}".replace("%", " %") if name in _PER_CENT else f"{name} {value:.4f}"
        for name, value in metrics.items()
    )
