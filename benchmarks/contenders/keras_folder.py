"""Keras on a folder of images, as in its guide: images are decoded anew in each epoch."""

from __future__ import annotations

import json
import sys

import keras

from contenders.bare_keras import EpochSeconds


def main(folder: str, side: int, epochs: int, batch_size: int) -> None:
    """Train the net of nets/photos.yaml; print the seconds of each epoch as JSON."""
    images = keras.utils.image_dataset_from_directory(
        folder, image_size=(side, side), batch_size=batch_size, verbose=False
    )
    model = keras.Sequential(
        [
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(8, 4, strides=4, activation="relu"),
            keras.layers.MaxPooling2D(4),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(len(images.class_names)),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    clock = EpochSeconds()
    model.fit(images.prefetch(2), epochs=epochs, verbose=0, callbacks=[clock])
    print(json.dumps(clock.seconds))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
