"""Which devices train, and the strategy that spreads a batch over them."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from kcnn.errors import TrainingError


@dataclass(frozen=True)
class Devices:
    """The devices of a training.

    Args:
        names: `CPU:0`, `GPU:0` and so on.
        strategy: Spreads each batch over them; Keras's ordinary one for a single device.
    """

    names: tuple[str, ...]
    strategy: tf.distribute.Strategy

    @property
    def count(self) -> int:
        """The number of copies of the model."""
        return self.strategy.num_replicas_in_sync

    @property
    def are_one_processor(self) -> bool:
        """Whether the processor trains by itself."""
        return self.names == ("CPU:0",)

    @property
    def gpus(self) -> list[tf.config.PhysicalDevice]:
        """The GPUs among them; none where the processor trains."""
        there = tf.config.get_visible_devices("GPU")
        return [gpu for gpu, name in zip(there, self.names, strict=False) if name.startswith("GPU")]


def choose_devices(request: str | None = None) -> Devices:
    """Picks devices: what is asked for, else every GPU there is, else the processor.

    Args:
        request: `cpu`, `gpu`, numbers of GPUs as in `0,1`, or None.

    Raises:
        TrainingError: What is asked for is not there, or was decided earlier in this process.
    """
    gpus = tf.config.list_physical_devices("GPU")
    chosen = _choose_gpus(request, gpus)
    try:
        tf.config.set_visible_devices(chosen, "GPU")
    except RuntimeError as error:
        raise TrainingError(f"--device {request}: {error}", "start kcnn anew") from None
    return mirrored([f"GPU:{index}" for index in range(len(chosen))] or ["CPU:0"])


def mirrored(names: list[str]) -> Devices:
    """Makes the strategy for some devices: mirrored when there are several.

    Several devices train as one does when every batch can be shared out equally. Where it cannot,
    Keras takes the mean of the devices' means, which weighs images of smaller shares a little more.
    """
    if len(names) > 1:
        return Devices(tuple(names), tf.distribute.MirroredStrategy(names))
    return Devices(tuple(names), tf.distribute.get_strategy())


def _choose_gpus(
    request: str | None, gpus: list[tf.config.PhysicalDevice]
) -> list[tf.config.PhysicalDevice]:
    if request == "cpu":
        return []
    if request is None:
        return gpus
    there = f"this machine has {len(gpus)} GPUs that TensorFlow sees; kcnn doctor shows them"
    if request == "gpu":
        if not gpus:
            raise TrainingError("--device gpu: TensorFlow finds no GPU", "kcnn doctor says more")
        return gpus
    indices = sorted({int(number) for number in request.split(",")})
    if indices[-1] >= len(gpus):
        raise TrainingError(f"--device {request}: there is no GPU {indices[-1]}", there)
    return [gpus[index] for index in indices]
