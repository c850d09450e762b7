"""Copies of the test images that a model classified wrong, or links to them, sorted by class."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
from PIL import Image

from kcnn.data.dataset import Images
from kcnn.data.find_images import reading
from kcnn.errors import RunError
from kcnn.files.atomic import atomic, remove_leftovers_of, require_writable, writing
from kcnn.files.folder_names import file_names, valid_names
from kcnn.machine.signals import stop_if_requested
from kcnn.progress import Advance, Progress
from kcnn.runs.scores import Predictions
from kcnn.text.shell import shell_word

_OTHER_FOLDER = "choose a new or empty folder"
_BATCH = 64  # images in memory at a time


@dataclass(frozen=True)
class Misclassified:
    """Test images that were classified wrong, each in `true class/predicted class/`.

    Args:
        folder: The folder; it does not exist if there are no such images.
        images: Their number.
        linked: Whether they are links to the dataset's files.
    """

    folder: str
    images: int
    linked: bool


def require_destination(destination: Path, dataset: Path | None) -> None:
    """Check that the images can be written into a folder.

    Args:
        destination: The folder.
        dataset: The folder or file of the user's images; None for a named dataset.

    Raises:
        RunError: It has files, it cannot be written, or it is in the dataset.
    """
    with writing(destination):
        if destination.exists() and not destination.is_dir():
            raise RunError(f"{destination}: is a file, not a folder", _OTHER_FOLDER)
        if destination.exists() and any(destination.iterdir()):
            free = next(
                folder
                for number in count(2)
                if not (folder := destination.with_name(f"{destination.name}-{number}")).exists()
            )
            raise RunError(
                f"{destination}: has files in it",
                f"write --wrong {shell_word(free)}, or remove {destination} first",
            )
    if dataset is not None and destination.resolve().is_relative_to(dataset.resolve()):
        raise RunError(
            f"{destination}: is in the folder of the images, where it would be read as a class",
            "choose a folder elsewhere",
        )
    require_writable(destination.parent)


def require_files(test: Images) -> None:
    """Check that images have files, to which links can be made.

    Raises:
        RunError: They have none.
    """
    if test.root is None:
        raise RunError(
            "the dataset has no image files to link to", "leave --link out: images are written"
        )


def write_misclassified(
    test: Images,
    predictions: Predictions,
    class_names: Sequence[str],
    destination: Path,
    link: bool = False,
    progress: Progress | None = None,
) -> Misclassified:
    """Copy the images that were classified wrong to `destination/true class/predicted class/`.

    Images that have no files are written as PNG, named after their index in predictions.csv. All
    images are written, or none.

    Args:
        test: The test images.
        predictions: The predictions for them.
        class_names: The name of each class. What is not valid in a folder's name becomes `_`.
        destination: A new or empty folder.
        link: Whether to link to the files instead of copying them.
        progress: Shows the images copied.

    Raises:
        RunError: The folder cannot be written, or the images have no files to link to.
        DataError: A file cannot be read any more.
    """
    progress = progress or Progress()
    if link:
        require_files(test)
    wrong = np.flatnonzero(predictions.predicted != predictions.label)
    if not len(wrong):
        return Misclassified(str(destination), 0, link)
    paths_in_folder = _paths_in_folder(predictions, wrong, valid_names(class_names), test.names)
    sources = None
    if test.root is not None and test.names is not None:
        names = test.names
        sources = [test.root / names[index] for index in predictions.index[wrong].tolist()]
    target = destination.resolve()
    remove_leftovers_of(target)
    with (
        atomic(target, None if sources is None or link else _size(sources)) as folder,
        progress.task("Linking" if link else "Copying", len(wrong), "images") as advance,
    ):
        for relative in paths_in_folder:
            (folder / relative).parent.mkdir(parents=True, exist_ok=True)
        paths = [folder / relative for relative in paths_in_folder]
        if sources is None:
            _write_pixels(test, predictions.index[wrong], paths, advance)
        else:
            _copy_files(sources, paths, link, advance)
    return Misclassified(str(destination), len(wrong), link)


def _paths_in_folder(
    predictions: Predictions,
    wrong: np.ndarray,
    folders: Sequence[str],
    names: Sequence[str] | None,
) -> list[str]:
    """Return where each image goes, relative to the destination."""
    digits = len(str(predictions.index.max()))
    pairs: dict[tuple[int, int], list[int]] = {}
    for position, row in enumerate(wrong.tolist()):
        pair = int(predictions.label[row]), int(predictions.predicted[row])
        pairs.setdefault(pair, []).append(position)
    found = [""] * len(wrong)
    for (label, predicted), positions in pairs.items():
        indices = predictions.index[wrong[positions]].tolist()
        if names is None:
            chosen = [f"{index:0{digits}}.png" for index in indices]
        else:
            chosen = file_names([names[index] for index in indices])
        for position, name in zip(positions, chosen, strict=True):
            found[position] = f"{folders[label]}/{folders[predicted]}/{name}"
    return found


def _size(sources: Sequence[Path]) -> int:
    size = 0
    for source in sources:
        with reading(source):
            size += source.stat().st_size
    return size


def _copy_files(
    sources: Sequence[Path], paths: Sequence[Path], link: bool, advance: Advance
) -> None:
    for source, path in zip(sources, paths, strict=True):
        stop_if_requested()
        if link:
            _link(source, path)
        else:
            with reading(source):
                stream = source.open("rb")
            with stream, path.open("xb") as copy:
                shutil.copyfileobj(stream, copy)
        advance(1)


def _link(source: Path, path: Path) -> None:
    try:
        path.symlink_to(source.absolute())
    except (OSError, NotImplementedError) as error:
        # Windows lets only administrators and developers make links, and FAT has none.
        raise RunError(
            f"links cannot be made here: {getattr(error, 'strerror', None) or error}",
            "leave --link out: images are copied",
        ) from None


def _write_pixels(
    test: Images, indices: np.ndarray, paths: Sequence[Path], advance: Advance
) -> None:
    for start in range(0, len(indices), _BATCH):
        stop_if_requested()
        batch = test.read(indices[start : start + _BATCH])
        for pixels, path in zip(batch, paths[start : start + _BATCH], strict=True):
            _image(pixels).save(path, format="PNG")
        advance(len(batch))


def _image(pixels: np.ndarray) -> Image.Image:
    """Return pixels as an image: gray, or color for three channels; the mean of other numbers."""
    if pixels.shape[-1] == 3:
        return Image.fromarray(pixels)
    return Image.fromarray(pixels.mean(axis=-1).round().astype(np.uint8))
