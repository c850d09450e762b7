"""timm: its dataset and loader for evaluation, with a process for each core."""

from __future__ import annotations

from collections.abc import Callable

from timm.data import create_dataset, create_loader

from readers.epochs import BATCH, CORES, Batches, serve


def prepare(folder: str, side: int) -> Callable[[], Batches]:
    """Return what reads all images of a folder once."""
    loader = create_loader(
        create_dataset("", folder),
        input_size=(3, side, side),
        batch_size=BATCH,
        is_training=False,
        use_prefetcher=False,
        interpolation="bilinear",
        crop_pct=1.0,
        num_workers=CORES,
        persistent_workers=True,
    )
    return lambda: (images for images, _ in loader)


if __name__ == "__main__":
    serve(prepare)
