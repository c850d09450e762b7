"""serve.py sends a page's files with the types that browsers ask for."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

SERVE = Path(__file__).resolve().parents[3] / "kcnn" / "export" / "page" / "serve.py"
NO_BROWSER = os.environ | {"BROWSER": f"{Path(sys.executable).as_posix()} -c pass %s"}


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "web"
    (folder / "litertjs").mkdir(parents=True)
    for name in ("index.html", "page.js", "kcnn.json", "style.css", "litertjs/litert.wasm"):
        (folder / name).write_text(name)
    shutil.copy(SERVE, folder)
    command = [sys.executable, str(folder / "serve.py"), "0"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=NO_BROWSER, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().split()[0].decode()
        server.terminate()


def test_sends_files_with_their_types(address: str) -> None:
    assert address.startswith("http://127.0.0.1:")
    for path, expected in (
        ("", "text/html; charset=utf-8"),
        ("page.js", "text/javascript; charset=utf-8"),
        ("kcnn.json", "application/json"),
        ("style.css", "text/css; charset=utf-8"),
        ("litertjs/litert.wasm", "application/wasm"),
    ):
        with urlopen(address + path) as response:
            assert response.headers["Content-Type"] == expected
            assert response.read().decode() == (path or "index.html")


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, str(SERVE), str(port)], env=NO_BROWSER, capture_output=True, text=True
        )
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: port {port}: ")
    assert done.stderr.endswith(f"\nfix: python serve.py {port + 1 if port < 65535 else 8000}\n")


@pytest.mark.parametrize("port", ["http", "-1", "65536"])
def test_what_is_no_port_is_refused_in_one_line(port: str) -> None:
    done = subprocess.run(
        [sys.executable, str(SERVE), "--", port], env=NO_BROWSER, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("serve.py: error: ")
