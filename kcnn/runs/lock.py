"""checkpoint/lock: one process at a time trains a run, and others can see it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from kcnn.errors import RunError
from kcnn.files.atomic import writing
from kcnn.runs.folder import RunFolder, require_no_links

_TIMEOUT = 1.0  # seconds; `is_locked` in another process holds the lock for a moment


@contextmanager
def lock_run(run: RunFolder) -> Iterator[None]:
    """Lock a run, so that no other process trains it; the lock of a killed process is released.

    Raises:
        RunError: Another process trains it, or its folder cannot be written or is a link.
    """
    from filelock import FileLock, Timeout

    require_no_links(run)
    with writing(run.checkpoints):
        run.checkpoints.mkdir(exist_ok=True)
    lock = FileLock(run.lock)
    with writing(run.lock), suppress(NotImplementedError):  # a system without such locks
        try:
            lock.acquire(timeout=_TIMEOUT)
        except Timeout:
            raise RunError(
                f"{run.path}: another process is training this run",
                "wait until it has ended, or stop it with Ctrl-C",
            ) from None
    try:
        yield
    finally:
        lock.release()


def is_locked(run: RunFolder) -> bool:
    """Return whether a process trains a run now."""
    from filelock import FileLock, Timeout

    if not run.lock.is_file() or run.lock.is_symlink():
        return False
    try:
        with FileLock(run.lock).acquire(timeout=0):
            return False
    except Timeout:
        return True
    except PermissionError:  # a run of somebody else, which may be read only
        return _is_locked_by_another_user(run)
    except (OSError, NotImplementedError):  # a system without such locks
        return False


def _is_locked_by_another_user(run: RunFolder) -> bool:
    """Return whether a run that may only be read is locked; False on Windows."""
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
