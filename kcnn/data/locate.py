"""Find data: the data directories in their order, and a named dataset in them or by download."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kcnn.data.catalog import NAMED_DATASETS, Layout, NamedDataset
from kcnn.errors import DataError
from kcnn.progress import Progress


@dataclass(frozen=True)
class StoredDataset:
    """A named dataset that was found on disk.

    Args:
        named: Which dataset it is.
        layout: The form of its files.
        folder: The folder with the layout's files.
    """

    named: NamedDataset
    layout: Layout
    folder: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of the dataset."""
        return tuple(self.folder / name for name in self.layout.files)

    @property
    def path(self) -> Path:
        """The file, or the folder of several files; for messages."""
        return self.files[0] if len(self.files) == 1 else self.folder


def data_directories(data_dir: Path | None) -> list[Path]:
    """List where data is looked for: --data-dir, KCNN_DATA, Keras's cache.

    Args:
        data_dir: The folder in which datasets are looked for first.

    Returns:
        The folders, in the order of the search; none if a user without a home folder names none.

    Raises:
        DataError: --data-dir or KCNN_DATA is not a directory.
    """
    directories = []
    if data_dir is not None:
        directories.append(_require_directory(data_dir, "--data-dir"))
    if variable := os.environ.get("KCNN_DATA"):
        directories.append(_require_directory(_expanded(variable, "KCNN_DATA"), "KCNN_DATA"))
    if (cache := keras_cache()) is not None:
        directories.append(cache)
    return directories


def keras_cache() -> Path | None:
    """Return the folder in which Keras keeps the datasets it downloads; it may not exist yet.

    None without a folder of Keras's own, see `keras_folder`.
    """
    folder = keras_folder()
    return None if folder is None else folder / "datasets"


def keras_folder() -> Path | None:
    """Return KERAS_HOME, or else Keras's folder in the user's home; it may not exist yet.

    None for a user without a home folder, as in `docker run --user 12345`. Keras then uses /tmp,
    where any user of the machine could put data.
    """
    if home := os.environ.get("KERAS_HOME"):
        return _expanded(home, "KERAS_HOME")
    try:
        return Path.home() / ".keras"
    except RuntimeError:
        return None


def _expanded(path: str, origin: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise DataError(
            f"{origin} {path}: begins with the home of a user that is not there",
            "name a folder that is there",
        ) from None


def locate(named: NamedDataset, data_dir: Path | None) -> StoredDataset | None:
    """Find a named dataset on this machine; read nothing but folders.

    Args:
        named: The dataset to find.
        data_dir: The folder in which datasets are looked for first.

    Returns:
        The first folder that holds all its files, or None.

    Raises:
        DataError: --data-dir or KCNN_DATA is not a directory.
    """
    for directory in data_directories(data_dir):
        for layout in named.layouts:
            for folder in _folders(directory, named, layout):
                stored = StoredDataset(named, layout, folder)
                if all(path.is_file() for path in stored.files):
                    return stored
    return None


def locate_or_download(
    named: NamedDataset, data_dir: Path | None, progress: Progress
) -> StoredDataset:
    """Find a named dataset on this machine, or download it.

    Args:
        named: The dataset.
        data_dir: The folder in which datasets are looked for first.
        progress: Shows each file's bytes.

    Raises:
        DataError: --data-dir or KCNN_DATA is not a directory. Or a download failed, is not the
            original, or cannot be written.
    """
    if (stored := locate(named, data_dir)) is not None:
        return stored
    from kcnn.data.download import download  # here, because it imports packages for HTTP

    return download(named, data_dir, progress)


def _folders(directory: Path, named: NamedDataset, layout: Layout) -> Iterator[Path]:
    for name in named.folders:
        yield from (directory / name / inner for inner in layout.folders)
    # All IDX datasets have the file names of MNIST, so only the folder distinguishes them.
    if layout.format != "idx" or _idx_owner(directory) == named.name:
        yield from (directory / inner for inner in layout.folders)


def _idx_owner(directory: Path) -> str:
    folder = directory.resolve()
    for named in NAMED_DATASETS.values():
        if {folder.name, folder.parent.name} & set(named.folders):
            return named.name
    return "mnist"


def _require_directory(path: Path, origin: str) -> Path:
    if path.is_dir():
        return path
    raise DataError(
        f"{origin} {path}: not a directory"
        if path.exists()
        else f"{origin} {path}: no such directory",
        "name the folder that holds the datasets, or make it: downloads then go there",
    )
