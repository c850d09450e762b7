"""kcnn data: list, fetch and verify the named datasets."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from kcnn.data.cannot_read import cannot_read
from kcnn.data.catalog import NAMED_DATASETS, NamedDataset
from kcnn.data.locate import StoredDataset, locate, locate_or_download
from kcnn.errors import DataError
from kcnn.progress import Advance, Progress


@dataclass(frozen=True)
class DatasetRow:
    """A named dataset.

    Args:
        name: Its name in recipes.
        title: Its name in prose.
        found: Its path, `scikit-learn`, or None if it is not on this machine.
        train_count: Number of training images.
        test_count: Number of test images.
        image_shape: Height, width and channels.
        class_names: Names of the classes.
    """

    name: str
    title: str
    found: str | None
    train_count: int
    test_count: int
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class DatasetTable:
    """The named datasets.

    Args:
        rows: One per dataset.
    """

    rows: tuple[DatasetRow, ...]

    def as_json(self) -> list[dict[str, Any]]:
        """Return what json.dumps takes."""
        return [asdict(row) for row in self.rows]


@dataclass(frozen=True)
class FetchedDataset:
    """A dataset that is on this machine now.

    Args:
        name: Its name.
        path: Its file or folder.
    """

    name: str
    path: Path

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        return {"name": self.name, "path": str(self.path)}


@dataclass(frozen=True)
class Verification:
    """What reading a dataset found.

    Args:
        name: Its name.
        path: Where it is.
        sha256: SHA-256 of each file, by name.
        original: Whether the files are the original ones; None if no hash of this form is known.
        readable: Whether its images can be read.
        problem: Why they cannot; None if they can.
        train_count: Number of training images; None if unreadable.
        test_count: Number of test images; None if unreadable.
    """

    name: str
    path: str
    sha256: dict[str, str]
    original: bool | None
    readable: bool
    problem: str | None
    train_count: int | None
    test_count: int | None

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        return asdict(self)


def list_datasets(data_dir: Path | None) -> DatasetTable:
    """List the named datasets and where each is found; read no images.

    Args:
        data_dir: The folder in which datasets are looked for first.

    Raises:
        DataError: --data-dir or KCNN_DATA is not a directory.
    """
    return DatasetTable(
        tuple(
            DatasetRow(
                name=dataset.name,
                title=dataset.title,
                found=_found(dataset, data_dir),
                train_count=dataset.train_count,
                test_count=dataset.test_count,
                image_shape=dataset.image_shape,
                class_names=dataset.class_names,
            )
            for dataset in NAMED_DATASETS.values()
        )
    )


def fetch(name: str, data_dir: Path | None, progress: Progress) -> FetchedDataset:
    """Find a named dataset on this machine, or download it.

    Args:
        name: Its name.
        data_dir: The folder in which datasets are looked for first, and to which they are
            downloaded; see `kcnn.data.download`.
        progress: Shows downloads.

    Raises:
        DataError: There is nothing to download under that name, or the download failed.
    """
    stored = locate_or_download(_downloadable(name), data_dir, progress)
    return FetchedDataset(name, stored.path)


def verify(name: str, data_dir: Path | None, progress: Progress) -> Verification:
    """Read a dataset, and compare its files with the original ones.

    Args:
        name: Its name.
        data_dir: The folder in which datasets are looked for first.
        progress: Shows the bytes that are hashed.

    Raises:
        DataError: There is no such dataset, it is not on this machine, or a file cannot be read.
    """
    from kcnn.data.load import read_stored

    named = _downloadable(name)
    stored = locate(named, data_dir)
    if stored is None:
        raise DataError(f"{name}: not on this machine", f"kcnn data fetch {name} gets it")
    hashes = _hash_files(stored, progress)
    result = Verification(
        name=name,
        path=str(stored.path),
        sha256={file: digests["sha256"] for file, digests in hashes.items()},
        original=_is_original(named, hashes),
        readable=True,
        problem=None,
        train_count=None,
        test_count=None,
    )
    try:
        dataset = read_stored(stored)
    except DataError as error:
        return replace(result, readable=False, problem=error.message)
    return replace(result, train_count=len(dataset.train), test_count=len(dataset.test))


def _found(named: NamedDataset, data_dir: Path | None) -> str | None:
    if not named.downloads:
        return "scikit-learn"
    stored = locate(named, data_dir)
    return None if stored is None else str(stored.path)


def _downloadable(name: str) -> NamedDataset:
    names = [named.name for named in NAMED_DATASETS.values() if named.downloads]
    if name in names:
        return NAMED_DATASETS[name]
    if name in NAMED_DATASETS:
        raise DataError(f"{name}: comes with scikit-learn, there is no file to fetch or verify")
    if name in ("folder", "npz"):
        raise DataError(
            f"{name}: means your own images, there is nothing to fetch or verify",
            "write their path into the recipe: data.path",
        )
    raise DataError(f"{name}: no such dataset", f"the datasets to fetch are {', '.join(names)}")


def _hash_files(stored: StoredDataset, progress: Progress) -> dict[str, dict[str, str]]:
    total = sum(path.stat().st_size for path in stored.files)
    hashes = {}
    with progress.task(f"Hashing {stored.path.name}", total, "bytes") as advance:
        for path in stored.files:
            try:
                hashes[path.name] = _hash_file(path, advance)
            except OSError as error:
                raise cannot_read(path, error) from None
    return hashes


def _hash_file(path: Path, advance: Advance) -> dict[str, str]:
    digests = {name: hashlib.new(name) for name in ("sha256", "md5")}
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            for digest in digests.values():
                digest.update(chunk)
            advance(len(chunk))
    return {name: digest.hexdigest() for name, digest in digests.items()}


def _is_original(named: NamedDataset, hashes: dict[str, dict[str, str]]) -> bool | None:
    if not all(file in named.known_hashes for file in hashes):
        return None
    return all(
        digests[algorithm] == known
        for file, digests in hashes.items()
        for algorithm, known in [named.known_hashes[file].split(":")]
    )
