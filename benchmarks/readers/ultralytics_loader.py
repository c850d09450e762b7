"""Ultralytics: the dataset of its classifier, with a process for each core.

The DataLoader is PyTorch's: that of Ultralytics begins the next epoch before anybody asks for it.
"""

from __future__ import annotations

from collections.abc import Callable

from torch.utils.data import DataLoader
from ultralytics.cfg import get_cfg
from ultralytics.data.dataset import ClassificationDataset

from readers.epochs import BATCH, CORES, Batches, serve


def prepare(folder: str, side: int) -> Callable[[], Batches]:
    """Return what reads all images of a folder once."""
    settings = get_cfg(overrides={"imgsz": side})
    dataset = ClassificationDataset(root=folder, args=settings, augment=False, prefix="val")
    loader = DataLoader(dataset, BATCH, num_workers=CORES, persistent_workers=True)
    return lambda: (batch["img"] for batch in loader)


if __name__ == "__main__":
    serve(prepare)
