"""Hide what Pillow warns of and logs, in any thread."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

# Without a handler, logging prints errors to standard error. Damaged files are reported by us.
logging.getLogger("PIL").addHandler(logging.NullHandler())

_lock = threading.Lock()
_inside = 0
_shown: warnings.catch_warnings[None] | None = None


@contextmanager
def quiet() -> Iterator[None]:
    """Ignore warnings; the first thread that enters sets this, the last that leaves undoes it.

    `warnings.catch_warnings` alone is not for threads: one that leaves puts back what it found,
    which may be what another one had set.
    """
    global _inside, _shown
    with _lock:
        _inside += 1
        if _inside == 1:
            _shown = warnings.catch_warnings()
            _shown.__enter__()
            warnings.simplefilter("ignore")
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0 and _shown is not None:
                _shown.__exit__(None, None, None)
                _shown = None
