"""Keras: `image_dataset_from_directory`, as in its guides: bilinear, without antialiasing."""

from __future__ import annotations

from collections.abc import Callable

import keras

from readers.epochs import BATCH, Batches, serve


def prepare(folder: str, side: int) -> Callable[[], Batches]:
    """Return what reads all images of a folder once."""
    dataset = keras.utils.image_dataset_from_directory(
        folder, image_size=(side, side), batch_size=BATCH, shuffle=False, verbose=False
    )
    return lambda: (images for images, _ in dataset)


if __name__ == "__main__":
    serve(prepare)
