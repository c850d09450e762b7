"""The sections of a recipe, and what each setting in them takes."""

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
    require_order,
)
from kcnn.recipe.layers import Layers
from kcnn.recipe.losses import AnyLoss, AnyMetric, SparseCategoricalCrossentropy
from kcnn.recipe.optimizers import AnyOptimizer
from kcnn.recipe.schedules import AnySchedule
from kcnn.recipe.source import Source
from kcnn.runs.folder import MAX_NAME_LENGTH, NAME_PATTERN
from kcnn.runs.metrics import is_fraction
from kcnn.runs.summary import MAX_IMAGE_SIDE

DATASETS = ("digits", "mnist", "fashion_mnist", "cifar10", "cifar100", "folder", "csv", "npz")
OWN_DATASETS = ("folder", "csv", "npz")
DATASETS_OF_FILES = ("folder", "csv")  # one file for each image
UNREADABLE = ("error", "skip")
CACHES = ("auto", "memory", "disk", "none")
Resize = Literal["stretch", "fit", "crop"]
RESIZES: tuple[Resize, ...] = ("stretch", "fit", "crop")
SAMPLINGS = ("without_replacement", "with_replacement", "balanced")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16", "auto")

IMAGE_SIZE = f"[height, width] in pixels, each from 1 to {MAX_IMAGE_SIDE}, as in [32, 32]"
PATH = "a path, as in photos"
WEIGHTS = "a run or a file of weights, as in cifar/run-001 or model.keras"
NAME = (
    f"at most {MAX_NAME_LENGTH} letters a to z, digits, dots, dashes and underscores, a letter or "
    "digit first"
)
CLASS_WEIGHT = "balanced, or weights of at least 0 by class, as in {cat: 2, dog: 0.5}"
VALIDATION = "a number of images, as in 5000, or a fraction below 1, as in 0.1"


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and NAME_PATTERN.fullmatch(value) is not None


def _image_size(value: Any) -> tuple[int, int]:
    sizes = value if isinstance(value, list) else []
    are_sides = all(type(size) is int and 0 < size <= MAX_IMAGE_SIDE for size in sizes)
    if len(sizes) != 2 or not are_sides:
        raise mistake("unexpected", expected=IMAGE_SIZE)
    return sizes[0], sizes[1]


def _path_or(expected: str) -> Accepting:
    """Build a validator that accepts a path; `expected` says what kind of path."""

    def check(value: Any) -> Path:
        if not isinstance(value, str) or not value or "\0" in value:
            raise mistake("unexpected", expected=expected)
        try:
            return Path(value).expanduser()
        except RuntimeError:
            raise mistake("no_such_home") from None

    return Accepting(check, expected=expected)


def _validation(value: Any) -> Any:
    whole = type(value) is int and value >= 0
    fraction = isinstance(value, float) and 0 <= value < 1
    if not (whole or fraction):
        raise mistake("unexpected", expected=VALIDATION)
    return value


def _class_weight(value: Any) -> Any:
    def is_weight(number: Any) -> bool:
        return type(number) in (int, float) and 0 <= number < float("inf")

    is_mapping = isinstance(value, dict) and bool(value) and all(map(is_weight, value.values()))
    if value not in (None, "balanced") and not is_mapping:
        raise mistake("unexpected", expected=CLASS_WEIGHT, words=("balanced",))
    return value


class FlipsAndShifts(Settings):
    """Changes of test images whose predictions are averaged for a second score.

    Args:
        flip: Also predict each image flipped left to right.
        shift: Also predict each image shifted by so many pixels up-left and down-right.
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
        """What is averaged over: `flips and shifts`."""
        named = {"flips": self.flip, "shifts": self.shift}
        return " and ".join(name for name, value in named.items() if value is not None)


class Fold(Settings):
    """One fold of a cross-validation, as `kcnn reproduce --folds` sets it.

    Args:
        number: Which fold is tested, from 1; the others are trained on.
        of: How many folds the training images are divided into.
        seed: Decides which image is in which fold.
    """

    number: Count
    of: Annotated[int, Field(ge=2, le=1000)]
    seed: WholeNumber = 0

    @model_validator(mode="after")
    def _exists(self) -> Fold:
        require_order(number=self.number, of=self.of)
        return self


class DataSettings(Settings):
    """Which images, and how they are prepared.

    Args:
        dataset: A named dataset, or `folder`, `csv` or `npz` with a `path`.
        path: The folder, or the CSV or npz file; relative to the recipe, on the command line
            relative to the current folder.
        image_size: Height and width every image is resized to.
        resize: How an image of another shape gets that size: stretch changes its aspect ratio, fit
            adds a border, crop cuts off what is too long.
        unreadable: Whether image files that cannot be read are an error, or are left out (skip).
        cache: Where decoded images are kept: in memory, on disk, or nowhere (none), so that each
            epoch reads the files; auto takes memory while they fit a quarter of what is free, else
            the disk.
        channels: 1 for gray, 3 for color; the dataset's own when left out (color for image files).
        validation: Images taken from the training set: a number, or a fraction below 1. Leave it
            out if the dataset has validation images of its own.
        test: Fraction of the image files that become the test set if the folder has no `test`
            sub-folder, or the CSV no rows of that split.
        fold: Test one fold of the training images, and train on the others. The dataset's own test
            images are not used.
        scaling: What the model's first layer does to pixel values: divide them by 255 (unit),
            subtract each channel's mean and divide by its standard deviation, both of the training
            images (standard), or nothing (none).
        augment: Random changes of training images, in this order.
        test_time_augmentation: Changes of test images, for a second test score.
    """

    dataset: Annotated[str, choice(*DATASETS)]
    path: Annotated[Path | None, _path_or(PATH)] = None
    image_size: Annotated[tuple[int, int] | None, Accepting(_image_size, expected=IMAGE_SIZE)] = (
        None
    )
    resize: Annotated[Resize, choice(*RESIZES)] = "stretch"
    unreadable: Annotated[str, choice(*UNREADABLE)] = "error"
    cache: Annotated[str, choice(*CACHES)] = "auto"
    channels: Annotated[
        int | None,
        accept(lambda value: value in (1, 3) and type(value) is int, "1 (gray) or 3 (RGB)"),
    ] = None
    validation: Annotated[int | float, Accepting(_validation, expected=VALIDATION)] = 0
    test: Annotated[float, Field(gt=0, lt=1)] = 0.2
    fold: Fold | None = None
    scaling: Annotated[str, choice("unit", "standard", "none")] = "unit"
    augment: list[AnyAugmentation] = []
    test_time_augmentation: FlipsAndShifts | None = None


class ModelSettings(Settings):
    """The model: its layers from the image to the output.

    Args:
        layers: Each reads the one before it, unless its `inputs` name others; the last has one
            output per class.
    """

    layers: Layers


class EarlyStopping(Settings):
    """When to stop before the last epoch, as Keras's callback of that name does.

    Args:
        monitor: The metric to watch: loss, accuracy or another of the training images; with `val_`
            before it, of the validation images, which needs `data.validation`.
        min_delta: How much better a value must be to count as better.
        patience: How many epochs without a better value to wait for.
        mode: Whether lower is better (min) or higher (max); auto decides by the name.
        baseline: A value that an epoch must be better than to count as better.
        restore_best_weights: End with the weights of the best epoch, not of the last.
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
    """Pull the weights back to a slow average of themselves (Zhang et al., 2019; Jordan, 2024).

    Args:
        every: Steps from one pull to the next.
        decay: Fraction of the slow average that a step keeps at the end of training; it grows from
            0 with the third power of the steps done.
    """

    every: Count = 5
    decay: UnitInterval = 0.95


def _is_layer_count(value: Any) -> bool:
    return value is True or (type(value) is int and 0 < value <= 10_000)


class FineTune(Settings):
    """Go on training with the last layers of the applications trainable, at a small learning rate.

    These epochs follow those of `train.epochs`, with a new optimizer of the same kind. Early
    stopping counts its patience anew; a learning-rate schedule and lookahead end before.

    Args:
        epochs: How many further epochs.
        unfreeze: How many of the last layers of each application to train, all of them if true.
            Batch normalization in them keeps its moving averages.
        learning_rate: The constant learning rate of these epochs.
    """

    epochs: Count
    unfreeze: Annotated[
        bool | int, accept(_is_layer_count, "true for all, or a number of layers, as in 30")
    ] = True
    learning_rate: Positive = 1e-5


class TrainSettings(Settings):
    """How the model is trained.

    Args:
        initial_weights: A run, or a `.keras` or `.weights.h5` file, whose weights the model starts
            with where the names and shapes of layers agree; a path is relative to the recipe, on
            the command line relative to the current folder. A run's name is one below outputs.
        epochs: How often to go through the training images.
        batch_size: Images per step, on all devices together.
        shuffle: A new order each epoch; the order of the files if false.
        sampling: Whether an epoch shows every image once, draws as many images at random, so that
            some come twice and others not at all, or shows each class equally often (balanced): all
            images of a rare class several times, and a new part of a frequent one in each epoch.
        drop_remainder: Leave out the last, smaller batch of an epoch.
        optimizer: How the weights are updated.
        learning_rate_schedule: How the optimizer's learning rate changes.
        learning_rate_multipliers: Multiplier of the learning rate for weights whose path, as in
            `conv2d/kernel`, matches a pattern, as in `*/bias`; 0 freezes them.
        lookahead: Pull the weights back to a slow average of themselves.
        fine_tune: Further epochs that also train layers of the applications.
        loss: What training minimizes.
        class_weight: How much each class counts in the training loss, as Keras's `class_weight`;
            classes that are not named count 1. `balanced` is images / (classes × images of the
            class). Images that MixUp or CutMix mix count as their labels are mixed.
        metrics: What is measured in addition to accuracy.
        watch_first: Measure accuracy on so many of the first training images and of the first test
            images after each epoch; on all images if there are fewer.
        early_stopping: When to stop early.
        checkpoint_every_minutes: How often to write a checkpoint within an epoch too; for long
            epochs.
        precision: Keras's dtype policy; `auto` is mixed_bfloat16 on devices that are fast at it,
            else float32. Weights, logits and loss stay float32.
        seed: Decides the validation images, initial weights, order, augmentation and dropout.
    """

    initial_weights: Annotated[Path | None, _path_or(WEIGHTS)] = None
    epochs: Count
    batch_size: Count = 32
    shuffle: bool = True
    sampling: Annotated[str, choice(*SAMPLINGS)] = "without_replacement"
    drop_remainder: bool = False
    optimizer: AnyOptimizer
    learning_rate_schedule: AnySchedule | None = None
    learning_rate_multipliers: dict[str, NotNegative] | None = None
    lookahead: Lookahead | None = None
    fine_tune: FineTune | None = None
    loss: AnyLoss = SparseCategoricalCrossentropy()
    class_weight: Annotated[
        str | dict[str, float] | None, Accepting(_class_weight, expected=CLASS_WEIGHT)
    ] = None
    metrics: list[AnyMetric] = []
    watch_first: Count | None = None
    early_stopping: EarlyStopping | None = None
    checkpoint_every_minutes: Positive | None = None
    precision: Annotated[str, choice(*PRECISIONS)] = "float32"
    seed: WholeNumber = 0

    @property
    def all_epochs(self) -> int:
        """Epochs with those of fine-tuning."""
        return self.epochs + (self.fine_tune.epochs if self.fine_tune else 0)


class Published(Settings):
    """A published figure, to compare ours with.

    Args:
        metric: A column of metrics.csv, or the same of the test images, as in `test_accuracy`; with
            test-time augmentation also `test_augmented_accuracy`.
        value: As published; an accuracy as a fraction: 0.98 for 98 %.
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
        """How far the number may be from what was measured: half a unit of its last digit.

        Fractions are published in per cent, so 0.98 and 1.0 have at least two digits. Other figures
        have all digits before the point, so 20.0 is not a rounded 16.2.
        """
        exponent = int(Decimal(repr(self.value)).normalize().as_tuple().exponent)
        return 0.5 * 10.0 ** min(exponent, -2 if self.is_fraction else 0)


class Fidelity(Settings):
    """A setting that the source does not state, or that had to be changed.

    Args:
        setting: Which, as in `train.optimizer.Adam.learning_rate`.
        status: Whether the source does not state it (assumed) or states another value (changed).
        note: Why, and what the source states.
    """

    setting: str
    status: Literal["assumed", "changed"]
    note: str


class Recipe(Settings):
    """A lesson or a paper made executable.

    Args:
        name: The folder of its runs; the file's name when left out.
        about: One line for people.
        source: Where the lesson is from.
        data: Which images, and how they are prepared.
        model: The layers of the model.
        train: How it is trained.
        published: Numbers that the source publishes; `kcnn reproduce` reports whether ours agree.
        fidelity: Where the recipe adds to its source, or departs from it.
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
        """The file it was read from, with the line of every setting."""
        return self._origin
