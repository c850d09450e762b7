"""What a first recipe depends on: how many images of how many classes, of which size and color."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from kcnn.data.cannot_read import cannot_read
from kcnn.data.dataset_kind import dataset_of
from kcnn.data.list_files import list_files
from kcnn.data.listing import FileListing
from kcnn.data.npz_header import read_npz_header
from kcnn.errors import DataError
from kcnn.text.numbers import count_text

if TYPE_CHECKING:
    from kcnn.data.image.inspection import ImageFacts

SAMPLE = 1_000  # files whose headers are read; they take about half a second
# Pillow's words for images without color.
GRAY_MODES = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F"})


@dataclass(frozen=True)
class OwnImages:
    """What is known of somebody's images before any is decoded.

    Args:
        path: The folder or file, as it was given.
        dataset: What a recipe calls it: folder, csv or npz.
        class_names: The names of the classes; empty where the data has none.
        classes: Number of classes.
        train: Number of images that are no validation or test images.
        validation: Number of validation images; None if the data has none of its own.
        test: Number of test images; None if a fraction of `train` becomes the test set.
        by_class: Number of images in `train` of each class; empty where only the labels show it.
        sizes: (width, height) of a sample of the images.
        is_gray: Whether no image of the sample has colors.
        notes: What was left out of the data, and what was assumed.
        several_labels: Whether an image may have several labels, or none.
    """

    path: Path
    dataset: str
    class_names: tuple[str, ...]
    classes: int
    train: int
    validation: int | None
    test: int | None
    by_class: tuple[int, ...]
    sizes: tuple[tuple[int, int], ...]
    is_gray: bool
    notes: tuple[str, ...] = ()
    several_labels: bool = False

    @property
    def images(self) -> int:
        """The number of all images."""
        return self.train + (self.validation or 0) + (self.test or 0)

    @property
    def width(self) -> int:
        """The median width, in pixels."""
        return round(median(width for width, _ in self.sizes))

    @property
    def height(self) -> int:
        """The median height, in pixels."""
        return round(median(height for _, height in self.sizes))

    @property
    def smaller_side(self) -> int:
        """The median of the images' smaller sides, in pixels."""
        return round(median(map(min, self.sizes)))

    @property
    def has_one_size(self) -> bool:
        """Whether all images of the sample have the same size."""
        return len(set(self.sizes)) == 1

    @property
    def shapes_differ(self) -> bool:
        """Whether more than a tenth of the images are at least 1.2 times as wide or high as others.

        Their aspect ratios are compared with the median.
        """
        ratios = [width / height for width, height in self.sizes]
        usual = median(ratios)
        far = [ratio for ratio in ratios if max(ratio / usual, usual / ratio) > 1.2]
        return len(far) > 0.1 * len(ratios)

    @property
    def imbalance(self) -> float:
        """How many times as many images the largest class has as the smallest."""
        return max(self.by_class) / max(min(self.by_class), 1) if self.by_class else 1.0


def describe_own_images(path: Path) -> OwnImages:
    """Look at a folder of images, a table of them or an .npz file.

    Args:
        path: The folder or file.

    Raises:
        DataError: It is no dataset, or none of its images can be read.
    """
    try:
        dataset = dataset_of(path)
        if dataset == "npz":
            return _describe_npz(path)
        return _describe_files(path, dataset, list_files(dataset, path))
    except OSError as error:
        raise cannot_read(error.filename, error) from None


def _describe_files(path: Path, dataset: str, listing: FileListing) -> OwnImages:
    """Look at a sample of the images that are listed.

    Args:
        path: The folder or file that lists them.
        dataset: What a recipe calls it.
        listing: The images.

    Raises:
        DataError: None of the sample can be read.
    """
    facts, errors = _inspect(listing)
    notes = list(listing.notes)
    if errors:
        looked_at = count_text(len(facts) + len(errors), "image")
        notes.append(f"{path}: {len(errors)} of {looked_at} cannot be read, as {errors[0].message}")
    return OwnImages(
        path=path,
        dataset=dataset,
        class_names=listing.class_names,
        classes=len(listing.class_names),
        train=len(listing.train),
        validation=None if listing.validation is None else len(listing.validation),
        test=None if listing.test is None else len(listing.test),
        by_class=tuple(listing.train.counts(len(listing.class_names))),
        sizes=tuple((fact.width, fact.height) for fact in facts),
        is_gray=all(fact.mode in GRAY_MODES for fact in facts),
        notes=tuple(notes),
        several_labels=listing.several_labels is not None,
    )


def _inspect(listing: FileListing) -> tuple[list[ImageFacts], list[DataError]]:
    """Read the headers of a sample, always the same one; return what cannot be read as errors."""
    from kcnn.data.image.inspection import inspect_image  # imports Pillow, which a recipe needs not

    names: Sequence[str] = listing.train.names
    if len(names) > SAMPLE:
        names = random.Random(0).sample(names, SAMPLE)
    facts: list[ImageFacts] = []
    errors: list[DataError] = []
    for name in names:
        try:
            facts.append(inspect_image(listing.path(name)))
        except DataError as error:
            errors.append(error)
    if not facts:
        raise errors[0]
    return facts, errors


def _describe_npz(path: Path) -> OwnImages:
    header = read_npz_header(path)
    if header.classes is None:
        raise DataError(
            f"{path}: its labels are not numbered from 0 without gaps",
            "number the classes from 0, or add an array class_names",
        )
    height, width, channels = header.image_shape
    return OwnImages(
        path=path,
        dataset="npz",
        class_names=(),
        classes=header.classes,
        train=header.counts["train"],
        validation=header.counts.get("validation"),
        test=header.counts.get("test"),
        by_class=tuple(header.labels.get(label, 0) for label in range(header.classes)),
        sizes=((width, height),),
        is_gray=channels == 1,
    )
