"""filters.npz: the first convolution's kernel before and after training, for the plot of both."""

from __future__ import annotations

import numpy as np

from kcnn.errors import RunError
from kcnn.files.atomic import atomic
from kcnn.files.npz import ArraysError, read_arrays
from kcnn.runs.folder import RunFolder


def write_filters(run: RunFolder, before: np.ndarray | None, after: np.ndarray | None) -> None:
    """Write filters.npz, unless the model has no convolution.

    Args:
        run: The run.
        before: The kernel before the first step, float32 of shape (height, width, channels,
            filters); None without a convolution.
        after: The same kernel after the last step.

    Raises:
        RunError: The file cannot be written.
    """
    if before is not None and after is not None:
        with atomic(run.filters) as temporary:
            np.savez(temporary, before=before, after=after)


def read_filters(run: RunFolder) -> tuple[np.ndarray, np.ndarray]:
    """Read the first convolution's kernel before and after training.

    Returns:
        Two float32 arrays of shape (height, width, channels, filters).

    Raises:
        RunError: The file is missing, or does not hold two such arrays of one shape.
    """
    try:
        arrays = read_arrays(run.filters)
        before, after = arrays["before"], arrays["after"]
    except FileNotFoundError:
        raise RunError(
            f"{run.filters}: missing",
            "the run was stopped early, or its model has no convolution",
        ) from None
    except (ArraysError, OSError, KeyError):
        raise RunError(f"{run.filters}: expected the arrays before and after") from None
    if before.ndim != 4 or before.shape != after.shape:
        raise RunError(
            f"{run.filters}: expected two kernels of one shape (height, width, channels, filters), "
            f"found {before.shape} and {after.shape}"
        )
    if not (before.dtype.kind == after.dtype.kind == "f"):
        raise RunError(f"{run.filters}: expected numbers, found {before.dtype} and {after.dtype}")
    return before.astype(np.float32), after.astype(np.float32)
