from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from kcnn.data.dataset import Images, MemoryImages
from kcnn.data.pipeline import evaluation_batches, training_batches
from kcnn.data.splits import steps_per_epoch
from kcnn.errors import DataError
from kcnn.recipe.augmentations import (
    AlternatingFlip,
    CutMix,
    Cutout,
    MixUp,
    RandAugment,
    RandomBrightness,
    RandomCrop,
    RandomFlip,
)

PLAIN = [RandomCrop(padding=2), RandomFlip(), AlternatingFlip(), Cutout(size=2), RandAugment()]
REPOSITORY = Path(__file__).resolve().parents[2]

Batches = list[tuple[np.ndarray, np.ndarray]]


@pytest.fixture
def train() -> Images:
    """Make 23 images whose labels are their indices."""
    pixels = np.random.default_rng(2).integers(0, 256, (23, 5, 4, 3), np.uint8)
    return MemoryImages(pixels, np.arange(23, dtype=np.int32))


def batches(train: Images, **settings) -> Batches:
    settings = {"batch_size": 8, "epochs": 2, "seed": 1, **settings}
    return [
        (images.numpy(), targets.numpy()) for images, targets in training_batches(train, **settings)
    ]


def by_label(some: Batches) -> np.ndarray:
    images, labels = (np.concatenate(parts) for parts in zip(*some, strict=True))
    return images[np.argsort(labels)]


def labels(some: Batches) -> list[int]:
    return np.concatenate([targets for _, targets in some]).tolist()


def assert_same(some: Batches, others: Batches) -> None:
    assert len(some) == len(others)
    for actual, expected in zip(some, others, strict=True):
        np.testing.assert_array_equal(actual[0], expected[0])
        np.testing.assert_array_equal(actual[1], expected[1])


def test_epoch_has_every_image_once_and_its_smaller_batch_last(train):
    made = batches(train)
    assert [len(targets) for _, targets in made] == [8, 8, 7, 8, 8, 7]
    for epoch in (made[:3], made[3:]):
        assert sorted(labels(epoch)) == list(range(23))
        np.testing.assert_array_equal(by_label(epoch), train.read_all())
    assert made[0][0].dtype == np.uint8
    assert made[0][1].dtype == np.int32


def test_order_differs_between_epochs_and_seeds(train):
    made = batches(train)
    first, second = labels(made[:3]), labels(made[3:])
    other = labels(batches(train, epochs=1, seed=2))
    assert len({tuple(first), tuple(second), tuple(other), tuple(range(23))}) == 4


def test_order_is_that_of_the_dataset_without_shuffle(train):
    assert labels(batches(train, shuffle=False)) == [*range(23), *range(23)]


def test_sampling_with_replacement_draws_some_images_twice(train):
    made = batches(train, epochs=40, with_replacement=True)
    assert [len(targets) for _, targets in made[:3]] == [8, 8, 7]
    epochs = [labels(made[start : start + 3]) for start in range(0, 120, 3)]
    assert len(set(map(tuple, epochs))) == 40
    # A draw misses an image with probability 22/23: 23 · (1 − (22/23)²³) = 14.7 images are drawn.
    assert 14 < np.mean([len(set(epoch)) for epoch in epochs]) < 15.5
    assert set(labels(made)) == set(range(23))


def test_image_that_is_drawn_twice_has_different_augmentations(train):
    settings = {"epochs": 1, "with_replacement": True}
    brighter = [RandomBrightness(factor=0.2)]
    made = batches(train, **settings, augmentations=brighter)
    drawn = labels(made)
    twice = next(label for label in drawn if drawn.count(label) > 1)
    shown = np.concatenate([images for images, _ in made])[np.array(drawn) == twice]
    assert not np.array_equal(shown[0], shown[1])


def test_sampling_with_replacement_repeats_and_begins_at_any_epoch(train):
    settings = {"with_replacement": True, "augmentations": PLAIN, "epochs": 4}
    whole = batches(train, **settings)
    assert_same(whole, batches(train, **settings))
    assert_same(whole[6:], batches(train, first_epoch=2, **settings))


def test_drop_remainder_leaves_out_different_images_in_each_epoch(train):
    made = batches(train, epochs=5, drop_remainder=True)
    assert [len(targets) for _, targets in made] == [8] * 10
    assert set(labels(made)) == set(range(23))


@pytest.mark.parametrize(
    "augmentations",
    [(), pytest.param(PLAIN, marks=pytest.mark.slow), [*PLAIN, MixUp(), CutMix()]],
)
def test_repeats_exactly(train, augmentations):
    settings = {"augmentations": augmentations, "classes": 23}
    assert_same(batches(train, **settings), batches(train, **settings))


@pytest.mark.parametrize("first_epoch", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_begins_at_any_epoch_as_in_an_uninterrupted_training(train, first_epoch):
    settings = {"augmentations": [*PLAIN, CutMix()], "classes": 23, "epochs": 4}
    whole = batches(train, **settings)
    assert_same(whole[3 * first_epoch :], batches(train, first_epoch=first_epoch, **settings))


@pytest.mark.parametrize("first_step", [0, 3])
def test_batches_of_steps_together_are_those_of_single_steps(train, first_step):
    settings = {
        "batch_size": 2,  # 9 steps in an epoch, since the remainder of 19 is dropped
        "epochs": 2,
        "first_step": first_step,
        "seed": 1,
        "class_weights": np.arange(23, dtype=np.float32),
        "drop_remainder": True,
        "classes": 23,
    }
    single = training_batches(train.first(19), **settings)
    together = training_batches(train.first(19), **settings, steps_together=3)
    assert [part.shape for part in together.element_spec] == [(3, 2, 5, 4, 3), (3, 2, 23), (3, 2)]
    stacked = [tuple(part.numpy() for part in element) for element in together.unbatch()]
    expected = [tuple(part.numpy() for part in element) for element in single]
    assert len(stacked) == len(expected) == 2 * 9 - first_step
    for actual, desired in zip(stacked, expected, strict=True):
        for part, same in zip(actual, desired, strict=True):
            np.testing.assert_array_equal(part, same)


@pytest.mark.parametrize("augmentations", [(), [*PLAIN, AlternatingFlip()]])
def test_begins_in_the_middle_of_an_epoch(train, augmentations):
    settings = {"epochs": 4, "augmentations": augmentations}
    whole = batches(train, **settings)
    assert_same(whole[3 + 2 :], batches(train, first_epoch=1, first_step=2, **settings))


@pytest.mark.parametrize(
    "other",
    [
        {"batch_size": 5},
        pytest.param({"batch_size": 23}, marks=pytest.mark.slow),
        pytest.param({"shuffle": False}, marks=pytest.mark.slow),
    ],
)
def test_augmentation_of_an_image_does_not_depend_on_its_batch(train, other):
    settings = {"augmentations": PLAIN, "epochs": 1}
    expected = by_label(batches(train, **settings))
    assert not np.array_equal(expected, train.read_all())
    np.testing.assert_allclose(by_label(batches(train, **settings, **other)), expected, atol=1e-3)


def test_augmentation_of_an_image_differs_between_epochs_and_seeds(train):
    settings = {"augmentations": [RandomBrightness(factor=0.2)]}
    made = batches(train, **settings)
    other = batches(train, **settings, seed=2, epochs=1)
    first, second = by_label(made[:3]), by_label(made[3:])
    assert (first != second).any(axis=(1, 2, 3)).all()
    assert (first != by_label(other)).any(axis=(1, 2, 3)).all()


def test_two_equal_augmentations_have_different_draws(train):
    once = by_label(batches(train, epochs=1, augmentations=[RandomFlip()]))
    twice = by_label(batches(train, epochs=1, augmentations=[RandomFlip(), RandomFlip()]))
    assert not np.array_equal(twice, train.read_all())
    assert not np.array_equal(twice, once)


def flipped(train: Images, some: Batches) -> np.ndarray:
    """Return whether each image is flipped, in batch order; it must not change otherwise."""
    images, labels = (np.concatenate(parts) for parts in zip(*some, strict=True))
    plain = (images == train.read_all()[labels]).all(axis=(1, 2, 3))
    mirrored = (images == train.read_all()[labels, :, ::-1]).all(axis=(1, 2, 3))
    assert (plain != mirrored).all()
    return mirrored


def flipped_images(train: Images, some: Batches) -> np.ndarray:
    """Return whether each image is flipped, in the order of the images."""
    return flipped(train, some)[np.argsort(labels(some))]


def test_alternating_flip_shows_each_image_both_ways_in_two_epochs(train):
    made = batches(train, epochs=4, augmentations=[AlternatingFlip()])
    epochs = [flipped_images(train, made[start : start + 3]) for start in range(0, 12, 3)]
    assert 0 < epochs[0].sum() < 23
    np.testing.assert_array_equal(epochs, [epochs[0], ~epochs[0], epochs[0], ~epochs[0]])


def test_first_flips_depend_on_the_seed_and_not_on_the_order(train):
    settings = {"epochs": 1, "augmentations": [AlternatingFlip()]}
    expected = flipped_images(train, batches(train, **settings))
    for other in ({}, {"shuffle": False}, {"batch_size": 5}):
        same = flipped_images(train, batches(train, **settings, **other))
        np.testing.assert_array_equal(same, expected)
    other = flipped_images(train, batches(train, **{**settings, "seed": 2}))
    assert not np.array_equal(other, expected)


def test_alternating_flip_resumes_at_any_epoch(train):
    settings = {"epochs": 4, "augmentations": [AlternatingFlip()]}
    resumed = batches(train, first_epoch=1, **settings)
    assert_same(resumed, batches(train, **settings)[3:])


def test_image_that_is_drawn_twice_is_flipped_equally_in_an_epoch(train):
    settings = {"epochs": 6, "with_replacement": True, "augmentations": [AlternatingFlip()]}
    made = batches(train, **settings)
    epoch = np.repeat(np.arange(6), 23)
    begins = flipped(train, made) ^ (epoch % 2 == 1)
    for label in range(23):
        assert len(set(begins[np.array(labels(made)) == label])) == 1
    assert len(set(begins)) == 2


@pytest.mark.parametrize("fill_mode", ["constant", "reflect"])
def test_alternating_flip_does_not_change_the_draws_of_a_crop(train, fill_mode):
    crop = RandomCrop(padding=2, fill_mode=fill_mode)
    cropped = batches(train, augmentations=[crop])
    both = batches(train, augmentations=[crop, AlternatingFlip()])
    mirrored = []
    for part in (slice(0, 3), slice(3, 6)):
        before, after = by_label(cropped[part]), by_label(both[part])
        is_plain = (after == before).all(axis=(1, 2, 3))
        is_mirrored = (after == before[:, :, ::-1]).all(axis=(1, 2, 3))
        assert (is_plain | is_mirrored).all()
        mirrored.append(np.where(is_plain & is_mirrored, -1, is_mirrored))
    known = (mirrored[0] >= 0) & (mirrored[1] >= 0)  # a crop may have two equal halves
    assert known.sum() > 15
    np.testing.assert_array_equal(mirrored[1][known], 1 - mirrored[0][known])


def test_augmentations_are_applied_in_the_given_order(train):
    dark, cut = RandomBrightness(factor=[0.5, 0.5]), Cutout(size=3)
    assert by_label(batches(train, epochs=1, augmentations=[dark, cut])).min() == 0
    assert by_label(batches(train, epochs=1, augmentations=[cut, dark])).min() > 100


def test_classes_make_targets_one_hot(train):
    images, targets = batches(train, classes=23, shuffle=False)[0]
    np.testing.assert_array_equal(targets, np.eye(23, dtype=np.float32)[:8])
    assert images.dtype == np.uint8


@pytest.mark.parametrize(
    ("count", "drop_remainder", "size"), [(16, False, 8), (23, True, 8), (23, False, None)]
)
def test_static_batch_size_is_known_if_all_batches_have_it(train, count, drop_remainder, size):
    some = MemoryImages(train.read_all()[:count], train.labels[:count])
    made = training_batches(
        some, batch_size=8, epochs=1, seed=0, drop_remainder=drop_remainder, augmentations=PLAIN
    )
    images, targets = made.element_spec
    assert images == tf.TensorSpec([size, 5, 4, 3], tf.float32)
    assert targets == tf.TensorSpec([size], tf.int32)


def test_images_stay_uint8_unless_an_augmentation_makes_them_float(train):
    kept = batches(train, augmentations=[RandomCrop(padding=1), RandomFlip(), CutMix()], classes=23)
    assert kept[0][0].dtype == np.uint8
    made = batches(train, augmentations=[RandomFlip(), RandomBrightness(factor=0.1)])
    assert made[0][0].dtype == np.float32


def test_evaluation_keeps_the_order_and_has_a_cardinality(train):
    made = evaluation_batches(train, 10)
    assert made.cardinality() == 3
    images, targets = (
        np.concatenate(parts) for parts in zip(*made.as_numpy_iterator(), strict=True)
    )
    np.testing.assert_array_equal(images, train.read_all())
    np.testing.assert_array_equal(targets, train.labels)
    _, one_hot = next(iter(evaluation_batches(train, 10, classes=23)))
    np.testing.assert_array_equal(one_hot, np.eye(23)[:7])


@pytest.mark.parametrize(("most", "sizes"), [(22, [11, 12]), (8, [7, 8, 8]), (6, [5, 6, 6, 6])])
def test_evaluation_batches_have_almost_equal_sizes(train, most, sizes):
    made = evaluation_batches(train, most)
    assert [len(targets) for _, targets in made.as_numpy_iterator()] == sizes


def test_steps_per_epoch_count_the_last_batch_unless_it_is_dropped():
    assert steps_per_epoch(23, 8) == 3
    assert steps_per_epoch(24, 8) == 3
    assert steps_per_epoch(23, 8, drop_remainder=True) == 2
    assert steps_per_epoch(3, 8) == 1


@pytest.mark.parametrize(("count", "drop_remainder"), [(0, False), (7, True)])
def test_refuses_an_epoch_without_a_batch(count, drop_remainder):
    with pytest.raises(DataError, match=f"{count} training images, batch_size 8") as caught:
        steps_per_epoch(count, 8, drop_remainder)
    assert caught.value.hint


def test_keras_fit_reads_it_epoch_by_epoch(train):
    seen = []

    class Epochs(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(batch)

    model = keras.Sequential(
        [keras.Input((5, 4, 3)), keras.layers.Flatten(), keras.layers.Dense(23)]
    )
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(
        training_batches(train, batch_size=8, epochs=4, first_epoch=1, seed=0),
        shuffle=False,
        steps_per_epoch=3,
        epochs=4,
        initial_epoch=1,
        validation_data=evaluation_batches(train, 8),
        callbacks=[Epochs()],
        verbose=0,
    )
    assert seen == [0, 1, 2] * 3
    assert len(history.history["val_loss"]) == 3


def test_cifar10_keeps_its_brightness(real_data):
    with tarfile.open(real_data / "cifar-10-binary.tar.gz") as archive:
        member = archive.extractfile("cifar-10-batches-bin/test_batch.bin")
        records = np.frombuffer(member.read(3073 * 500), np.uint8).reshape(500, 3073)
    pixels = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    cifar = MemoryImages(pixels, records[:, 0].astype(np.int32))
    crop = RandomCrop(padding=4, fill_mode="reflect")
    made = batches(cifar, batch_size=100, epochs=1, augmentations=[crop, RandomFlip()])
    images = np.concatenate([images for images, _ in made])
    assert len(made) == 5
    assert images.mean() == pytest.approx(pixels.mean(), rel=0.01)
    assert sorted(labels(made)) == sorted(cifar.labels.tolist())


TWO_DEVICES = """
import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

from kcnn.data.dataset import Images, MemoryImages
from kcnn.data.pipeline import training_batches
from kcnn.recipe.augmentations import MixUp, RandomCrop

rng = np.random.default_rng(0)
train = MemoryImages(rng.integers(0, 256, (21, 4, 4, 1), np.uint8), np.arange(21, dtype=np.int32))
augmentations = [RandomCrop(padding=1), MixUp()]
made = training_batches(
    train, batch_size=8, epochs=2, seed=1, augmentations=augmentations, classes=21
)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
spread = list(strategy.experimental_distribute_dataset(made))
assert len(spread) == 6
for whole, parts in zip(made, spread, strict=True):
    for tensor, part in zip(whole, parts, strict=True):
        local = [value.numpy() for value in strategy.experimental_local_results(part)]
        assert 0 <= len(local[0]) - len(local[1]) <= 1, [len(value) for value in local]
        np.testing.assert_array_equal(np.concatenate(local), tensor)
print("equal")
"""


@pytest.mark.slow
def test_two_devices_split_each_batch_in_order():
    done = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.stdout.strip() == "equal", done.stderr


DETERMINISTIC = """
import numpy as np
import tensorflow as tf

tf.config.experimental.enable_op_determinism()

from kcnn.data.dataset import Images, MemoryImages
from kcnn.data.pipeline import training_batches
from kcnn.recipe.augmentations import (
    AlternatingFlip, CutMix, Cutout, MixUp, RandAugment, RandomCrop, RandomRotation
)

train = MemoryImages(np.zeros((9, 6, 5, 3), np.uint8), np.zeros(9, np.int32))
augmentations = [
    RandomCrop(padding=1), AlternatingFlip(), RandomRotation(factor=0.1), Cutout(size=2),
    RandAugment(), MixUp(), CutMix(),
]
made = training_batches(
    train, batch_size=4, epochs=2, seed=1, augmentations=augmentations, classes=2
)
print(len(list(made)))
"""


@pytest.mark.slow
def test_works_with_op_determinism():
    done = subprocess.run(
        [sys.executable, "-c", DETERMINISTIC], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.stdout.strip() == "6", done.stderr
