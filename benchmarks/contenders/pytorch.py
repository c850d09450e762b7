"""Translate models to PyTorch, layer by layer, and train them, for all PyTorch loops."""

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
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

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


def build_optimizer(
    task: Task, model: nn.Module, *, fused: bool | None = None
) -> torch.optim.Optimizer:
    """Translate the recipe's optimizer, Adam or SGD.

    Args:
        task: The training.
        model: The model to train.
        fused: Whether one kernel updates all weights; None for PyTorch's default.
    """
    settings = task.plan.recipe.train.optimizer.written()
    rate = settings["learning_rate"]
    if type(task.plan.recipe.train.optimizer).__name__ == "Adam":
        return torch.optim.Adam(model.parameters(), rate, fused=fused)
    return torch.optim.SGD(
        model.parameters(), rate, settings.get("momentum", 0.0),
        nesterov=settings.get("nesterov", False), fused=fused,
    )  # fmt: skip


def build_loss(task: Task) -> Loss:
    """Translate the recipe's loss."""
    if task.plan.output_activation != "sigmoid":
        return nn.functional.cross_entropy
    return lambda logits, labels: nn.functional.binary_cross_entropy_with_logits(
        logits, nn.functional.one_hot(labels, task.plan.classes).float()
    )


def build_loss_of_pixels(task: Task, model: nn.Module) -> Loss:
    """Return the loss as a function of pixels and labels.

    The function scales the pixels, and runs the model in bfloat16 if kcnn does. Pixels are uint8 of
    shape (batch, height, width, channels), as they are in memory.

    Args:
        task: The training.
        model: The model to train; its weights become channels last in memory.
    """
    model.to(memory_format=torch.channels_last)
    loss_function = build_loss(task)
    in_bfloat16 = task.precision == "mixed_bfloat16"

    def loss_of_pixels(pixels: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        # The channels are last in memory already, so this is a view and not a copy.
        images = pixels.permute(0, 3, 1, 2).float().div_(255)
        with torch.autocast("cpu", torch.bfloat16, enabled=in_bfloat16):
            logits = model(images)
        return loss_function(logits.float(), labels)

    return loss_of_pixels


def timed_epochs_from_memory(
    task: Task, loss_of_pixels: Loss, optimizer: torch.optim.Optimizer
) -> Iterator[float]:
    """Train on batches that are sliced from memory; yield the seconds of each epoch."""
    pixels = torch.from_numpy(task.train.read_all())
    labels = torch.from_numpy(task.train.labels).long()

    def batches() -> Batches:
        for chosen in torch.randperm(len(pixels)).split(task.batch_size):
            yield pixels[chosen], labels[chosen]

    def step(pixels: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of_pixels(pixels, labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return timed_epochs(task.epochs, batches, step)


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
