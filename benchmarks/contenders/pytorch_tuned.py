"""PyTorch tuned: channels last, bfloat16 if kcnn uses it, batches sliced from memory."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from contenders.pytorch import build_loss, build_optimizer, build_torch_model, timed_epochs
from contenders.task import Task, run


def seconds_of_epochs(task: Task) -> list[float]:
    """Train with a tuned loop; return the seconds of each epoch."""
    torch.manual_seed(0)
    model = build_torch_model(task).to(memory_format=torch.channels_last)
    optimizer, loss_function = build_optimizer(task, model), build_loss(task)
    pixels = torch.from_numpy(task.train.read_all())
    labels = torch.from_numpy(task.train.labels).long()
    in_bfloat16 = task.precision == "mixed_bfloat16"

    def batches() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for chosen in torch.randperm(len(pixels)).split(task.batch_size):
            # The channels are last in memory already, so this is a view and not a copy.
            yield pixels[chosen].permute(0, 3, 1, 2).float().div_(255), labels[chosen]

    def step(images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=in_bfloat16):
            logits = model(images)
        loss = loss_function(logits.float(), targets)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return list(timed_epochs(task.epochs, batches, step))


if __name__ == "__main__":
    run(seconds_of_epochs)
