"""The protocol of the figures that `kcnn plot` draws, and the data they are drawn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from matplotlib.figure import Figure

from kcnn.data.dataset import Dataset
from kcnn.errors import RunError
from kcnn.figures.curves import Curve
from kcnn.runs.folder import RunFolder

DEFAULT_STYLE = "default"


class LayerMaps(Protocol):
    """Feature maps of one layer for some images."""

    @property
    def name(self) -> str:
        """The layer's name."""

    @property
    def maps(self) -> np.ndarray:
        """The layer's output, shape (images, height, width, channels)."""

    @property
    def unfinished(self) -> bool:
        """Whether only normalizations, sums and activations take the output as their input."""


# Compute each layer's feature maps for images, uint8 of shape (images, height, width, channels).
FeatureMaps = Callable[[np.ndarray], Sequence[LayerMaps]]


class InapplicableError(RunError):
    """A figure is not for runs of this kind: it is left out, unless the user asked for it."""


@dataclass(frozen=True)
class FigureInput:
    """What a figure is drawn from: one run, or several to draw over each other.

    Args:
        runs: The run folders.
        curves: The metrics of each run by epoch, in the order of `runs`.
        style: How accuracy is drawn, a key of `accuracy.STYLES`.
        images: The dataset of a single run, or None if it could not be loaded.
        layers: Computes the feature maps of a single run's model; None for several runs.
    """

    runs: Sequence[RunFolder]
    curves: Sequence[Curve]
    style: str = DEFAULT_STYLE
    images: Dataset | None = None
    layers: FeatureMaps | None = None

    @property
    def run(self) -> RunFolder:
        """The first run, which is the only one in figures that do not compare runs."""
        return self.runs[0]

    @property
    def curve(self) -> Curve:
        """The metrics of the first run by epoch."""
        return self.curves[0]

    @property
    def dataset(self) -> Dataset:
        """The run's dataset.

        Raises:
            RunError: It could not be loaded.
        """
        if self.images is None:
            raise RunError(f"{self.run.title}: its images could not be loaded")
        return self.images

    def feature_maps(self, images: np.ndarray) -> Sequence[LayerMaps]:
        """Compute the feature maps of the run's model.

        Args:
            images: uint8, shape (images, height, width, channels).

        Raises:
            RunError: The model is missing or damaged.
        """
        if self.layers is None:
            raise RunError(f"{self.run.title}: its model is not loaded")
        return self.layers(images)


class RunFigure(Protocol):
    """What the module of a figure defines. `all_figures.py` lists these modules."""

    # Name of the figure for `kcnn plot --only`, and of its file: plots/<NAME>.png.
    NAME: str
    # Files of the run folder that the figure cannot be drawn without.
    READS: Sequence[str]
    # Whether the figure shows images of the dataset, which is loaded only then.
    NEEDS_IMAGES: bool
    # Whether several runs can be drawn over each other.
    COMPARES_RUNS: bool

    # Read the files and draw the figure. RunError if a file is missing or damaged; the reason is
    # printed, and the other figures are drawn. InapplicableError if such a run has no such figure.
    def plot(self, source: FigureInput) -> Figure: ...  # noqa: D102
