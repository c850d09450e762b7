"""The resources of each trial that runs at the same time as others: its cores and its devices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kcnn.errors import KcnnError
from kcnn.machine.cores import split_evenly, usable_cores
from kcnn.progress import Progress


@dataclass(frozen=True)
class Resources:
    """What one trial may use.

    Args:
        cores: The numbers of its cores; None for all.
        device: `cpu`, `gpu`, numbers of GPUs such as `0,1`, or None for the best there is.
    """

    cores: tuple[int, ...] | None
    device: str | None


def divide_resources(
    count: int, jobs: int, device: str | None, progress: Progress
) -> list[Resources]:
    """Divide cores and GPUs among the trials that run at the same time.

    A trial that runs alone may use all of them, as with `kcnn fit`.

    Args:
        count: How many trials there are, 1 or more.
        jobs: How many may run at the same time.
        device: As in `Resources`, for all trials together.
        progress: Notes if fewer can run at the same time.

    Returns:
        The resources of each job: `jobs` of them, or fewer if there are fewer trials or cores.

    Raises:
        KcnnError: There are fewer GPUs than jobs.
    """
    cores = usable_cores()
    possible = min(jobs, count, len(cores))
    if possible < jobs:
        limit = f"{count} to train" if count == possible else f"{len(cores)} cores to divide"
        progress.note(f"{possible} jobs, not {jobs}: {limit}")
    if possible == 1:
        return [Resources(None, device)]
    devices = _divide_devices(device, possible, progress)
    parts = split_evenly(cores, possible)
    return [Resources(part, own) for part, own in zip(parts, devices, strict=True)]


def _divide_devices(device: str | None, jobs: int, progress: Progress) -> Sequence[str | None]:
    gpus = _gpus(device, progress)
    if not gpus:
        return [device] * jobs
    if len(gpus) < jobs:
        are = "is 1" if len(gpus) == 1 else f"are {len(gpus)}"
        raise KcnnError(
            f"--jobs: {jobs} jobs need a GPU each, and there {are}",
            f"write --jobs {len(gpus)}, name more GPUs, or train on --device cpu",
        )
    return [",".join(map(str, part)) for part in split_evenly(gpus, jobs)]


def _gpus(device: str | None, progress: Progress) -> list[int]:
    """Return the numbers of the GPUs that a device setting means; none for the processor."""
    if device == "cpu":
        return []
    if device not in (None, "gpu"):
        return sorted({int(number) for number in str(device).split(",")})
    from kcnn.machine.start import start_tensorflow

    start_tensorflow(progress)
    import tensorflow as tf

    return list(range(len(tf.config.list_physical_devices("GPU"))))
