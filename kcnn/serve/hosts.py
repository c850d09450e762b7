"""The names by which a server may be called."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address, such as 127.0.0.1."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class KnownHosts:
    """Refuse requests whose Host header has another name.

    A page on the Internet can let its own name mean 127.0.0.1, and so reach a server on the machine
    of whoever looks at the page (DNS rebinding). The browser then sends the page's name.

    Args:
        app: What answers the others.
        hosts: The names, in lower case; empty for any.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._hosts and _host(scope) not in self._hosts:
            message = f"Host header: expected {' or '.join(self._hosts)}"
            await JSONResponse({"error": message}, 400)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _host(scope: Scope) -> str | None:
    header = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    try:
        return urlsplit(f"//{header}").hostname
    except ValueError:
        return None
