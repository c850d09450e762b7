"""Check that a dataset is the one that a run was trained and scored on, by its summary.json."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import normalize

from kcnn.errors import RunError
from kcnn.progress import Progress
from kcnn.runs.folder import RunFolder
from kcnn.runs.summary import read_status, read_summary
from kcnn.text.listed import listed

MAX_NAMED = 10  # classes in a message


def trained_classes(run: RunFolder, class_names: Sequence[str], progress: Progress) -> list[str]:
    """Return the classes that a run was trained on, in the order of its outputs.

    Args:
        run: The run.
        class_names: The dataset's classes. A run that was stopped before it wrote its own is
            assumed to have them.
        progress: Receives a note if that is assumed.

    Raises:
        RunError: The run is finished and lacks them.
    """
    try:
        return read_summary(run).class_names()
    except RunError:
        if read_status(run) == "finished":
            raise
        progress.note(
            f"{run.title}: stopped before its classes were written; assuming those of the dataset"
        )
        return list(class_names)


def require_same_classes(run: RunFolder, class_names: Sequence[str], progress: Progress) -> None:
    """Check that a run was trained on the classes of a dataset, in their order.

    Args:
        run: The run.
        class_names: The dataset's classes.
        progress: As of `trained_classes`.

    Raises:
        RunError: It was trained on others or in another order, or is finished and lacks them.
    """
    trained = trained_classes(run, class_names, progress)
    if not same_names(trained, class_names):
        raise RunError(
            f"{run.path}: was trained on {_listed(trained, class_names)}; the dataset now has "
            f"{_listed(class_names, trained)}",
            "restore the former names of the classes, or train it again with kcnn fit",
        )


def trained_on_several_labels(run: RunFolder, has_several: bool) -> bool:
    """Return whether a run was trained on images that may have several labels.

    Args:
        run: The run.
        has_several: Whether the dataset's images may have several. A run that was stopped before it
            wrote its own is assumed to have been trained on such.
    """
    if read_status(run) != "finished":
        return has_several
    return read_summary(run).has_several_labels


def require_same_labels(run: RunFolder, has_several: bool) -> None:
    """Check that images may have several labels if and only if those of a run might.

    Args:
        run: The run.
        has_several: Whether the dataset's images may have several.

    Raises:
        RunError: Only one of both has such images.
    """
    if trained_on_several_labels(run, has_several) != has_several:
        before, now = "several labels", "one class each"
        if has_several:
            before, now = now, before
        raise RunError(
            f"{run.path}: was trained on images with {before}; those of the dataset now have {now}",
            "restore the former labels, or train it again with kcnn fit",
        )


def same_names(names: Sequence[str], others: Sequence[str]) -> bool:
    """Return whether names of classes are the same, in any form of Unicode.

    Runs of kcnn 0.1 have the names as the file system wrote them: `Bär` is decomposed on macOS.
    """
    return [normalize("NFC", name) for name in names] == [normalize("NFC", name) for name in others]


def has_same_test_images(run: RunFolder, digest: str) -> bool:
    """Return whether a run was scored on the test images with this hash.

    A run that was never scored, or by a kcnn that wrote no hash or another kind of hash, is assumed
    to have the same.
    """
    try:
        summary = read_summary(run)
    except RunError:
        return True
    recorded = summary.text("test_images_digest")
    return recorded is None or not digests_differ(recorded, digest)


def digests_differ(first: str, other: str) -> bool:
    """Return whether two digests show that images differ.

    Digests of pixels and of files cannot be compared (see `kcnn.data.dataset.Images.hashed`).
    """
    kinds = [digest.rpartition(":")[0] for digest in (first, other)]
    return kinds[0] == kinds[1] and first != other


def require_same_test_images(run: RunFolder, digest: str) -> None:
    """Check that a run was scored on the test images with this hash.

    Raises:
        RunError: It was scored on others.
    """
    if not has_same_test_images(run, digest):
        raise RunError(
            f"{run.path}: was scored on other test images than those that are here now",
            "bring those back, or train it again with kcnn fit",
        )


def _listed(names: Sequence[str], others: Sequence[str]) -> str:
    """Return some names with commas, first those that the others lack."""
    return listed(sorted(names, key=lambda name: name in others), MAX_NAMED)
