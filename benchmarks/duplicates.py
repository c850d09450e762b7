"""Measure which changed copies kcnn data inspect finds, and how often it is wrong."""

from __future__ import annotations

import io
from collections.abc import Callable

import click
import numpy as np
from PIL import Image

from kcnn.data.catalog import NAMED_DATASETS
from kcnn.data.dataset import MemoryImages
from kcnn.data.load import read_named
from kcnn.data.survey.copies import find_copies
from kcnn.data.survey.look import look_at_dataset
from kcnn.data.survey.survey import Survey
from kcnn.progress import Progress

Change = Callable[[Image.Image], Image.Image]


def _compressed(image: Image.Image, quality: int) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(stream)


def _resized(image: Image.Image, factor: float) -> Image.Image:
    size = (round(image.width * factor), round(image.height * factor))
    return image.resize(size, Image.Resampling.BICUBIC)


def _cropped(image: Image.Image, fraction: float) -> Image.Image:
    left, top = (max(1, round(side * fraction)) for side in image.size)
    return image.crop((left, top, image.width - left, image.height - top))


CHANGES: dict[str, Change] = {
    "JPEG, quality 75": lambda image: _compressed(image, 75),
    "JPEG, quality 40": lambda image: _compressed(image, 40),
    "half the size and back": lambda image: _resized(_resized(image, 0.5), 2),
    "twice the size": lambda image: _resized(image, 2),
    "30 % brighter": lambda image: image.point(lambda value: min(255, round(value * 1.3))),
    "gray": lambda image: image.convert("L"),
    "3 % cropped at each side": lambda image: _cropped(image, 0.03),
    "6 % cropped at each side": lambda image: _cropped(image, 0.06),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
}


def changed_copies(pixels: np.ndarray, change: Change) -> np.ndarray:
    """Return a changed copy of each image, in its own size again.

    Args:
        pixels: uint8, (count, height, width, channels).
        change: What to do with each.
    """
    height, width, channels = pixels.shape[1:]
    mode = "L" if channels == 1 else "RGB"
    copies = []
    for image in pixels:
        changed = change(Image.fromarray(image[..., 0] if channels == 1 else image)).convert(mode)
        if changed.size != (width, height):
            changed = changed.resize((width, height), Image.Resampling.BILINEAR)
        copies.append(np.asarray(changed).reshape(image.shape))
    return np.stack(copies)


@click.command()
@click.argument("dataset", type=click.Choice(list(NAMED_DATASETS)))
@click.option("--images", default=10_000, show_default=True, help="Training images, at most.")
@click.option("--copies", default=1000, show_default=True, help="Changed copies of each kind.")
def main(dataset: str, images: int, copies: int) -> None:
    """Put changed copies of training images into the test set, and count those that are found."""
    whole = read_named(NAMED_DATASETS[dataset], None, Progress())
    train = whole.train.first(images)
    copies = min(copies, len(train))
    chosen = np.random.default_rng(0).permutation(len(train))[:copies]
    labels = train.labels[chosen]
    click.echo("| changed copy | found |\n| --- | ---: |")
    for name, change in CHANGES.items():
        test = MemoryImages(changed_copies(train.read(chosen), change), labels)
        part = type(whole)(dataset, train, test, whole.class_names, dataset)
        survey = look_at_dataset(part, Progress())
        click.echo(f"| {name} | {_found(survey, chosen) / copies:.1%} |")
    survey = look_at_dataset(whole, Progress())
    groups = find_copies(survey, Progress()).groups
    leaks = sum((survey.part[group] == 1).sum() for group in groups if _is_across(survey, group))
    wrong = sum(len(np.unique(survey.label[group])) > 1 for group in groups)
    click.echo(
        f"\nas it is: {len(groups):,} groups of copies in {len(survey):,} images, {wrong} with "
        f"several labels; {leaks} test images have a copy among the training images"
    )


def _found(survey: Survey, chosen: np.ndarray) -> int:
    """Return how many copies are in one group with the image that they were made of."""
    first_copy = int((survey.part == 0).sum())
    of = {first_copy + at: int(image) for at, image in enumerate(chosen)}
    groups = [set(group.tolist()) for group in find_copies(survey, Progress()).groups]
    return sum(copy in group and image in group for group in groups for copy, image in of.items())


def _is_across(survey: Survey, group: np.ndarray) -> bool:
    return len(np.unique(survey.part[group])) > 1


if __name__ == "__main__":
    main()
