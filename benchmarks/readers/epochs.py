"""Read a folder of images whenever the other side asks for it, and report the seconds.

A reader's program may run in another Python, which has no kcnn; so this module needs none.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

BATCH = 64
CORES = 2
Batches = Iterable[Any]


def serve(prepare: Callable[[str, int], Callable[[], Batches]]) -> None:
    """Read all images once for each line of standard input; print the seconds it took.

    Args:
        prepare: Takes the folder and the side of the wanted images, and returns what starts an
            epoch. Its work is not timed.
    """
    folder, side = sys.argv[1], int(sys.argv[2])
    # Some packages print. What they print goes to standard error, the results to standard output.
    results = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    epoch = prepare(folder, side)
    for _ in sys.stdin:
        start = time.perf_counter()
        count = sum(len(batch) for batch in epoch())
        print(f"{count} {time.perf_counter() - start}", file=results, flush=True)
