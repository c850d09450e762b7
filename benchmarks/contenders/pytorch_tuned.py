"""PyTorch tuned: channels last, bfloat16 where kcnn has it, batches sliced from memory."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from contenders.pytorch import loss_of, network, optimizer_of, timed_epochs
from contenders.task import Task, run


def seconds_of_epochs(task: Task) -> list[float]:
    """Train with a tuned loop."""
    torch.manual_seed(0)
    model = network(task).to(memory_format=torch.channels_last)
    optimizer, loss_function = optimizer_of(task, model), loss_of(task)
    pixels = torch.from_numpy(task.train.images)
    everyone = torch.from_numpy(task.train.labels).long()
    in_bfloat16 = task.precision == "mixed_bfloat16"

    def batches() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for chosen in torch.randperm(len(pixels)).split(task.batch_size):
            # In memory the channels come last already: a change of view, no copy.
            yield pixels[chosen].permute(0, 3, 1, 2).float().div_(255), everyone[chosen]

    def step(images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=in_bfloat16):
            sums = model(images)
        loss = loss_function(sums.float(), labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return list(timed_epochs(task.epochs, batches, step))


if __name__ == "__main__":
    run(seconds_of_epochs)
