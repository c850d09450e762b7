"""The text of kcnn serve."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kcnn.commands.serve import Service


def service_text(service: Service) -> str:
    """Return where the server is, and how to ask it."""
    return (
        f"{service.run} ({service.weights} weights) by {service.runtime} at {service.url}\n"
        f"  curl --data-binary @image.jpg {service.url}/classify\n"
        f"  POST {service.url}/v1/models/{service.name}:predict  as TensorFlow Serving\n"
        "  Ctrl-C stops it"
    )
