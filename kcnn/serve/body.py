"""Request bodies, read within limits; and answers to those that are too large."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from kcnn.text.numbers import bytes_text

TIMEOUT, TOO_LARGE, BUSY = 408, 413, 429
SECONDS_FOR_BODY = 60.0
_UPLOADS_AT_ONCE = 8  # of the largest size
# A client that sends everything before it reads an answer would see a broken connection if it were
# closed at once. What it still sends is thrown away, up to these limits.
_MAX_BYTES_THROWN_AWAY = 1_000_000_000
_SECONDS_THROWN_AWAY = 10.0


class Busy(HTTPException):
    """The server has enough to do.

    Args:
        seconds: After how many seconds to ask again.
    """

    def __init__(self, seconds: int) -> None:
        message = f"too many requests are waiting; try again in {seconds} s"
        super().__init__(BUSY, message, {"Retry-After": str(seconds)})


class Admission:
    """Bound the requests, and the bytes of their bodies, that are in the server at a time.

    Args:
        max_requests: Number of requests.
        max_upload: Bytes of one body.
    """

    def __init__(self, max_requests: int, max_upload: int) -> None:
        self._max_requests = max_requests
        self._max_upload = max_upload
        self._max_bytes = _UPLOADS_AT_ONCE * max_upload
        self._requests = 0
        self._bytes = 0

    @contextmanager
    def request(self) -> Iterator[Body]:
        """Admit a request for the duration of the block.

        Yields:
            What reads its body.

        Raises:
            Busy: There are too many.
        """
        if self._requests >= self._max_requests:
            raise Busy(1)
        self._requests += 1
        body = Body(self, self._max_upload)
        try:
            yield body
        finally:
            self._requests -= 1
            self._bytes -= body.size

    def reserve(self, count: int) -> None:
        """Count bytes of a body.

        Raises:
            Busy: There are too many.
        """
        if self._bytes + count > self._max_bytes:
            raise Busy(1)
        self._bytes += count


class Body:
    """The body of one request.

    Args:
        admission: What counts its bytes.
        limit: How many it may have.
    """

    def __init__(self, admission: Admission, limit: int) -> None:
        self._admission = admission
        self._limit = limit
        self.size = 0

    async def read(self, request: Request) -> bytes:
        """Read the body; never more of it than the limit.

        Raises:
            HTTPException: It is too large, too slow, compressed, or there is no room for it now.
            ClientDisconnect: The client has gone.
        """
        if request.headers.get("content-encoding", "identity") != "identity":
            raise HTTPException(415, "expected a body that is not compressed")
        length = request.headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self._limit:
            raise self._too_large()
        chunks = []
        try:
            async with asyncio.timeout(SECONDS_FOR_BODY):
                async for chunk in request.stream():
                    if self.size + len(chunk) > self._limit:
                        raise self._too_large()
                    self._admission.reserve(len(chunk))
                    self.size += len(chunk)
                    chunks.append(chunk)
        except TimeoutError:
            message = f"the body did not arrive within {SECONDS_FOR_BODY:.0f} s"
            raise HTTPException(TIMEOUT, message, {"Connection": "close"}) from None
        return b"".join(chunks)

    def _too_large(self) -> HTTPException:
        message = f"the body has more than {bytes_text(self._limit)}, the limit of this server"
        return HTTPException(TOO_LARGE, message, {"Connection": "close"})


class DrainingResponse(JSONResponse):
    """An answer to a request whose body is not read: what still comes of it is thrown away."""

    def __init__(self, content: Any, status: int, headers: Mapping[str, str] | None) -> None:
        super().__init__(content, status, headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer, then wait for the end of the body."""
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        await _throw_away(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _throw_away(receive: Receive) -> None:
    left = _MAX_BYTES_THROWN_AWAY
    deadline = monotonic() + _SECONDS_THROWN_AWAY
    while left > 0 and (seconds := deadline - monotonic()) > 0:
        try:
            message = await asyncio.wait_for(receive(), seconds)
        except TimeoutError:
            return
        if message["type"] != "http.request" or not message.get("more_body", False):
            return
        left -= len(message.get("body", b""))
