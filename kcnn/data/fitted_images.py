"""Read image files in the size and colors that a model takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from kcnn.data.image.placement import place
from kcnn.data.image.read import read_image_and_size
from kcnn.errors import DataError
from kcnn.machine.threads import map_in_threads
from kcnn.progress import Progress
from kcnn.recipe.data_settings import Resize
from kcnn.text.numbers import count_text

# A relative change of the aspect ratio below this is not visible.
STRETCH = 0.02
# What happens to images of another shape.
_CHANGED = {
    "stretch": "stretched to",
    "fit": "fitted with black borders into",
    "crop": "cropped to",
}


@dataclass
class FittedImages:
    """Read images in one size, and remember those that this changes in shape or enlarges.

    Args:
        shape: Height, width and channels of the model's images; 1 channel for gray, 3 for red,
            green, blue.
        resize: What the run's training did with images of another shape, its `data.resize`.
        reshaped: Names of the files of another aspect ratio.
        enlarged: Names of the files that are smaller than the model's images.
        accepted: The files that were read in batches, in their order.
        refused: The errors of those that could not be read.
    """

    shape: tuple[int, int, int]
    resize: Resize
    reshaped: list[str] = field(default_factory=list)
    enlarged: list[str] = field(default_factory=list)
    accepted: list[Path] = field(default_factory=list)
    refused: list[DataError] = field(default_factory=list)

    def batches(self, paths: Sequence[Path], size: int) -> Iterator[np.ndarray]:
        """Read files in batches, with all cores: uint8, (at most size, height, width, channels).

        Files that cannot be read are left out and go to `refused`, the others to `accepted`.
        """
        images = self._readable(paths)
        while batch := list(islice(images, size)):
            yield np.stack(batch)

    def _readable(self, paths: Sequence[Path]) -> Iterator[np.ndarray]:
        for path, decoded in zip(paths, map_in_threads(self._decode, paths), strict=True):
            if isinstance(decoded, DataError):
                self.refused.append(decoded)
            else:
                self.accepted.append(path)
                yield self._noted(path, *decoded)

    def read(self, path: Path) -> np.ndarray:
        """Read one file: uint8, (height, width, channels).

        Raises:
            DataError: It cannot be read.
        """
        decoded = self._decode(path)
        if isinstance(decoded, DataError):
            raise decoded
        return self._noted(path, *decoded)

    def _decode(self, path: Path) -> tuple[np.ndarray, tuple[int, int]] | DataError:
        """Return a file's pixels and own size, or why it cannot be read; by several threads."""
        try:
            return read_image_and_size(path, self.shape[:2], self.shape[2], self.resize)
        except DataError as error:
            return error

    def _noted(self, path: Path, image: np.ndarray, own: tuple[int, int]) -> np.ndarray:
        """Note what the model's size does to an image; return the image."""
        size = self.shape[:2]
        name = f"{path}, {own[1]}x{own[0]}"
        if abs(own[0] * size[1] / (own[1] * size[0]) - 1) > STRETCH:
            self.reshaped.append(name)
        if place(own, size, self.resize).ratio > 1:
            self.enlarged.append(name)
        return image

    def report(self, progress: Progress) -> None:
        """Report how many images were changed in shape or enlarged so far."""
        height, width, _ = self.shape
        changes = ((self.reshaped, _CHANGED[self.resize]), (self.enlarged, "enlarged to"))
        for names, what in changes:
            if names:
                count = count_text(len(names), "image")
                first = "" if len(names) == 1 else "first "
                progress.note(f"{count} {what} the model's {width}x{height} ({first}{names[0]})")
