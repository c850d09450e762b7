"""Find the files of pretrained weights: a file of the recipe's, or Keras's own from ImageNet."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from kcnn.data.cannot_read import cannot_read
from kcnn.data.catalog import Download
from kcnn.data.locate import keras_folder
from kcnn.errors import DataError, KcnnError
from kcnn.files.read import opened
from kcnn.files.weights import begins_like_weights
from kcnn.progress import Progress
from kcnn.recipe.applications.table import ImageNetFile

_BLOCK = 2**20


@dataclass(frozen=True)
class PretrainedFile:
    """A file of weights.

    Args:
        path: The file.
        md5: Its hash as Keras publishes most of them.
        sha256: Its hash.
    """

    path: Path
    md5: str
    sha256: str


def require_weights_file(path: Path) -> None:
    """Raise unless a file is there that begins as a file of weights does.

    Raises:
        DataError: It is missing, cannot be read, or is something else.
    """
    try:
        is_weights = begins_like_weights(path)
    except OSError as error:
        raise cannot_read(path, error) from None
    except KcnnError as error:
        raise DataError(error.message, error.hint) from None
    if not is_weights:
        raise DataError(
            f"{path}: not a file of weights, which is .weights.h5, .h5 or .keras",
            "name such a file, or write weights: imagenet",
        )


def keras_path(file: ImageNetFile) -> Path | None:
    """Return where Keras keeps a file of ImageNet weights; it may not be there.

    None without a folder of Keras's own, see `keras_folder`.
    """
    home = keras_folder()
    return None if home is None else home / "models" / file.file


def find_imagenet(file: ImageNetFile, progress: Progress) -> PretrainedFile:
    """Find Keras's ImageNet weights in its cache, or download them into it.

    Keras itself is not asked: it deletes a file of another hash before it downloads anew.

    Args:
        file: Which file.
        progress: Shows the bytes that are downloaded.

    Raises:
        DataError: The file in the cache is another one, or it cannot be downloaded.
    """
    path = keras_path(file)
    if path is None:
        raise DataError(
            f"no folder to look for {file.file} in: this user has no home folder",
            "set KERAS_HOME to a folder",
        )
    if not path.exists():
        _download(file, path.parent, progress)
    found = read_hashes(path)
    if file.hash not in (None, found.md5, found.sha256):
        raise DataError(
            f"{path}: not the file that Keras publishes: its hash is "
            f"{_alike(found, file.hash)}, expected {file.hash}",
            "move it away to download it anew, or write its path as weights",
        )
    return found


def read_hashes(path: Path) -> PretrainedFile:
    """Compute the hashes of a file of weights.

    Raises:
        DataError: It is missing, cannot be read, or is something else.
    """
    require_weights_file(path)
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    try:
        with opened(path) as stream:
            while block := stream.read(_BLOCK):
                md5.update(block)
                sha256.update(block)
    except OSError as error:
        raise cannot_read(path, error) from None
    return PretrainedFile(path, md5.hexdigest(), sha256.hexdigest())


def _download(file: ImageNetFile, folder: Path, progress: Progress) -> None:
    from kcnn.data.download import DOWNLOAD_ERRORS, fetch, reason_of  # slow to import

    known = file.hash and f"{'md5' if len(file.hash) == 32 else 'sha256'}:{file.hash}"
    try:
        fetch(Download(file.url, file.file, known, None), folder, progress)
    except DOWNLOAD_ERRORS as error:
        raise DataError(
            f"{file.url}: download failed: {reason_of(error)}",
            f"get {file.file} by other means and put it into {folder}, or write a file of yours as "
            "weights",
        ) from None
    except OSError as error:
        raise DataError(
            f"{folder / file.file}: cannot be written: {error.strerror or error}",
            "make room, or set KERAS_HOME to another folder",
        ) from None


def _alike(found: PretrainedFile, expected: str | None) -> str:
    return found.md5 if expected is not None and len(expected) == len(found.md5) else found.sha256
