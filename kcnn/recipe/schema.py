"""A recipe: its sections, and what its source publishes."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import PrivateAttr

from kcnn.recipe.data_settings import DataSettings
from kcnn.recipe.fields import (
    Settings,
    accept,
)
from kcnn.recipe.layers import Layers
from kcnn.recipe.source import Source
from kcnn.recipe.train_settings import TrainSettings
from kcnn.runs.folder import MAX_NAME_LENGTH, NAME_PATTERN
from kcnn.runs.metrics import is_fraction

NAME = (
    f"at most {MAX_NAME_LENGTH} letters a to z, digits, dots, dashes and underscores, a letter or "
    "digit first"
)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and NAME_PATTERN.fullmatch(value) is not None


class ModelSettings(Settings):
    """The model: its layers from the image to the output.

    Args:
        layers: Each reads the one before it, unless its `inputs` name others; the last has one
            output per class.
    """

    layers: Layers


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
