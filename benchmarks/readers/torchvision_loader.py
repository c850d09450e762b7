"""PyTorch: `ImageFolder` and a DataLoader with a process for each core, as in its tutorials."""

from __future__ import annotations

from collections.abc import Callable

from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import Compose, Resize, ToTensor

from readers.epochs import BATCH, CORES, Batches, serve


def prepare(folder: str, side: int) -> Callable[[], Batches]:
    """Return what reads all images of a folder once."""
    dataset = ImageFolder(folder, Compose([Resize((side, side)), ToTensor()]))
    loader = DataLoader(dataset, BATCH, num_workers=CORES, persistent_workers=True)
    return lambda: (images for images, _ in loader)


if __name__ == "__main__":
    serve(prepare)
