"""PyTorch tuned: channels last, bfloat16 if kcnn uses it, batches sliced from memory."""

from __future__ import annotations

import torch

from contenders.pytorch import (
    build_loss_of_pixels,
    build_optimizer,
    build_torch_model,
    timed_epochs_from_memory,
)
from contenders.task import Task, run


def seconds_of_epochs(task: Task) -> list[float]:
    """Train with a tuned loop; return the seconds of each epoch."""
    torch.manual_seed(0)
    model = build_torch_model(task)
    loss_of_pixels = build_loss_of_pixels(task, model)
    optimizer = build_optimizer(task, model)
    return list(timed_epochs_from_memory(task, loss_of_pixels, optimizer))


if __name__ == "__main__":
    run(seconds_of_epochs)
