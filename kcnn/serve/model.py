"""What the server knows of its model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kcnn.data.image.read import decode_into
from kcnn.data.predicted_classes import predicted_classes
from kcnn.errors import DataError
from kcnn.recipe.data_settings import Resize
from kcnn.serve.serving_request import RequestError

VERSION = "1"  # TensorFlow Serving's number of the model; kcnn exports one version


@dataclass(frozen=True)
class ServedModel:
    """The model, as clients see it.

    Args:
        name: The name in URLs: that of the recipe.
        run: The title of its run.
        weights: `last` or `best`.
        runtime: What predicts, such as `LiteRT 2.3.0`.
        class_names: The name of each class.
        image_shape: (height, width, channels) of the images that it takes.
        resize: How image files are resized.
        thresholds: Where images may have several labels, the probability above which each is
            predicted; else None.
    """

    name: str
    run: str
    weights: str
    runtime: str
    class_names: Sequence[str]
    image_shape: tuple[int, int, int]
    resize: Resize = "stretch"
    thresholds: Sequence[float] | None = None

    def decode(self, content: bytes) -> np.ndarray:
        """Decode an image file as `kcnn predict` does.

        Args:
            content: Its bytes.

        Returns:
            uint8, (height, width, channels).

        Raises:
            RequestError: It is no image, or damaged, or too large.
        """
        out = np.empty(self.image_shape, np.uint8)
        try:
            decode_into(out, "the image", content, self.resize)
        except DataError as error:
            raise RequestError(error.message) from None
        return out

    def classes(self, probabilities: np.ndarray, top: int) -> list[dict[str, Any]]:
        """Return the classes of one image, as `kcnn predict --json` prints them.

        Args:
            probabilities: float32, (classes,).
            top: Number of classes; of several labels, all above their thresholds are returned.
        """
        found = predicted_classes(probabilities, self.class_names, top, self.thresholds)
        return [{"class": name, "probability": probability} for name, probability in found]
