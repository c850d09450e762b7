"""The image files of a dataset, from wherever they are listed."""

from __future__ import annotations

from pathlib import Path

from kcnn.data.csv_listing import list_csv
from kcnn.data.folder_listing import list_folder
from kcnn.data.listing import FileListing

# A kind of dataset that has a file for each image is one row here, and one function.
_LISTS = {"folder": list_folder, "csv": list_csv}


def list_files(dataset: str, path: Path) -> FileListing:
    """List the image files of a dataset.

    Args:
        dataset: One of `kcnn.recipe.data_settings.DATASETS_OF_FILES`.
        path: Its folder or table.

    Raises:
        DataError: They are not there, or are no dataset.
        OSError: They cannot be read.
    """
    return _LISTS[dataset](path)
