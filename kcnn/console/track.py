"""The text of kcnn track."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kcnn.commands.track import TrackResult


def track_text(result: TrackResult) -> str:
    """Return where each run is shown, one per line."""
    return "\n".join(f"{sent.run}  {sent.tracker}  {sent.where}" for sent in result.sent)
