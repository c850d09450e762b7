"""Every picture of a run by name, drawn from its files and from its images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from kcnn.data.dataset import Dataset
from kcnn.errors import KcnnError, RunError
from kcnn.figures import (
    accuracy,
    confusion,
    feature_maps,
    filters,
    learning_rate,
    loss,
    mistakes,
    samples,
    style,
)
from kcnn.figures.curves import Curve, read_curve
from kcnn.figures.run_tables import read_confusion, read_filters, read_predictions
from kcnn.progress import Progress
from kcnn.runs import RunFolder

FeatureMaps = Callable[[np.ndarray], list[tuple[str, np.ndarray]]]


@dataclass(frozen=True)
class Material:
    """What one run's pictures are drawn from, besides the files in its folder.

    Args:
        run: The run.
        curve: Its epochs.
        dataset: Its images, or None when they are not at hand.
        feature_maps: Takes an image, gives the name and output of each layer of the run's model.
    """

    run: RunFolder
    curve: Curve
    dataset: Dataset | None
    feature_maps: FeatureMaps

    @property
    def images(self) -> Dataset:
        """The data set.

        Raises:
            RunError: It is not at hand.
        """
        if self.dataset is None:
            raise RunError(f"{self.run.title}: its images are not at hand")
        return self.dataset


def draw_run(
    run: RunFolder,
    dataset: Dataset | None,
    feature_maps: FeatureMaps,
    image_format: str = "png",
    only: Sequence[str] = (),
    progress: Progress | None = None,
) -> list[Path]:
    """Draws a run's pictures into its folder `plots`.

    What cannot be drawn is left out, and progress is told why; a picture asked for by name must
    succeed.

    Args:
        run: The run; its metrics.csv is there.
        dataset: Its images as they were loaded, or None when they are not at hand.
        feature_maps: Takes an image, gives the name and output of each layer of the run's model;
            called only when that picture is drawn.
        image_format: `png`, `svg` or `pdf`.
        only: Names of PICTURES; none means all.
        progress: Told of pictures left out.

    Returns:
        The pictures written, in the order of PICTURES.

    Raises:
        RunError: The run has no epochs, or a picture cannot be written.
        KcnnError: There is no such picture or format, or a picture of `only` cannot be drawn.
    """
    check_format(image_format)
    names = choose_pictures(only)
    material = Material(run, read_curve(run), dataset, feature_maps)
    pictures = {name: partial(PICTURES[name], material) for name in names}
    return save_pictures(pictures, run.plots, image_format, bool(only), progress or Progress())


def save_pictures(
    pictures: Mapping[str, Callable[[], Figure]],
    folder: Path,
    image_format: str,
    strict: bool,
    progress: Progress,
) -> list[Path]:
    """Draws and writes pictures one after the other.

    Args:
        pictures: What draws each, by the name of its file.
        folder: Where to write them.
        image_format: `png`, `svg` or `pdf`.
        strict: Whether a picture that cannot be drawn is an error, or left out.
        progress: Told of pictures left out.

    Returns:
        The pictures written.

    Raises:
        RunError: A picture cannot be written.
        KcnnError: A picture cannot be drawn, if strict.
    """
    written = []
    for name, draw in pictures.items():
        try:
            figure = draw()
        except KcnnError as error:
            if strict:
                raise
            progress.note(f"left out {name}: {error.message}")
            continue
        path = folder / f"{name}.{image_format}"
        style.save(figure, path)
        written.append(path)
    return written


def choose_pictures(only: Sequence[str]) -> list[str]:
    """Lists the pictures asked for, in the order of PICTURES; all when none is named.

    Raises:
        KcnnError: There is no such picture.
    """
    for name in only:
        if name not in PICTURES:
            near = get_close_matches(name, PICTURES, n=1)
            guess = f"; did you mean {near[0]}?" if near else ""
            raise KcnnError(f"{name}: no such picture{guess}", f"there are {', '.join(PICTURES)}")
    return [name for name in PICTURES if not only or name in only]


def check_format(image_format: str) -> None:
    """Makes sure that pictures can be written so.

    Raises:
        KcnnError: They cannot.
    """
    if image_format not in style.FORMATS:
        formats = ", ".join(style.FORMATS)
        raise KcnnError(f"{image_format}: pictures are not written so", f"choose from {formats}")


def _draw_confusion(material: Material) -> Figure:
    return confusion.draw(read_confusion(material.run), material.curve.headline)


def _draw_samples(material: Material) -> Figure:
    dataset = material.images
    title = f"{material.curve.short_title}: {style.shorten(dataset.name, 40)}"
    return samples.draw(dataset.train, dataset.class_names, title)


def _draw_filters(material: Material) -> Figure:
    before, after = read_filters(material.run)
    return filters.draw(before, after, material.curve.headline)


def _draw_feature_maps(material: Material) -> Figure:
    test, class_names = material.images.test, material.images.class_names
    image, label = test.images[0], class_names[test.labels[0]]
    title = f"{material.curve.short_title}: first test image, {style.shorten(label, 24)}"
    return feature_maps.draw(image, material.feature_maps(image), title)


def _draw_mistakes(material: Material) -> Figure:
    predictions = read_predictions(material.run)
    dataset = material.images
    return mistakes.draw(dataset.test, predictions, dataset.class_names, material.curve.headline)


# Pictures of curves can lay several runs over each other.
CURVES: Mapping[str, Callable[[Sequence[Curve]], Figure]] = {
    "accuracy": accuracy.draw,
    "loss": loss.draw,
    "learning_rate": learning_rate.draw,
}
PICTURES: Mapping[str, Callable[[Material], Figure]] = {
    "accuracy": lambda material: accuracy.draw([material.curve]),
    "loss": lambda material: loss.draw([material.curve]),
    "learning_rate": lambda material: learning_rate.draw([material.curve]),
    "confusion": _draw_confusion,
    "samples": _draw_samples,
    "filters": _draw_filters,
    "feature_maps": _draw_feature_maps,
    "mistakes": _draw_mistakes,
}
NEED_IMAGES = ("samples", "feature_maps", "mistakes")
