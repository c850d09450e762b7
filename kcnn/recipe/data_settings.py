"""The section `data` of a recipe, and what each setting in it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from kcnn.recipe.augmentations import AnyAugmentation
from kcnn.recipe.fields import (
    Accepting,
    Count,
    Settings,
    WholeNumber,
    accept,
    choice,
    mistake,
    path_or,
    require_order,
)
from kcnn.runs.summary import MAX_IMAGE_SIDE

DATASETS = ("digits", "mnist", "fashion_mnist", "cifar10", "cifar100", "folder", "csv", "npz")
OWN_DATASETS = ("folder", "csv", "npz")
DATASETS_OF_FILES = ("folder", "csv")  # one file for each image
UNREADABLE = ("error", "skip")
CACHES = ("auto", "memory", "disk", "none")
Resize = Literal["stretch", "fit", "crop"]
RESIZES: tuple[Resize, ...] = ("stretch", "fit", "crop")
IMAGE_SIZE = f"[height, width] in pixels, each from 1 to {MAX_IMAGE_SIDE}, as in [32, 32]"
PATH = "a path, as in photos"
VALIDATION = "a number of images, as in 5000, or a fraction below 1, as in 0.1"


def _image_size(value: Any) -> tuple[int, int]:
    sizes = value if isinstance(value, list) else []
    are_sides = all(type(size) is int and 0 < size <= MAX_IMAGE_SIDE for size in sizes)
    if len(sizes) != 2 or not are_sides:
        raise mistake("unexpected", expected=IMAGE_SIZE)
    return sizes[0], sizes[1]


def _validation(value: Any) -> Any:
    whole = type(value) is int and value >= 0
    fraction = isinstance(value, float) and 0 <= value < 1
    if not (whole or fraction):
        raise mistake("unexpected", expected=VALIDATION)
    return value


class FlipsAndShifts(Settings):
    """Changes of test images whose predictions are averaged for a second score.

    Args:
        flip: Also predict each image flipped left to right.
        shift: Also predict each image shifted by so many pixels up-left and down-right.
    """

    flip: Annotated[str | None, choice("horizontal")] = None
    shift: Count | None = None

    @model_validator(mode="after")
    def _some(self) -> FlipsAndShifts:
        if self.flip is None and self.shift is None:
            raise mistake("averages_nothing")
        return self

    @property
    def in_words(self) -> str:
        """What is averaged over: `flips and shifts`."""
        named = {"flips": self.flip, "shifts": self.shift}
        return " and ".join(name for name, value in named.items() if value is not None)


class Fold(Settings):
    """One fold of a cross-validation, as `kcnn reproduce --folds` sets it.

    Args:
        number: Which fold is tested, from 1; the others are trained on.
        of: How many folds the training images are divided into.
        seed: Decides which image is in which fold.
    """

    number: Count
    of: Annotated[int, Field(ge=2, le=1000)]
    seed: WholeNumber = 0

    @model_validator(mode="after")
    def _exists(self) -> Fold:
        require_order(number=self.number, of=self.of)
        return self


class DataSettings(Settings):
    """Which images, and how they are prepared.

    Args:
        dataset: A named dataset, or `folder`, `csv` or `npz` with a `path`.
        path: The folder, or the CSV or npz file; relative to the recipe, on the command line
            relative to the current folder.
        image_size: Height and width every image is resized to.
        resize: How an image of another shape gets that size: stretch changes its aspect ratio, fit
            adds a border, crop cuts off what is too long.
        unreadable: Whether image files that cannot be read are an error, or are left out (skip).
        cache: Where decoded images are kept: in memory, on disk, or nowhere (none), so that each
            epoch reads the files; auto takes memory while they fit a quarter of what is free, else
            the disk.
        channels: 1 for gray, 3 for color; the dataset's own when left out (color for image files).
        validation: Images taken from the training set: a number, or a fraction below 1. Leave it
            out if the dataset has validation images of its own.
        test: Fraction of the image files that become the test set if the folder has no `test`
            sub-folder, or the CSV no rows of that split.
        fold: Test one fold of the training images, and train on the others. The dataset's own test
            images are not used.
        scaling: What the model's first layer does to pixel values: divide them by 255 (unit),
            subtract each channel's mean and divide by its standard deviation, both of the training
            images (standard), or nothing (none).
        augment: Random changes of training images, in this order.
        test_time_augmentation: Changes of test images, for a second test score.
    """

    dataset: Annotated[str, choice(*DATASETS)]
    path: Annotated[Path | None, path_or(PATH)] = None
    image_size: Annotated[tuple[int, int] | None, Accepting(_image_size, expected=IMAGE_SIZE)] = (
        None
    )
    resize: Annotated[Resize, choice(*RESIZES)] = "stretch"
    unreadable: Annotated[str, choice(*UNREADABLE)] = "error"
    cache: Annotated[str, choice(*CACHES)] = "auto"
    channels: Annotated[
        int | None,
        accept(lambda value: value in (1, 3) and type(value) is int, "1 (gray) or 3 (RGB)"),
    ] = None
    validation: Annotated[int | float, Accepting(_validation, expected=VALIDATION)] = 0
    test: Annotated[float, Field(gt=0, lt=1)] = 0.2
    fold: Fold | None = None
    scaling: Annotated[str, choice("unit", "standard", "none")] = "unit"
    augment: list[AnyAugmentation] = []
    test_time_augmentation: FlipsAndShifts | None = None
