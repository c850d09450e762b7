"""PyTorch as in its tutorials: a DataLoader over float tensors, float32."""

from __future__ import annotations

import torch
from torch.utils.data import DataLoader, TensorDataset

from contenders.pytorch import build_loss, build_optimizer, build_torch_model, timed_epochs
from contenders.task import Task, run


def seconds_of_epochs(task: Task) -> list[float]:
    """Train with a plain loop; return the seconds of each epoch."""
    torch.manual_seed(0)
    model = build_torch_model(task)
    optimizer, loss_function = build_optimizer(task, model), build_loss(task)
    images = torch.from_numpy(task.train.read_all()).permute(0, 3, 1, 2).float() / 255
    labels = torch.from_numpy(task.train.labels).long()
    loader = DataLoader(TensorDataset(images, labels), task.batch_size, shuffle=True)

    def step(images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        optimizer.zero_grad()
        loss = loss_function(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss

    return list(timed_epochs(task.epochs, lambda: loader, step))


if __name__ == "__main__":
    run(seconds_of_epochs)
