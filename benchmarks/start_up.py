"""Seconds of the commands that need no TensorFlow, as whole processes."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

COMMANDS = (["--help"], ["check", "cifar"], ["recipes"], ["data"], ["runs"])


def seconds(arguments: list[str], repeats: int = 7) -> list[float]:
    """Times a command several times."""
    taken = []
    for _ in range(repeats):
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "kcnn", *arguments], stdout=subprocess.DEVNULL, check=True
        )
        taken.append(time.perf_counter() - started)
    return taken


if __name__ == "__main__":
    for arguments in COMMANDS:
        times = seconds(arguments)
        name = " ".join(["kcnn", *arguments])
        print(f"{name:18} {statistics.median(times):.3f} s ({min(times):.3f} to {max(times):.3f})")
