"""What a survey sees of every image of a dataset."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from kcnn.data.labels import has_several, label_text
from kcnn.data.parts import Part

SIDE = 32  # of a thumbnail, in pixels
COLOR_SIDE = 4  # of the grid of mean colors


@dataclass(frozen=True)
class Survey:
    """What is seen of every image, part by part, in the order of the dataset.

    An image takes 1.2 KB, so that 100,000 images take 120 MB, however large they are.

    Args:
        name: The dataset's name.
        source: Where it is, for messages.
        class_names: The names of the classes; a label indexes them.
        parts: The parts that the dataset has.
        part: uint8, (count,): the index in `parts` of each image's part.
        position: int64, (count,): its position in that part, from 0.
        label: The labels, in one of the forms of `kcnn.data.labels`.
        names: The names of the files; None if the images have none.
        notes: What was left out of the dataset.
        height: int32, (count,): of the image when upright, in pixels; 0 if it cannot be read.
        width: int32, (count,).
        formats: Of each file, such as `JPEG`; None if the images are in no files of their own.
        modes: Pillow's word for each image's colors.
        key: uint64, (count, 2): a hash of the content; equal for exact copies.
        thumbnail: uint8, (count, SIDE, SIDE): the luminance.
        color: uint8, (count, COLOR_SIDE, COLOR_SIDE, 2): mean blue and red difference (Cb and Cr).
        problems: Why an image cannot be read, by its index.
    """

    name: str
    source: str
    class_names: tuple[str, ...]
    parts: tuple[Part, ...]
    part: np.ndarray
    position: np.ndarray
    label: np.ndarray
    names: Sequence[str] | None
    notes: tuple[str, ...]
    height: np.ndarray = field(init=False)
    width: np.ndarray = field(init=False)
    formats: list[str | None] = field(init=False)
    modes: list[str | None] = field(init=False)
    key: np.ndarray = field(init=False)
    thumbnail: np.ndarray = field(init=False)
    color: np.ndarray = field(init=False)
    problems: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make room for what is seen of each image."""
        count = len(self)
        empty = {
            "height": np.zeros(count, np.int32),
            "width": np.zeros(count, np.int32),
            "formats": [None] * count,
            "modes": [None] * count,
            "key": np.zeros((count, 2), np.uint64),
            "thumbnail": np.zeros((count, SIDE, SIDE), np.uint8),
            "color": np.zeros((count, COLOR_SIDE, COLOR_SIDE, 2), np.uint8),
        }
        for name, value in empty.items():
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.label)

    @property
    def is_readable(self) -> np.ndarray:
        """Whether each image can be read: bool, (count,)."""
        readable: np.ndarray = self.height > 0
        return readable

    @property
    def has_test(self) -> bool:
        """Whether the dataset has test images of its own."""
        return "test" in self.parts

    def part_of(self, index: int) -> Part:
        """Return the part of an image."""
        return self.parts[self.part[index]]

    def name_of(self, index: int) -> str:
        """Return the file name of an image, or its part and position, such as `train 17`."""
        if self.names is not None:
            return self.names[index]
        return f"{self.part_of(index)} {self.position[index]}"

    def class_of(self, index: int) -> str:
        """Return the name of an image's class, or the names of several."""
        return label_text(self.label[index], self.class_names)

    def shows(self, label: int) -> np.ndarray:
        """Return whether each image shows a class: bool, (count,)."""
        shown = self.label[:, label] > 0 if has_several(self.label) else self.label == label
        return np.asarray(shown)

    def count_labels(self, group: Sequence[int] | np.ndarray) -> int:
        """Return how many different labels, or sets of labels, some images have."""
        return len(np.unique(self.label[list(group)], axis=0))

    def record(self, index: int, colors: np.ndarray, content: str) -> None:
        """Record the thumbnail of an image.

        Args:
            index: Which image.
            colors: uint8, (SIDE, SIDE, 3): the thumbnail in red, green, blue.
            content: What is equal for images with equal content, such as a hash of the file.
        """
        luminance = np.rint(colors @ np.array([0.299, 0.587, 0.114], np.float32))
        step = SIDE // COLOR_SIDE
        blocks = colors.reshape(COLOR_SIDE, step, COLOR_SIDE, step, 3).mean(axis=(1, 3))
        gray = blocks @ np.array([0.299, 0.587, 0.114])
        self.thumbnail[index] = luminance
        self.color[index, ..., 0] = np.clip((blocks[..., 2] - gray) * 0.564 + 128, 0, 255)
        self.color[index, ..., 1] = np.clip((blocks[..., 0] - gray) * 0.713 + 128, 0, 255)
        digest = hashlib.blake2b(content.encode("ascii"), digest_size=16)
        digest.update(self.thumbnail[index].data)
        self.key[index] = np.frombuffer(digest.digest(), np.uint64)
