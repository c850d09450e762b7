"""The signals that ask the process to end, and how long several count as one."""

from __future__ import annotations

import signal

# Windows knows no SIGHUP.
ENDING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)

# Presses of Ctrl-C within this time count as one.
SECONDS_OF_ONE_PRESS = 1.0
