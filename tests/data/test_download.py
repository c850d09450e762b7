from __future__ import annotations

import hashlib
import pickle
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kcnn.data import download as module
from kcnn.data.catalog import NAMED_DATASETS, Download, NamedDataset
from kcnn.data.download import download
from kcnn.data.locate import locate_or_download
from kcnn.errors import DataError
from kcnn.progress import Event, Progress, TaskAdvanced, TaskStarted

FASHION_MNIST = NAMED_DATASETS["fashion_mnist"]
# Longer than two of the chunks in which files are read.
CONTENTS = {
    file.name: bytes([number]) * (module.CHUNK_BYTES * 2 + 1000 * number)
    for number, file in enumerate(FASHION_MNIST.downloads)
}


class Counter(Progress):
    """Record the progress of each file."""

    def __init__(self) -> None:
        self.tasks: dict[str, list[int]] = {}

    def receive(self, event: Event) -> None:
        match event:
            case TaskStarted(title, _, unit):
                assert unit == "bytes"
                self._seen = self.tasks.setdefault(title, [])
            case TaskAdvanced(count):
                self._seen.append(count)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


class Endless(BaseHTTPRequestHandler):
    """Send 64 MB for any request."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):  # the client disconnects
            for _ in range(64):
                self.wfile.write(bytes(1_000_000))
                type(self).sent += 1_000_000

    sent = 0

    def log_message(self, *arguments: object) -> None:
        pass


class CutOff(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        self.wfile.write(bytes(300_000))

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def serve(handler) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """Serve the four files, and return the address."""
    folder = tmp_path / "served"
    folder.mkdir()
    for name, content in CONTENTS.items():
        (folder / name).write_bytes(content)
    with serve(partial(Quiet, directory=str(folder))) as address:
        yield address


@pytest.fixture
def data_dir(no_data: Path, tmp_path: Path, monkeypatch) -> Path:
    # Pooch's pauses between attempts are long.
    monkeypatch.setattr(module, "RETRIES", 0)
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def from_server(address: str) -> NamedDataset:
    """Return Fashion-MNIST with other contents and another address."""
    return replace(
        FASHION_MNIST,
        downloads=tuple(
            Download(
                f"{address}/{name}", name, f"md5:{hashlib.md5(content).hexdigest()}", len(content)
            )
            for name, content in CONTENTS.items()
        ),
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_downloads_all_files(server, data_dir) -> None:
    progress = Counter()
    stored = download(from_server(server), data_dir, progress)
    assert stored.folder == data_dir / "fashion-mnist"
    assert stored.layout.files[0] == "train-images-idx3-ubyte.gz"
    assert contents(stored.folder) == CONTENTS
    assert {title: sum(seen) for title, seen in progress.tasks.items()} == {
        f"Downloading {name}": len(content) for name, content in CONTENTS.items()
    }
    assert all(len(seen) >= 2 for seen in progress.tasks.values())
    assert stored.files[0].stat().st_mode & 0o777 == 0o644


def test_does_not_download_files_that_exist(data_dir) -> None:
    named = from_server("http://127.0.0.1:1")
    folder = data_dir / "fashion-mnist"
    folder.mkdir()
    for name in CONTENTS:
        (folder / name).write_bytes(b"a person's own")
    assert locate_or_download(named, data_dir, Progress()).folder == folder


def test_downloads_only_missing_files(server, data_dir) -> None:
    folder = data_dir / "fashion-mnist"
    folder.mkdir()
    own = "train-labels-idx1-ubyte.gz"
    (folder / own).write_bytes(b"a person's own")
    locate_or_download(from_server(server), data_dir, Progress())
    assert contents(folder) == CONTENTS | {own: b"a person's own"}


def test_downloads_to_kcnn_data_or_the_keras_cache(server, data_dir, no_data, monkeypatch):
    named = from_server(server)
    assert download(named, None, Progress()).folder == no_data / "datasets" / "fashion-mnist"
    monkeypatch.setenv("KCNN_DATA", str(data_dir))
    assert download(named, None, Progress()).folder == data_dir / "fashion-mnist"


def assert_fails(named: NamedDataset, data_dir: Path, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        download(named, data_dir, Progress())
    assert "\n" not in caught.value.message
    assert caught.value.message.startswith(named.downloads[0].url)
    assert f"put them into {data_dir / 'fashion-mnist'}" in caught.value.hint
    assert "recipes/digits.yaml" in caught.value.hint
    assert contents(data_dir / "fashion-mnist") == {}


def test_refuses_a_wrong_hash(server, data_dir) -> None:
    named = from_server(server)
    wrong = replace(named.downloads[0], known_hash=FASHION_MNIST.downloads[0].known_hash)
    named = replace(named, downloads=(wrong, *named.downloads[1:]))
    assert_fails(named, data_dir, "not the original file")


def test_reports_not_found(server, data_dir) -> None:
    assert_fails(from_server(f"{server}/gone"), data_dir, "the server answered 404")


def test_reports_a_refused_connection(data_dir) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        assert_fails(from_server(address), data_dir, "no connection to the server")


def test_reports_a_truncated_download(data_dir) -> None:
    with serve(CutOff) as address:
        assert_fails(from_server(address), data_dir, "the connection broke off")


def test_stops_reading_if_a_server_sends_too_much(data_dir) -> None:
    with (
        serve(Endless) as address,
        pytest.raises(DataError, match="the server sends more than the 524,288 bytes of the orig"),
    ):
        download(from_server(address), data_dir, Progress())
    assert Endless.sent < 30_000_000
    assert not list((data_dir / "fashion-mnist").iterdir())


def test_every_download_has_a_known_hash_and_uses_tls() -> None:
    files = [file for named in NAMED_DATASETS.values() for file in named.downloads]
    assert len(files) == 7
    for file in files:
        assert file.url.startswith("https://")
        assert re.fullmatch("md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}", file.known_hash)
        assert file.size > 0


def test_second_attempt_can_succeed(server, data_dir, monkeypatch) -> None:
    class FailsOnce(CutOff):
        requests = 0

        def do_GET(self) -> None:
            FailsOnce.requests += 1
            if FailsOnce.requests == 1:
                super().do_GET()
            else:
                self.send_response(302)
                self.send_header("Location", server + self.path)
                self.end_headers()

    monkeypatch.setattr(module, "RETRIES", 1)
    with serve(FailsOnce) as address:
        stored = download(from_server(address), data_dir, Progress())
    assert contents(stored.folder) == CONTENTS


def test_refuses_a_folder_that_cannot_be_written(server, data_dir) -> None:
    (data_dir / "fashion-mnist").write_text("a file where the folder should be")
    with pytest.raises(DataError, match=r"fashion-mnist/.*: cannot be written"):
        download(from_server(server), data_dir, Progress())


def test_two_processes_can_download_at_once(server, data_dir) -> None:
    code = (
        "import pickle, sys; from pathlib import Path;"
        "from kcnn.data.download import download; from kcnn.progress import Progress;"
        "download(pickle.load(sys.stdin.buffer), Path(sys.argv[1]), Progress())"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(data_dir)], stdin=subprocess.PIPE)
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(pickle.dumps(from_server(server)))
        process.stdin.close()
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    assert contents(data_dir / "fashion-mnist") == CONTENTS


class ShortChunks(BaseHTTPRequestHandler):
    """Send a file in transfer chunks that are shorter than the chunks in which it is read."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        content = CONTENTS[self.path[1:]]
        for start in range(0, len(content), 8192):
            part = content[start : start + 8192]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *arguments: object) -> None:
        pass


def test_progress_counts_short_chunks_exactly(data_dir) -> None:
    with serve(ShortChunks) as address:
        stored = download(from_server(address), data_dir, Progress())
    assert contents(stored.folder) == CONTENTS
