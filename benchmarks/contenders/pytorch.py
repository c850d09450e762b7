"""Translate models to PyTorch, layer by layer, for both PyTorch loops."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import nn

from contenders.task import Task
from kcnn.machine.cores import usable_cores
from kcnn.model.graph import Node
from kcnn.recipe import layers
from kcnn.recipe.layers.shapes import Shape, pair

Batches = Iterable[tuple[torch.Tensor, torch.Tensor]]

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU, "silu": nn.SiLU}


def build_torch_model(task: Task) -> nn.Sequential:
    """Translate a model. Its last activation is part of the loss, as usual in PyTorch."""
    modules: list[nn.Module] = []
    before = task.plan.image_shape
    for node in task.chain:
        modules += translate_layer(node, before)
        before = task.plan.shapes[node.name]
    return nn.Sequential(*modules)


def translate_layer(node: Node, before: Shape) -> list[nn.Module]:
    """Translate a layer.

    Args:
        node: The layer.
        before: Its input shape: height, width and channels, or features.
    """
    layer = node.layer
    match layer:
        case layers.Conv2D():
            convolution = nn.Conv2d(
                before[-1], layer.filters, pair(layer.kernel_size), pair(layer.strides),
                layer.padding, bias=layer.use_bias,
            )  # fmt: skip
            return [convolution, *translate_activation(layer.activation)]
        case layers.Dense():
            return [
                nn.Linear(before[-1], layer.units, layer.use_bias),
                *translate_activation(layer.activation),
            ]
        case layers.MaxPooling2D():
            return [nn.MaxPool2d(pair(layer.pool_size))]
        case layers.AveragePooling2D():
            return [nn.AvgPool2d(pair(layer.pool_size))]
        case layers.BatchNormalization():
            return [nn.BatchNorm2d(before[-1], eps=layer.epsilon or 1e-3)]
        case layers.LeakyReLU():
            return [nn.LeakyReLU(layer.negative_slope or 0.3)]
        case layers.ReLU():
            return [nn.ReLU()]
        case layers.Flatten():
            return [nn.Flatten()]
    raise SystemExit(f"{node.name}: {type(layer).__name__} has no translation to PyTorch here")


def translate_activation(name: str | None) -> list[nn.Module]:
    """Translate an activation; softmax and sigmoid, which only end models here, are in the loss."""
    if name in (None, "linear", "softmax", "sigmoid"):
        return []
    if name not in ACTIVATIONS:
        raise SystemExit(f"activation {name} has no translation to PyTorch here")
    return [ACTIVATIONS[name]()]


def build_optimizer(task: Task, model: nn.Module) -> torch.optim.Optimizer:
    """Translate the recipe's optimizer, Adam or SGD."""
    settings = task.plan.recipe.train.optimizer.written()
    rate = settings["learning_rate"]
    if type(task.plan.recipe.train.optimizer).__name__ == "Adam":
        return torch.optim.Adam(model.parameters(), rate)
    return torch.optim.SGD(
        model.parameters(), rate, settings.get("momentum", 0.0),
        nesterov=settings.get("nesterov", False),
    )  # fmt: skip


def build_loss(task: Task) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """Translate the recipe's loss."""
    if task.plan.output_activation != "sigmoid":
        return nn.functional.cross_entropy
    return lambda logits, labels: nn.functional.binary_cross_entropy_with_logits(
        logits, nn.functional.one_hot(labels, task.plan.classes).float()
    )


def timed_epochs(
    epochs: int, batches: Callable[[], Batches], step: Callable[..., torch.Tensor]
) -> Iterator[float]:
    """Train, and yield the seconds of each epoch.

    Args:
        epochs: Number of epochs.
        batches: Returns the batches of an epoch.
        step: Trains on images and labels, and returns the loss.
    """
    torch.set_num_threads(len(usable_cores()))
    for _ in range(epochs):
        started = time.perf_counter()
        total = 0.0
        for images, labels in batches():
            total += step(images, labels).item()
        yield time.perf_counter() - started
