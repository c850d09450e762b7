"""Prepare the process of a command: Matplotlib's backend, Keras's imports, narrow encodings."""

from __future__ import annotations

import os

from kcnn.console.streams import replace_missing_characters
from kcnn.machine.unused_packages import hide_unused_packages


def prepare_environment() -> None:
    """Set up the process, and the processes it starts, before anything else is imported."""
    # A notebook's kernel exports `module://matplotlib_inline.backend_inline`, which Matplotlib
    # refuses at import where that package is not installed. kcnn writes files, opens no window.
    os.environ["MPLBACKEND"] = "agg"
    hide_unused_packages()
    replace_missing_characters()
