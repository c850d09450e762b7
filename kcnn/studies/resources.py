"""What each of several trainings at a time may use: its share of the cores and of the GPUs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kcnn.errors import KcnnError
from kcnn.machine.cores import split_evenly, usable_cores
from kcnn.progress import Progress


@dataclass(frozen=True)
class Lane:
    """What one of the trainings at a time may use.

    Args:
        cores: The cores to stay on; None for all.
        device: As `kcnn fit` takes it.
    """

    cores: tuple[int, ...] | None
    device: str | None


def lanes_for(count: int, side_by_side: int, device: str | None, progress: Progress) -> list[Lane]:
    """Shares cores and GPUs out between as many trainings at a time as make sense.

    A training alone gets all there is, as `kcnn fit` would.

    Args:
        count: Trainings in all, 1 or more.
        side_by_side: How many at a time are asked for.
        device: As `kcnn fit` takes it.
        progress: Told when fewer make sense.

    Raises:
        KcnnError: There are fewer GPUs than trainings at a time.
    """
    cores = usable_cores()
    at_a_time = min(side_by_side, count, len(cores))
    if at_a_time < side_by_side:
        limit = f"{count} to train" if count == at_a_time else f"{len(cores)} cores to share"
        progress.note(f"{at_a_time} at a time and not {side_by_side}: {limit}")
    if at_a_time == 1:
        return [Lane(None, device)]
    devices = _share_devices(device, at_a_time, progress)
    parts = split_evenly(cores, at_a_time)
    return [Lane(part, own) for part, own in zip(parts, devices, strict=True)]


def _share_devices(device: str | None, parts: int, progress: Progress) -> Sequence[str | None]:
    gpus = _gpus(device, progress)
    if not gpus:
        return [device] * parts
    if len(gpus) < parts:
        are = "is 1" if len(gpus) == 1 else f"are {len(gpus)}"
        raise KcnnError(
            f"--side-by-side: {parts} trainings at a time need a GPU each, and there {are}",
            f"write --side-by-side {len(gpus)}, name more GPUs, or train on --device cpu",
        )
    return [",".join(map(str, part)) for part in split_evenly(gpus, parts)]


def _gpus(device: str | None, progress: Progress) -> list[int]:
    """Lists the numbers of the GPUs that a request means; none for the processor."""
    if device == "cpu":
        return []
    if device not in (None, "gpu"):
        return sorted({int(number) for number in str(device).split(",")})
    from kcnn.machine.start import start_tensorflow

    start_tensorflow(progress)
    import tensorflow as tf

    return list(range(len(tf.config.list_physical_devices("GPU"))))
