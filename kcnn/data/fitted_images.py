"""Read image files in the size and colors that a model takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from kcnn.data.images import read_image_and_size
from kcnn.errors import DataError
from kcnn.progress import Progress
from kcnn.text.numbers import count_text

# A relative change of the aspect ratio below this is not visible.
STRETCH = 0.02


@dataclass
class FittedImages:
    """Read images in one size, and remember those that this stretches or enlarges.

    Args:
        height: Of the model's images, in pixels.
        width: Of the model's images, in pixels.
        channels: 1 for gray, 3 for red, green, blue.
        stretched: Names of the files whose aspect ratio changed.
        enlarged: Names of the files that are smaller than the model's images.
        accepted: The files that were read in batches, in their order.
        refused: The errors of those that could not be read.
    """

    height: int
    width: int
    channels: int
    stretched: list[str] = field(default_factory=list)
    enlarged: list[str] = field(default_factory=list)
    accepted: list[Path] = field(default_factory=list)
    refused: list[DataError] = field(default_factory=list)

    def batches(self, paths: Sequence[Path], size: int) -> Iterator[np.ndarray]:
        """Read files in batches: uint8, (at most size, height, width, channels).

        Files that cannot be read are left out and go to `refused`, the others to `accepted`.
        """
        images = self._readable(paths)
        while batch := list(islice(images, size)):
            yield np.stack(batch)

    def _readable(self, paths: Sequence[Path]) -> Iterator[np.ndarray]:
        for path in paths:
            try:
                image = self.read(path)
            except DataError as error:
                self.refused.append(error)
            else:
                self.accepted.append(path)
                yield image

    def read(self, path: Path) -> np.ndarray:
        """Read one file: uint8, (height, width, channels).

        Raises:
            DataError: It cannot be read.
        """
        wanted = (self.height, self.width)
        image, (height, width) = read_image_and_size(path, wanted, self.channels)
        name = f"{path}, {width}x{height}"
        if abs(height * self.width / (width * self.height) - 1) > STRETCH:
            self.stretched.append(name)
        if height < self.height or width < self.width:
            self.enlarged.append(name)
        return image

    def report(self, progress: Progress) -> None:
        """Report how many images were stretched or enlarged so far."""
        for names, what in ((self.stretched, "stretched"), (self.enlarged, "enlarged")):
            if names:
                count = count_text(len(names), "image")
                first = "" if len(names) == 1 else "first "
                progress.note(
                    f"{count} {what} to the model's {self.width}x{self.height} ({first}{names[0]})"
                )
