"""A dataset of image files: its parts, checked before anything is trained."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from kcnn.data.dataset import Dataset
from kcnn.data.file_images import FileFormat, FileImages
from kcnn.data.file_remarks import file_remarks
from kcnn.data.file_split import set_test_files_apart
from kcnn.data.image.inspection import ImageFacts, inspect_image
from kcnn.data.labels import counts_of_classes
from kcnn.data.listing import ClassFiles, FileListing
from kcnn.data.parts import PARTS
from kcnn.data.scan import Refused, UnreadableImagesError, scan_files
from kcnn.errors import DataError
from kcnn.progress import Progress

_MAX_NAMED = 3  # files that were left out, in a note


def open_files(
    path: Path,
    listing: FileListing,
    format: FileFormat,
    progress: Progress,
    *,
    test: float = 0.2,
    skip_unreadable: bool = False,
    parts: Collection[str] = PARTS,
) -> Dataset:
    """Open a dataset of files. They are decoded when they are read.

    Args:
        path: The folder or the list of files.
        listing: The files. Where it has no test images, a fixed fraction of every class becomes the
            test set.
        format: How they become arrays.
        progress: Shows the files that are checked, and what was left out of the listing.
        test: That fraction.
        skip_unreadable: Whether to leave out files that cannot be read. They are then decoded to
            find out, which takes as long as an epoch's reading.
        parts: Which parts are checked, since they will be read.

    Raises:
        UnreadableImagesError: Files cannot be read.
        DataError: So small a fraction is no image, or a class has no readable training image.
    """
    for note in listing.notes:
        progress.note(note)
    files = _split(listing, test)
    look = format.inspect_and_decode if skip_unreadable else inspect_image
    names = [name for part in PARTS if part in parts for name in files[part].names]
    found = dict(zip(names, scan_files(listing.root, names, progress, look=look), strict=True))
    refused = [file for file in found.values() if isinstance(file, Refused)]
    if refused and not skip_unreadable:
        raise UnreadableImagesError(refused, len(names))
    facts = {name: file for name, file in found.items() if isinstance(file, ImageFacts)}
    if "train" in parts:  # later, nobody can choose otherwise
        for remark in file_remarks(facts, format.image_size, format.resize):
            progress.note(remark)
    opened = {
        name: _open(listing, part, format, facts if name in parts else None)
        for name, part in files.items()
    }
    if refused:
        progress.note(_left_out(refused, len(names)))
        for name in PARTS:
            if files[name]:
                _require_images(path, name, opened[name], listing.class_names)
    return Dataset(
        path.resolve().name if path.is_dir() else path.stem,
        opened["train"],
        opened["test"],
        listing.class_names,
        str(path),
        opened["validation"] if listing.validation is not None else None,
        tuple(file.name for file in refused),
    )


def _split(listing: FileListing, test: float) -> dict[str, ClassFiles]:
    """Return the files of each part; those of a part that the dataset lacks are none."""
    none = listing.train.select([])
    divided = set_test_files_apart(listing, test)
    assert divided.test is not None
    return {
        "train": divided.train,
        "validation": none if listing.validation is None else listing.validation,
        "test": divided.test,
    }


def _open(
    listing: FileListing,
    files: ClassFiles,
    format: FileFormat,
    facts: Mapping[str, ImageFacts] | None,
) -> FileImages:
    """Return the images of a part, without those that cannot be read where they were checked."""
    root, classes = listing.root, len(listing.class_names)
    if facts is None:
        return FileImages(root, files, format, classes=classes)
    readable = [index for index, name in enumerate(files.names) if name in facts]
    known = [facts[files.names[index]] for index in readable]
    return FileImages(root, files.select(readable), format, known, classes)


def _require_images(path: Path, part: str, images: FileImages, class_names: Sequence[str]) -> None:
    """Raise if, of what can be read, a class has no training image, or there is no test image."""
    missing = np.flatnonzero(counts_of_classes(images.labels, len(class_names)) == 0)
    if part == "train" and len(missing):
        raise DataError(
            f"{path}: no training image of {class_names[missing[0]]} can be read",
            "replace its images; kcnn data inspect lists what is wrong with each",
        )
    if not len(images):
        raise DataError(f"{path}: no {part} image can be read", "replace its images")


def _left_out(refused: Sequence[Refused], total: int) -> str:
    first = "; ".join(file.error.message for file in refused[:_MAX_NAMED])
    more = ", …" if len(refused) > _MAX_NAMED else ""
    return f"left out {len(refused):,} of {total:,} images that cannot be read: {first}{more}"
