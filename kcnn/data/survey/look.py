"""Look at every image of a dataset: image files by threads, images in memory by turns."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from PIL import Image

from kcnn.data.dataset import Dataset
from kcnn.data.image.inspection import inspect_image
from kcnn.data.image.read import read_image
from kcnn.data.listing import FileListing
from kcnn.data.parts import PARTS, Part
from kcnn.data.survey.survey import SIDE, Survey
from kcnn.errors import DataError
from kcnn.machine.threads import map_in_threads
from kcnn.progress import Progress

_CHUNK = 32  # files that a thread looks at before it reports
_IMAGES_AT_ONCE = 256


def look_at_files(listing: FileListing, name: str, progress: Progress) -> Survey:
    """Look at the image files of a dataset; decode each at the smallest scale that suffices.

    Args:
        listing: The files.
        name: The dataset's name.
        progress: Shows how many are done.

    Returns:
        The survey; files that cannot be read are among its `problems`.
    """
    parts = {part: files for part in PARTS if (files := getattr(listing, part)) is not None}
    classes = len(listing.class_names)
    labels = {part: files.label_array(classes) for part, files in parts.items()}
    names = [file for files in parts.values() for file in files.names]
    survey = _empty(name, str(listing.root), listing.class_names, labels, names, listing.notes)
    chunks = [
        range(start, min(start + _CHUNK, len(survey))) for start in range(0, len(survey), _CHUNK)
    ]

    def look(indices: range) -> int:
        for index in indices:
            try:
                _look_at_file(survey, index, listing)
            except DataError as error:
                survey.problems[index] = error.message
        return len(indices)

    with progress.task(f"Looking at {name}", len(survey), "images") as advance:
        for count in map_in_threads(look, chunks, len):
            advance(count)
    return survey


def look_at_dataset(dataset: Dataset, progress: Progress) -> Survey:
    """Look at images in memory.

    Args:
        dataset: The images.
        progress: Shows how many are done.
    """
    parts = {part: images for part in PARTS if (images := getattr(dataset, part)) is not None}
    labels = {part: images.labels for part, images in parts.items()}
    survey = _empty(dataset.name, dataset.source, dataset.class_names, labels, None, ())
    first = 0
    with progress.task(f"Looking at {dataset.name}", len(survey), "images") as advance:
        for images in parts.values():
            for start in range(0, len(images), _IMAGES_AT_ONCE):
                indices = np.arange(start, min(start + _IMAGES_AT_ONCE, len(images)))
                for offset, image in enumerate(images.read(indices)):
                    _look_at_image(survey, first + start + offset, image)
                advance(len(indices))
            first += len(images)
    return survey


def _empty(
    name: str,
    source: str,
    class_names: tuple[str, ...],
    labels: dict[Part, np.ndarray],
    names: Sequence[str] | None,
    notes: tuple[str, ...],
) -> Survey:
    counts = [len(part) for part in labels.values()]
    return Survey(
        name=name,
        source=source,
        class_names=class_names,
        parts=tuple(labels),
        part=np.repeat(np.arange(len(counts), dtype=np.uint8), counts),
        position=np.concatenate([np.arange(count) for count in counts]),
        label=np.concatenate(list(labels.values())),
        names=names,
        notes=notes,
    )


def _look_at_file(survey: Survey, index: int, listing: FileListing) -> None:
    path = listing.path(survey.name_of(index))
    facts = inspect_image(path)
    survey.record(index, read_image(path, (SIDE, SIDE), 3), facts.digest)
    survey.height[index], survey.width[index] = facts.height, facts.width
    survey.formats[index], survey.modes[index] = facts.format, facts.mode


def _look_at_image(survey: Survey, index: int, pixels: np.ndarray) -> None:
    height, width, channels = pixels.shape
    gray = channels == 1
    image = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if gray else pixels))
    small = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR).convert("RGB")
    survey.record(index, np.asarray(small), hashlib.sha256(pixels.tobytes()).hexdigest())
    survey.height[index], survey.width[index] = height, width
    survey.modes[index] = "L" if gray else "RGB"
