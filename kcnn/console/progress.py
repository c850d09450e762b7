"""Choice of the display of progress on standard error."""

from __future__ import annotations

import sys

from kcnn.progress import Progress


def make_progress(quiet: bool) -> Progress:
    """Return a display: none if quiet, live on a terminal, plain lines elsewhere."""
    if quiet:
        return Progress()
    if sys.stderr.isatty():
        from kcnn.console.live_progress import LiveProgress

        return LiveProgress()
    from kcnn.console.plain_progress import PlainProgress

    return PlainProgress()
