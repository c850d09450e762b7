"""What a recipe calls a dataset of one's own, by its path."""

from __future__ import annotations

from pathlib import Path

from kcnn.errors import DataError

FOLDER = "folder"
# The files that hold images, or a table of them.
DATASETS_BY_SUFFIX = {
    ".npz": "npz", ".csv": "csv", ".tsv": "csv", ".parquet": "csv", ".pq": "csv",
}  # fmt: skip


def dataset_of(path: Path) -> str:
    """Return what a recipe calls a dataset: folder, csv or npz.

    Args:
        path: Its folder or file.

    Raises:
        DataError: There is no such folder, or a file of another kind.
    """
    if path.is_dir():
        return FOLDER
    if path.exists() and path.suffix.lower() in DATASETS_BY_SUFFIX:
        return DATASETS_BY_SUFFIX[path.suffix.lower()]
    what = "no file of images that kcnn knows" if path.exists() else "no such folder or file"
    raise DataError(
        f"{path}: {what}",
        "name a folder that has a folder of images for each class, a .csv table or an .npz file",
    )
