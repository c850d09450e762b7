"""What is known of one's own images before any is read, without NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kcnn.data.class_folders import find_class_folders
from kcnn.errors import DataError

if TYPE_CHECKING:
    from kcnn.recipe.schema import DataSettings


def count_classes(settings: DataSettings) -> int | None:
    """Finds the images that `data.path` names, and counts their classes.

    Args:
        settings: A recipe's data settings, with a path.

    Returns:
        How many classes there are; None of an npz, whose arrays alone know it.

    Raises:
        DataError: They are not there, or their folders do not show two classes.
    """
    path = settings.path
    assert path is not None
    try:
        if settings.dataset == "folder":
            return len(find_class_folders(path).class_names)
        require_npz(path)
    except OSError as error:  # a folder that may not be entered, or a name that is too long
        raise DataError(f"{error.filename}: cannot be read: {error.strerror}") from None
    return None


def require_npz(path: Path) -> None:
    """Makes sure that a file is there.

    Raises:
        DataError: There is none, or a folder.
    """
    if path.is_dir():
        raise DataError(
            f"{path}: is a folder, expected an .npz file", "dataset: folder reads folders of images"
        )
    if not path.is_file():
        raise DataError(
            f"{path}: no such file",
            "data.path names the .npz file: as seen from where the recipe lies or, on the command "
            "line, from here",
        )
