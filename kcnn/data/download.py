"""Download named datasets: complete and checked, or not at all."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pooch
import requests

from kcnn.data.catalog import Download, NamedDataset
from kcnn.data.locate import StoredDataset, data_directories
from kcnn.errors import DataError
from kcnn.progress import Advance, Progress

RETRIES = 2
CHUNK_BYTES = 1 << 18
MAX_BYTES = 1 << 32  # of a file whose length is not known
# What `fetch` raises if nothing arrives, or something else. pooch raises ValueError for a hash that
# differs.
DOWNLOAD_ERRORS = (requests.RequestException, ValueError)


def download(named: NamedDataset, data_dir: Path | None, progress: Progress) -> StoredDataset:
    """Download what is missing of a named dataset and check it against the known hashes.

    Files go to --data-dir, else KCNN_DATA, else Keras's cache. An existing file is never replaced.
    Each file is downloaded under a temporary name, checked and then renamed, so two processes may
    download at once.

    Args:
        named: The dataset to download.
        data_dir: The folder in which datasets are looked for first.
        progress: Shows each file's bytes.

    Raises:
        DataError: A download failed, is not the original, or cannot be written.
    """
    directories = data_directories(data_dir)
    if not directories:
        raise DataError(
            f"no folder to download {named.name} into: this user has no home folder",
            "name a folder with --data-dir or KCNN_DATA, or set HOME",
        )
    folder = directories[0] / named.download_folder
    for file in named.downloads:
        if (folder / file.name).exists():
            continue
        try:
            fetch(file, folder, progress)
        except DOWNLOAD_ERRORS as error:
            raise DataError(
                f"{file.url}: download failed: {reason_of(error)}",
                f"{_what_to_do(named, folder)}, or train on data that needs no download: "
                "kcnn fit recipes/digits.yaml",
            ) from None
        except OSError as error:
            raise DataError(
                f"{folder / file.name}: cannot be written: {error.strerror or error}",
                "choose another folder with --data-dir, or make room",
            ) from None
    names = {file.name for file in named.downloads}
    layout = next(layout for layout in named.layouts if set(layout.files) == names)
    return StoredDataset(named, layout, folder)


def fetch(file: Download, folder: Path, progress: Progress) -> Path:
    """Download a file into a folder, complete and checked or not at all.

    Args:
        file: The file.
        folder: The folder, which is made if it is missing.
        progress: Shows its bytes.

    Raises:
        OSError: It cannot be written.
        requests.RequestException: It does not arrive; `reason_of` says why.
        ValueError: Another file arrives.
    """
    pooch.get_logger().setLevel(logging.ERROR)
    store = pooch.create(
        path=folder,
        base_url="",
        registry={file.name: file.known_hash},
        urls={file.name: file.url},
        retry_if_failed=RETRIES,
    )
    path = Path(store.fetch(file.name, downloader=_downloader(file, progress)))
    # pooch's temporary files are private, but a data directory is often shared.
    path.chmod(0o644)
    return path


def _downloader(file: Download, progress: Progress) -> Callable[[str, str, object], None]:
    def download_to(url: str, output_file: str, store: object) -> None:
        with (
            Path(output_file).open("wb") as output,
            progress.task(f"Downloading {file.name}", file.size, "bytes") as advance,
        ):
            http = pooch.HTTPDownloader(progressbar=_Bar(advance), chunk_size=CHUNK_BYTES)
            http(url, _Bounded(output, file.size or MAX_BYTES), store)

    return download_to


class _TooLongError(requests.RequestException):
    """The server sends more bytes than the original has.

    Args:
        size: Number of bytes of the original.
    """

    def __init__(self, size: int) -> None:
        super().__init__(f"the server sends more than the {size:,} bytes of the original")


class _Bounded:
    """A file that accepts no more bytes than the original has."""

    def __init__(self, output: BinaryIO, max_bytes: int) -> None:
        self._output = output
        self._max_bytes = max_bytes
        self._received = 0

    def write(self, content: bytes) -> None:
        self._received += len(content)
        if self._received > self._max_bytes:
            raise _TooLongError(self._max_bytes)
        self._output.write(content)

    def flush(self) -> None:
        self._output.flush()


class _Bar:
    """A progress bar for pooch, which counts whole chunks and fills the bar again at the end."""

    total = 0

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self._position = 0
        self._shown = 0

    def update(self, count: int) -> None:
        self._position = min(self._position + count, self.total)
        if self._position > self._shown:
            self._advance(self._position - self._shown)
            self._shown = self._position

    def reset(self) -> None:
        self._position = 0

    def close(self) -> None:
        pass


def reason_of(error: Exception) -> str:
    """Return why a download failed, in words.

    Args:
        error: What `fetch` raised.
    """
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "the server did not answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off before the file was whole"
    if isinstance(error, requests.ConnectionError):
        return "no connection to the server"
    if isinstance(error, requests.RequestException):
        return str(error)
    return "what arrived is not the original file (its hash differs)"


def _what_to_do(named: NamedDataset, folder: Path) -> str:
    missing = [file.name for file in named.downloads if not (folder / file.name).exists()]
    return f"get {', '.join(missing)} by other means and put {_them(missing)} into {folder}"


def _them(names: list[str]) -> str:
    return "it" if len(names) == 1 else "them"
