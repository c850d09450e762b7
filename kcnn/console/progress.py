"""Choice of the display of progress on standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kcnn.progress import Progress


def make_progress(quiet: bool) -> Progress:
    """Return a display: none if quiet, live on a terminal, plain lines elsewhere."""
    if quiet:
        from kcnn.progress import Progress  # not for --help to wait for

        return Progress()
    if sys.stderr.isatty():
        from kcnn.console.live_progress import LiveProgress

        return LiveProgress()
    from kcnn.console.plain_progress import PlainProgress

    return PlainProgress()
