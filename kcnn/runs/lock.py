"""Which process trains a run: one at a time, and others can see it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from kcnn.errors import RunError
from kcnn.files.atomic import writing
from kcnn.runs.folder import RunFolder, require_no_links

_SECONDS_FOR_WATCHERS = 1.0  # who look whether a run is held, and let go at once


@contextmanager
def hold(run: RunFolder) -> Iterator[None]:
    """Keeps other processes from training a run; a process that is killed lets go of it.

    Raises:
        RunError: Another process trains it, its folder cannot be written, or leads elsewhere.
    """
    from filelock import FileLock, Timeout

    require_no_links(run)
    with writing(run.checkpoints):
        run.checkpoints.mkdir(exist_ok=True)
    lock = FileLock(run.lock)
    with writing(run.lock), suppress(NotImplementedError):  # a system without such locks
        try:
            lock.acquire(timeout=_SECONDS_FOR_WATCHERS)
        except Timeout:
            raise RunError(
                f"{run.path}: another process is training this run",
                "wait until it has ended, or stop it with Ctrl-C",
            ) from None
    try:
        yield
    finally:
        lock.release()


def is_held(run: RunFolder) -> bool:
    """Says whether a process trains a run right now."""
    from filelock import FileLock, Timeout

    if not run.lock.is_file() or run.lock.is_symlink():
        return False
    try:
        with FileLock(run.lock).acquire(timeout=0):
            return False
    except Timeout:
        return True
    except PermissionError:  # a run of somebody else, which may be read only
        return _is_held_by_another_user(run)
    except (OSError, NotImplementedError):  # a system without such locks
        return False


def _is_held_by_another_user(run: RunFolder) -> bool:
    """Return whether the lock of a run that may only be read is held; False on Windows."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        with run.lock.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # not even read
        return False
    return False
