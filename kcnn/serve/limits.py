"""What clients may ask of the server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What clients may ask of the server.

    Args:
        max_upload: Bytes of a request.
        max_images: Images of a request.
        max_waiting: Images that wait for their turn, and requests in the server at a time.
    """

    max_upload: int = 32_000_000
    max_images: int = 128
    max_waiting: int = 256
