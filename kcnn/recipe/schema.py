"""A recipe's sections, and what each setting in them takes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, model_validator

from kcnn.recipe.augmentations import AnyAugmentation
from kcnn.recipe.fields import (
    Accepting,
    Count,
    NotNegative,
    Positive,
    Settings,
    UnitInterval,
    WholeNumber,
    accept,
    choice,
    mistake,
)
from kcnn.recipe.layers import Layers
from kcnn.recipe.losses import AnyLoss, AnyMetric, SparseCategoricalCrossentropy
from kcnn.recipe.optimizers import AnyOptimizer, AnySchedule
from kcnn.recipe.source import Source
from kcnn.runs.folder import LONGEST_NAME, NAME_PATTERN
from kcnn.runs.metrics import is_fraction

DATASETS = ("digits", "mnist", "fashion_mnist", "cifar10", "cifar100", "folder", "npz")
OWN_DATASETS = ("folder", "npz")
SAMPLINGS = ("without_replacement", "with_replacement")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16", "auto")


LARGEST_SIDE = 4096
IMAGE_SIZE = f"[height, width] in pixels, each from 1 to {LARGEST_SIDE}, as in [32, 32]"
PATH = "a path, as in photos"
NAME = (
    f"at most {LONGEST_NAME} letters a to z, digits, dots, dashes and underscores, a letter or "
    "digit first"
)
VALIDATION = "a number of images, as in 5000, or a fraction below 1, as in 0.1"


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and NAME_PATTERN.fullmatch(value) is not None


def _image_size(value: Any) -> tuple[int, int]:
    sizes = value if isinstance(value, list) else []
    if len(sizes) != 2 or not all(type(one) is int and 0 < one <= LARGEST_SIDE for one in sizes):
        raise mistake("unexpected", expected=IMAGE_SIZE)
    return sizes[0], sizes[1]


def _path(value: Any) -> Path:
    if not isinstance(value, str) or not value or "\0" in value:
        raise mistake("unexpected", expected=PATH)
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise mistake("no_such_home") from None


def _validation(value: Any) -> Any:
    whole = type(value) is int and value >= 0
    share = isinstance(value, float) and 0 <= value < 1
    if not (whole or share):
        raise mistake("unexpected", expected=VALIDATION)
    return value


class FlipsAndShifts(Settings):
    """Changes of test images whose answers are averaged in a scoring of its own.

    Args:
        flip: Each image as it is and mirrored, left to right.
        shift: Each image in its place, and so many pixels up-left and down-right of it.
    """

    flip: Annotated[str | None, choice("horizontal")] = None
    shift: Count | None = None

    @model_validator(mode="after")
    def _some(self) -> FlipsAndShifts:
        if self.flip is None and self.shift is None:
            raise mistake("averages_nothing")
        return self

    @property
    def in_words(self) -> str:
        """Says what is averaged over: `flips and shifts`."""
        named = {"flips": self.flip, "shifts": self.shift}
        return " and ".join(name for name, value in named.items() if value is not None)


class DataSettings(Settings):
    """Which images, and how they are prepared.

    Args:
        dataset: A named set, or `folder` or `npz` with a `path`.
        path: Where a folder or npz lies; relative to the recipe, and on the command line to the
            current folder.
        image_size: Height and width every image is resized to.
        channels: 1 for grey, 3 for colour; as the set has it when left out (colour for a folder).
        validation: Images taken from the training set: a number, or a share below 1.
        test: Share of a folder's images that become the test set where it has no `test` sub-folder.
        scaling: What the network's first layer does to pixel values: divides them by 255 (unit),
            takes off each channel's mean and divides by its deviation, both of the training
            images (standard), or nothing (none).
        augment: Random changes of training images, in this order.
        test_time_augmentation: Changes of test images, for a second test score beside the plain.
    """

    dataset: Annotated[str, choice(*DATASETS)]
    path: Annotated[Path | None, Accepting(_path, expected=PATH)] = None
    image_size: Annotated[tuple[int, int] | None, Accepting(_image_size, expected=IMAGE_SIZE)] = (
        None
    )
    channels: Annotated[
        int | None,
        accept(lambda value: value in (1, 3) and type(value) is int, "1 (grey) or 3 (RGB)"),
    ] = None
    validation: Annotated[int | float, Accepting(_validation, expected=VALIDATION)] = 0
    test: Annotated[float, Field(gt=0, lt=1)] = 0.2
    scaling: Annotated[str, choice("unit", "standard", "none")] = "unit"
    augment: list[AnyAugmentation] = []
    test_time_augmentation: FlipsAndShifts | None = None


class ModelSettings(Settings):
    """The network: its layers from the image to the output.

    Args:
        layers: Each reads the one before it, unless its `inputs` name others; the last gives one
            number a class.
    """

    layers: Layers


class EarlyStopping(Settings):
    """When to stop before the last epoch, as Keras's callback of that name has it.

    Args:
        monitor: What is watched: loss, accuracy or another metric of the training images, or with
            `val_` before it that of the validation images, which needs `data.validation`.
        min_delta: What a better value must be better by.
        patience: How many epochs without a better value are waited for.
        mode: Whether lower is better (min) or higher (max); auto knows from the name.
        baseline: A value that an epoch must be better than to count as better.
        restore_best_weights: Ends with the weights of the best epoch, not with the last.
        start_from_epoch: Epochs before watching begins.
    """

    monitor: str = "val_loss"
    min_delta: NotNegative | None = None
    patience: WholeNumber | None = None
    mode: Annotated[str | None, choice("auto", "min", "max")] = None
    baseline: float | None = None
    restore_best_weights: bool | None = None
    start_from_epoch: WholeNumber | None = None


class Lookahead(Settings):
    """Draws the weights back to a slow average of themselves (Zhang et al., 2019; Jordan, 2024).

    Args:
        every: After so many steps each time.
        decay: Per step, how much of the slow average is kept at the end of training; it grows from
            nothing with the third power of the steps done.
    """

    every: Count = 5
    decay: UnitInterval = 0.95


class TrainSettings(Settings):
    """How the network is trained.

    Args:
        epochs: Times through the training images.
        batch_size: Images in a step, over all devices together.
        shuffle: A new order each epoch; the order of the files when false.
        sampling: Whether an epoch shows every image once, or draws as many at random one by one,
            so that some come twice and others not at all.
        drop_remainder: Leaves out the last, smaller batch of an epoch.
        optimizer: What moves the weights.
        learning_rate_schedule: How the optimizer's rate moves.
        learning_rate_multipliers: What the rate is multiplied by for weights whose path, as in
            `conv2d/kernel`, matches a pattern, as in `*/bias`; 0 leaves them untrained.
        lookahead: Draws the weights back to a slow average of themselves.
        loss: What training makes small.
        metrics: What is measured besides accuracy.
        watch_first: Measures accuracy on so many of the first training images and of the first
            test images after each epoch; on all of a set that has fewer.
        early_stopping: When to stop early.
        checkpoint_every_minutes: How often to keep, besides each epoch's end, what resuming needs;
            for long epochs.
        precision: Keras's dtype policy; `auto` takes mixed_bfloat16 where the devices are fast at
            it, else float32. Weights, logits and loss stay float32.
        seed: Draws the validation images, initial weights, order, augmentation and dropout.
    """

    epochs: Count
    batch_size: Count = 32
    shuffle: bool = True
    sampling: Annotated[str, choice(*SAMPLINGS)] = "without_replacement"
    drop_remainder: bool = False
    optimizer: AnyOptimizer
    learning_rate_schedule: AnySchedule | None = None
    learning_rate_multipliers: dict[str, NotNegative] | None = None
    lookahead: Lookahead | None = None
    loss: AnyLoss = SparseCategoricalCrossentropy()
    metrics: list[AnyMetric] = []
    watch_first: Count | None = None
    early_stopping: EarlyStopping | None = None
    checkpoint_every_minutes: Positive | None = None
    precision: Annotated[str, choice(*PRECISIONS)] = "float32"
    seed: WholeNumber = 0


class Published(Settings):
    """A figure the source gives, to hold ours against.

    Args:
        metric: A column of metrics.csv, or the same of the test images, as in `test_accuracy`; with
            test-time augmentation `test_augmented_accuracy` too.
        value: As published; an accuracy as a share: 0.98 for 98 %.
        source: Where it is published.
    """

    metric: str
    value: float
    source: str

    @property
    def is_fraction(self) -> bool:
        """Whether it lies between 0 and 1, as accuracies do."""
        return is_fraction(self.metric)

    @property
    def rounding(self) -> float:
        """How far the figure may lie from what was measured: half a unit of its last digit.

        Shares are published in per cent, so that 0.98, or 1.0, has at least two digits. What else
        is published has all digits before the point, so that 20.0 is not a rounded 16.2.
        """
        exponent = int(Decimal(repr(self.value)).normalize().as_tuple().exponent)
        return 0.5 * 10.0 ** min(exponent, -2 if self.is_fraction else 0)


class Fidelity(Settings):
    """A setting that the source does not state, or that had to be changed.

    Args:
        setting: Which, as in `train.optimizer.Adam.learning_rate`.
        status: Whether the source says nothing of it (assumed) or something else (changed).
        note: Why, and what the source says.
    """

    setting: str
    status: Literal["assumed", "changed"]
    note: str


class Recipe(Settings):
    """A lesson or a paper made executable.

    Args:
        name: The folder its runs lie in; the file's name when left out.
        about: One line for people.
        source: Where the lesson is from.
        data: Which images, and how they are prepared.
        model: The network.
        train: How it is trained.
        published: Figures of the source; `kcnn reproduce` says of each whether ours agree.
        fidelity: Where the recipe goes beyond its source, or away from it.
    """

    name: Annotated[str, accept(_is_name, NAME)]
    about: str | None = None
    source: str | None = None
    data: DataSettings
    model: ModelSettings
    train: TrainSettings
    published: list[Published] = []
    fidelity: list[Fidelity] = []

    _origin: Source = PrivateAttr()

    @property
    def origin(self) -> Source:
        """The file it was read from, which knows the line of every setting."""
        return self._origin
