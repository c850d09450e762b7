"""Open the page of this folder: `python serve.py`, or `python serve.py 8080` for another port.

Any web server will do. This one answers this computer only, and names the types of files itself:
where Windows calls JavaScript `text/plain`, as it may, `python -m http.server` shows a dead page.
"""

from __future__ import annotations

import argparse
import os
import sys
import webbrowser
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(SimpleHTTPRequestHandler):
    """Send the files of a folder."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".html": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".json": "application/json",
        ".md": "text/plain; charset=utf-8",
        ".py": "text/plain; charset=utf-8",
        ".svg": "image/svg+xml",
        ".wasm": "application/wasm",
    }


class Server(ThreadingHTTPServer):
    """Answer several requests at once."""

    # Windows would let two servers share a port.
    allow_reuse_address = os.name != "nt"


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Serve the page of this folder to this computer.")
    parser.add_argument("port", nargs="?", type=int, default=8000, help="port (8000)")
    port = parser.parse_args().port
    if not 0 <= port < 65536:
        parser.error(f"port {port}: expected a number from 0 to 65535")
    handler = partial(Handler, directory=str(Path(__file__).resolve().parent))
    try:
        server = Server(("127.0.0.1", port), handler)
    except OSError as error:
        another = port + 1 if port < 65535 else 8000
        sys.exit(f"error: port {port}: {error.strerror}\nfix: python serve.py {another}")
    address = f"http://127.0.0.1:{server.server_port}/"
    sys.stdout.write(f"{address} (Ctrl-C ends it)\n")
    sys.stdout.flush()
    webbrowser.open(address)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
