"""Listening, answering by uvicorn, and stopping in good order."""

from __future__ import annotations

import errno
import socket
import threading

import uvicorn
from starlette.types import ASGIApp

from kcnn.errors import ServeError
from kcnn.machine.signals import SECONDS_TO_STOP, stops_deferred

# Requests that were accepted have so long to be answered, before the process is ended anyway.
_SECONDS_TO_FINISH = SECONDS_TO_STOP - 10
_SECONDS_BETWEEN_LOOKS = 0.2
_WAITING_CONNECTIONS = 1024
_LAST_PRIVILEGED_PORT = 1023


def bind(host: str, port: int) -> socket.socket:
    """Take a port. Clients that connect before the server runs wait until it does.

    Args:
        host: A name or address of this machine.
        port: The port; 0 for any that is free.

    Raises:
        ServeError: The port is in use or not allowed, or the host is not of this machine.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _no_host(host, error) from None
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows would share a port that is in use
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:  # a port whose last server has just ended is free
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # Two sockets may be bound to a port on Linux, but not listen.
        listener.listen(_WAITING_CONNECTIONS)
    except OSError as error:
        listener.close()
        raise _cannot_bind(host, port, error) from None
    return listener


def url_of(listener: socket.socket, host: str) -> str:
    """Return the URL of a server.

    Args:
        listener: Its socket.
        host: The host as the user wrote it.
    """
    port = listener.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class HttpServer:
    """Answer requests in a thread of its own.

    The main thread stays free for signals; on Windows, asyncio would take them from kcnn.

    Args:
        app: What answers.
        listener: The socket; closed at the end.
    """

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        self._listener = listener
        self._error: BaseException | None = None
        config = uvicorn.Config(
            app,
            loop="asyncio",
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=_WAITING_CONNECTIONS,
            timeout_graceful_shutdown=int(_SECONDS_TO_FINISH),
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="http", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Accept no more connections; finish the requests that there are, then end."""
        self._server.should_exit = True

    def wait(self) -> None:
        """Wait for the end.

        Raises:
            BaseException: What ended the server.
        """
        while self._thread.is_alive():
            self._thread.join(_SECONDS_BETWEEN_LOOKS)  # signals are handled in between
        if self._error is not None:
            raise self._error

    def run_until_signal(self) -> None:
        """Answer until a signal asks to end.

        Raises:
            Stopped: After the last answer.
        """
        with stops_deferred(self.ask_to_stop):
            self.start()
            self.wait()

    def _serve(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        except BaseException as error:
            self._error = error


def _no_host(host: str, error: OSError) -> ServeError:
    reason = error.strerror or error
    return ServeError(f"--host {host}: not an address of this machine: {reason}", "write 127.0.0.1")


def _cannot_bind(host: str, port: int, error: OSError) -> ServeError:
    if error.errno == errno.EADDRINUSE:
        return ServeError(
            f"port {port} of {host} is in use by another program",
            f"end that program, or choose another port: kcnn serve --port {port + 1}",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        fix = "write 8501, or another from 1024 to 65535"
        if port > _LAST_PRIVILEGED_PORT:
            fix = f"choose another: kcnn serve --port {port + 1}"
        return ServeError(f"port {port} may not be used: {error.strerror}", fix)
    if error.errno == errno.EADDRNOTAVAIL:
        return _no_host(host, error)
    return ServeError(f"port {port} of {host}: {error.strerror}", "choose another with --port")
