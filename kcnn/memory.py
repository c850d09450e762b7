"""The memory that is free on this machine."""

from __future__ import annotations

from pathlib import Path


def free_memory() -> int | None:
    """Gives the bytes of memory that programs may still use; None where nobody tells."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    kilobytes = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return 1024 * int(kilobytes[0]) if kilobytes else None
