"""The images of a training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import tensorflow as tf

from kcnn.data.dataset import Images
from kcnn.errors import DataError


@dataclass(frozen=True)
class Feed:
    """The images of a training.

    Args:
        batches: The training batches of all remaining steps and epochs, one after the other; with
            `steps_together` above 1, the batches of so many steps are stacked as one element.
        steps_per_epoch: How many of them make an epoch.
        batch_size: Images in each of them; the last of an epoch may have fewer.
        validation: Batches scored after each epoch; None for no validation.
        watched: Images whose accuracy is measured after each epoch, by the name of its column.
        sources: The images that the batches are read from.
        steps_together: How many steps' batches are one element.
    """

    batches: tf.data.Dataset
    steps_per_epoch: int
    batch_size: int
    validation: tf.data.Dataset | None = None
    watched: Mapping[str, Images] = field(default_factory=dict)
    sources: tuple[Images, ...] = ()
    steps_together: int = 1

    @property
    def spec(self) -> tuple[tf.TensorSpec, ...]:
        """The shapes and dtypes of the batch of one step."""
        spec = self.batches.element_spec
        if self.steps_together == 1:
            return spec
        return tuple(tf.TensorSpec(part.shape[1:], part.dtype) for part in spec)

    @property
    def failure(self) -> DataError | None:
        """The error of an image that could not be read; TensorFlow's own has only its text."""
        failures = [images.failure for images in self.sources]
        return next((failure for failure in failures if failure), None)
