"""The devices that train, and the strategy that distributes each batch to them."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from kcnn.errors import TrainingError


@dataclass(frozen=True)
class Devices:
    """The devices of a training.

    Args:
        names: `CPU:0`, `GPU:0` and so on.
        strategy: Distributes each batch to them; TensorFlow's default strategy for one device.
    """

    names: tuple[str, ...]
    strategy: tf.distribute.Strategy

    @property
    def count(self) -> int:
        """The number of replicas of the model, one on each device."""
        return self.strategy.num_replicas_in_sync

    @property
    def are_one_processor(self) -> bool:
        """Whether the processor trains, and nothing else."""
        return self.names == ("CPU:0",)

    @property
    def gpus(self) -> list[tf.config.PhysicalDevice]:
        """The GPUs among them; none if the processor trains."""
        visible = tf.config.get_visible_devices("GPU")
        return [
            gpu for gpu, name in zip(visible, self.names, strict=False) if name.startswith("GPU")
        ]


def choose_devices(request: str | None = None) -> Devices:
    """Choose the devices: those requested, else every GPU, else the processor.

    Args:
        request: `cpu`, `gpu`, numbers of GPUs such as `0,1`, or None.

    Raises:
        TrainingError: There are no such GPUs, or TensorFlow already uses others in this process.
    """
    gpus = tf.config.list_physical_devices("GPU")
    chosen = _choose_gpus(request, gpus)
    try:
        tf.config.set_visible_devices(chosen, "GPU")
    except RuntimeError as error:
        raise TrainingError(f"--device {request}: {error}", "start kcnn anew") from None
    return mirrored([f"GPU:{index}" for index in range(len(chosen))] or ["CPU:0"])


def mirrored(names: list[str]) -> Devices:
    """Return devices with their strategy: `MirroredStrategy` if there are several.

    Several devices train as one device does if every batch can be divided equally. If not, Keras
    computes the mean of the devices' means, in which the images of smaller parts weigh a little
    more.
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
    hint = f"this machine has {len(gpus)} GPUs that TensorFlow sees; kcnn doctor shows them"
    if request == "gpu":
        if not gpus:
            raise TrainingError(
                "--device gpu: TensorFlow finds no GPU", "kcnn doctor shows the devices"
            )
        return gpus
    indices = sorted({int(number) for number in request.split(",")})
    if indices[-1] >= len(gpus):
        raise TrainingError(f"--device {request}: there is no GPU {indices[-1]}", hint)
    return [gpus[index] for index in indices]
