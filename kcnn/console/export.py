"""The text of kcnn export."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kcnn.text.numbers import count_text, per_cent

if TYPE_CHECKING:
    from kcnn.commands.export import Exports


def export_text(exports: Exports) -> str:
    """Return where each artefact is, what its proof found, and how to use it."""
    lines = []
    for artefact in exports.artefacts:
        measured = artefact.measured
        lines += [
            f"{artefact.path}  {measured['size'] / 1e6:.2f} MB",
            f"  checked with {measured['runtime']} on {_agreement(measured)}",
            f"  {_milliseconds(measured)}, {measured['peak_memory_mb']:,.0f} MB of memory",
            f"  use it: python {artefact.path / artefact.use}",
        ]
    return "\n".join(lines)


def _agreement(measured: Mapping[str, Any]) -> str:
    accuracy = measured["accuracy"]
    parts = [] if accuracy is None else [f"accuracy {per_cent(accuracy)}"]
    parts += [
        f"largest difference of a probability {measured['largest_difference']:.2g}",
        _other_classes(measured["other_classes"]),
    ]
    return f"{count_text(measured['images'], 'test image')}: {', '.join(parts)}"


def _other_classes(count: int) -> str:
    verb = "gets" if count < 2 else "get"
    return f"{count_text(count, 'image') if count else 'no image'} {verb} another class"


def _milliseconds(measured: Mapping[str, Any]) -> str:
    times = [
        f"{time:.3g} ms an image in batches of {size}"
        for size in (1, 32)
        if (time := measured[f"ms_batch_{size}"]) is not None
    ]
    return ", ".join(times) or "not timed"
