"""The input pipeline: from images that can be read to shuffled, augmented batches.

Everything random comes from (seed, epoch, image index) or, where an image may come several times,
from (seed, epoch, position in the epoch); what lasts for all epochs, from (seed, image index). So
training repeats bit for bit, resumes at any step, and does not depend on the batch size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from kcnn.data.augmentation import build_augmenter
from kcnn.data.augmentation.augmenter import Augmenter
from kcnn.data.balanced_order import Classes
from kcnn.data.labels import has_several
from kcnn.data.splits import steps_per_epoch
from kcnn.machine.cores import core_count
from kcnn.recipe.augmentations import Augmentation

MAX_WORKERS = 16
PREFETCHED_BATCHES = 4
NO_EPOCH = -1  # seeds what is drawn once for all epochs

# Nothing here branches on tensors. AutoGraph would take a second to read our source and see that.
_as_written = tf.autograph.experimental.do_not_convert


class Rows(Protocol):
    """Images, or what a model made of them: one row an image, with its label."""

    @property
    def labels(self) -> np.ndarray:
        """int32, (count,); or uint8, (count, classes), where there may be several."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a row."""

    @property
    def dtype(self) -> str:
        """The type of a row's values."""

    def __len__(self) -> int: ...

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Read some rows, (count, …)."""


def training_batches(
    train: Rows,
    *,
    batch_size: int,
    epochs: int,
    first_epoch: int = 0,
    first_step: int = 0,
    seed: int,
    shuffle: bool = True,
    with_replacement: bool = False,
    balanced: bool = False,
    class_weights: np.ndarray | None = None,
    drop_remainder: bool = False,
    augmentations: Sequence[Augmentation] = (),
    classes: int | None = None,
    steps_together: int = 1,
) -> tf.data.Dataset:
    """Return the batches of all epochs in a row, so that no epoch waits for its first batch.

    Pass it to `model.fit` with `steps_per_epoch` and `initial_epoch=first_epoch`.

    Args:
        train: The training images, or their features.
        batch_size: Images in a batch; the last of an epoch has what is left.
        epochs: Number of epochs of the whole training, whatever the first epoch is.
        first_epoch: First epoch to return; its batches are those of a training from the start.
        first_step: First step of that epoch to return, for a training that was stopped within it.
        seed: Decides order and augmentation.
        shuffle: Whether each epoch has a new order; else the order of the images.
        with_replacement: Whether every image of an epoch is drawn at random from all of them,
            whatever `shuffle` is; else each comes once.
        balanced: Whether an epoch shows each class equally often, whatever `shuffle` is.
        class_weights: float32, (classes,): how much the images of each class count in the loss;
            None for equally. A mixed target counts as the mixture of its classes.
        drop_remainder: Whether to leave out the last batch of an epoch if it is smaller.
        augmentations: Changes of the images, in this order.
        classes: Number of classes for one-hot targets, which mixing needs; None for class numbers.
            Images with several labels have a target for each class anyway.
        steps_together: How many steps' batches are one element, stacked along a new first axis.
            Above 1, it must divide the steps of an epoch and `first_step`, all batches must have
            one size, and there must be no augmentations.

    Returns:
        Images (batch, height, width, channels), uint8 or, where an augmentation makes fractions,
        float32 in 0..255; targets float32 (batch, classes) or int32 (batch,). With class weights
        also the weight of each image, float32 (batch,), as Keras's `sample_weight`. Of several
        steps together, each shape begins with `steps_together`.

    Raises:
        DataError: An epoch would have no batch.
    """
    count = len(train)
    steps = steps_per_epoch(count, batch_size, drop_remainder)
    rows_together = batch_size * steps_together
    size = rows_together if steps * batch_size == count or drop_remainder else None
    if steps_together > 1:
        assert size is not None and steps % steps_together == 0 and not augmentations
        assert first_step % steps_together == 0
    groups = Classes.of(train.labels) if balanced else None
    augmenters = [build_augmenter(augmentation) for augmentation in augmentations]

    @_as_written
    def epoch_rows(epoch: tf.Tensor) -> tf.data.Dataset:
        order, draws = _epoch_numbers(
            seed, epoch, count, shuffle, with_replacement, groups, augmenters
        )

        @_as_written
        def rows(step: tf.Tensor) -> tuple[tf.Tensor, tuple[tf.Tensor, ...]]:
            part = slice(step * rows_together, (step + 1) * rows_together)
            return order[part], tuple(numbers[part] for numbers in draws)

        return tf.data.Dataset.range(steps // steps_together).map(rows)

    @_as_written
    def batch(indices: tf.Tensor, draws: tuple[tf.Tensor, ...]) -> tuple[tf.Tensor, ...]:
        images, targets = _gather(train, indices, size, classes)
        for augmenter, numbers in zip(augmenters, draws, strict=True):
            images, targets = augmenter.apply(images, targets, numbers)
        parts = [images, targets]
        if class_weights is not None:
            parts.append(_weights(targets, class_weights))
        if steps_together > 1:
            parts = [
                tf.reshape(part, (steps_together, batch_size, *part.shape[1:])) for part in parts
            ]
        return tuple(parts)

    rows_of_epochs = (
        tf.data.Dataset.range(first_epoch, epochs)
        .flat_map(epoch_rows)
        .skip(first_step // steps_together)
    )
    return _in_parallel(rows_of_epochs, batch)


def evaluation_batches(
    images: Rows, batch_size: int, classes: int | None = None
) -> tf.data.Dataset:
    """Return batches of every image once, unchanged and in order.

    Args:
        images: The images to evaluate.
        batch_size: Maximum number of images in a batch; the batches differ by one image at most,
            so that the last has images for every device.
        classes: Number of classes for one-hot targets; None for class numbers.

    Returns:
        Images uint8 (batch, height, width, channels); targets as of `training_batches`.
    """
    count = len(images)
    batches = -(-count // batch_size)
    size = count // batches if count % batches == 0 else None

    @_as_written
    def batch(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        indices = tf.range(number * count // batches, (number + 1) * count // batches)
        return _gather(images, indices, size, classes)

    return _in_parallel(tf.data.Dataset.range(batches), batch)


def _epoch_numbers(
    seed: int,
    epoch: tf.Tensor,
    count: int,
    shuffle: bool,
    with_replacement: bool,
    groups: Classes | None,
    augmenters: Sequence[Augmenter],
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Draw an epoch's order and, in that order, the random numbers of its augmentations."""
    base = tf.constant([seed, 0], tf.int64)
    epoch_seed = tf.random.fold_in(base, epoch)
    lasting_seed = tf.random.fold_in(base, tf.constant(NO_EPOCH, tf.int64))
    order_seed = tf.random.fold_in(epoch_seed, 0)
    if groups is None:
        order = _order(count, shuffle, with_replacement, order_seed)
    else:
        order = groups.balanced_order(order_seed)
    has_repeats = with_replacement or groups is not None

    def numbers(position: int, augmenter: Augmenter) -> tf.Tensor:
        if augmenter.of_epoch is not None:
            drawn = augmenter.draw(count, tf.random.fold_in(lasting_seed, position))
            return tf.gather(augmenter.of_epoch(drawn, epoch), order)
        drawn = augmenter.draw(count, tf.random.fold_in(epoch_seed, position))
        # An image that comes twice is changed in two ways: its numbers belong to its positions.
        return drawn if has_repeats else tf.gather(drawn, order)

    return order, [numbers(*numbered) for numbered in enumerate(augmenters, start=1)]


def _order(count: int, shuffle: bool, with_replacement: bool, seed: tf.Tensor) -> tf.Tensor:
    """Return the index of the image at each position of an epoch."""
    if with_replacement:
        return tf.random.stateless_uniform([count], seed, 0, count, tf.int32)
    order = tf.range(count)
    return tf.random.experimental.stateless_shuffle(order, seed) if shuffle else order


def _weights(targets: tf.Tensor, class_weights: np.ndarray) -> tf.Tensor:
    """Return the weight of each image: that of its class, or the mixture that its target is."""
    weights = tf.constant(class_weights, tf.float32)
    if targets.shape.rank == 1:
        return tf.gather(weights, targets)
    return tf.reduce_sum(targets * weights, axis=1)


def _gather(
    images: Rows, indices: tf.Tensor, size: int | None, classes: int | None
) -> tuple[tf.Tensor, tf.Tensor]:
    # Python reads: a tensor would hold a copy of all images, and each iterator another.
    # stateful=False: in deterministic mode, TensorFlow would otherwise run the calls one by one.
    rows, labels = tf.numpy_function(
        lambda chosen: (images.read(chosen), images.labels[chosen]),
        [indices],
        [tf.as_dtype(images.dtype), tf.uint8 if has_several(images.labels) else tf.int32],
        stateful=False,
    )
    rows = tf.ensure_shape(rows, (size, *images.shape))
    labels = tf.ensure_shape(labels, (size, *images.labels.shape[1:]))
    if has_several(images.labels):
        return rows, tf.cast(labels, tf.float32)
    return rows, labels if classes is None else tf.one_hot(labels, classes)


def _in_parallel(elements: tf.data.Dataset, batch: Callable[..., Any]) -> tf.data.Dataset:
    options = tf.data.Options()
    options.deterministic = True
    # Tuning gains nothing with two fixed stages, and an iterator that tunes takes seconds to end.
    options.autotune.enabled = False
    # Under a strategy, each device takes a part of every batch, not a part of the files.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    batches = elements.map(batch, num_parallel_calls=min(core_count(), MAX_WORKERS))
    return batches.prefetch(PREFETCHED_BATCHES).with_options(options)
