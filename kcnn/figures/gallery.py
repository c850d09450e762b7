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
    accuracy_textbook,
    confusion,
    feature_maps,
    filters,
    learning_rate,
    loss,
    loss_steps,
    mistakes,
    samples,
    style,
)
from kcnn.figures.curves import Curve, read_curve
from kcnn.figures.examples import first_example, right_and_wrong
from kcnn.files.atomic import remove_leftovers
from kcnn.machine.signals import stop_if_requested
from kcnn.progress import Progress
from kcnn.runs.folder import RunFolder, require_no_links
from kcnn.runs.scores import read_confusion, read_filters, read_predictions, read_steps

FeatureMaps = Callable[[np.ndarray], Sequence[feature_maps.LayerMaps]]
DEFAULT_STYLE = "default"


@dataclass(frozen=True)
class Curves:
    """What curves are drawn from: one run, or several to lay over each other.

    Args:
        runs: The runs.
        epochs: The epochs of each.
        style_name: One of STYLES.
    """

    runs: Sequence[RunFolder]
    epochs: Sequence[Curve]
    style_name: str = DEFAULT_STYLE


@dataclass(frozen=True)
class Material:
    """What the other pictures of one run are drawn from, besides the files in its folder.

    Args:
        run: The run.
        curve: Its epochs.
        dataset: Its images, or None when they are not at hand.
        feature_maps: Takes images, gives what each layer of the run's model makes of them.
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
    style_name: str = DEFAULT_STYLE,
) -> list[Path]:
    """Draws a run's pictures into its folder `plots`.

    What cannot be drawn is left out, and progress is told why; a picture asked for by name must
    succeed.

    Args:
        run: The run; its metrics.csv is there.
        dataset: Its images as they were loaded, or None when they are not at hand.
        feature_maps: Takes images, uint8 of shape (images, height, width, channels), gives what
            each layer of the run's model makes of them; called only when that picture is drawn.
        image_format: `png`, `svg` or `pdf`.
        only: Names of PICTURES; none means all.
        progress: Told of pictures left out.
        style_name: One of STYLES.

    Returns:
        The pictures written, in the order of PICTURES.

    Raises:
        RunError: The run has no epochs, or a picture cannot be written.
        KcnnError: There is no such picture or format, or a picture of `only` cannot be drawn.
    """
    check_format(image_format)
    names = choose_pictures(only)
    curve = read_curve(run)
    require_no_links(run)
    remove_leftovers(run.plots)
    material = Material(run, curve, dataset, feature_maps)
    pictures = curve_pictures(names, Curves([run], [curve], style_name))
    pictures |= {name: partial(SINGLE[name], material) for name in names if name in SINGLE}
    return save_pictures(pictures, run.plots, image_format, bool(only), progress or Progress())


def curve_pictures(names: Sequence[str], curves: Curves) -> dict[str, Callable[[], Figure]]:
    """Prepares those of some pictures that are curves.

    Args:
        names: Names of PICTURES.
        curves: The runs.

    Returns:
        What draws each, by name.
    """
    return {name: partial(CURVES[name], curves) for name in names if name in CURVES}


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
        Stopped: A signal came; it is raised between two pictures.
    """
    written = []
    for name, draw in pictures.items():
        stop_if_requested()
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
    """Makes sure that there is such a format of pictures.

    Raises:
        KcnnError: There is none.
    """
    if image_format not in style.FORMATS:
        formats = ", ".join(style.FORMATS)
        raise KcnnError(f"{image_format}: no such picture format", f"there are {formats}")


def check_style(style_name: str, names: Sequence[str]) -> None:
    """Makes sure that there is such a style and that it changes something.

    Args:
        style_name: What was asked for.
        names: The pictures to be drawn.

    Raises:
        KcnnError: There is no such style, or it has nothing to do with these pictures.
    """
    if style_name not in STYLES:
        raise KcnnError(f"{style_name}: no such style", f"choose from {', '.join(STYLES)}")
    if style_name != DEFAULT_STYLE and "accuracy" not in names:
        raise KcnnError(
            f"style {style_name}: a style of accuracy, which is not among {', '.join(names)}",
            "write --only accuracy, or leave --style out",
        )


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
    if material.run.predictions.is_file():
        examples = right_and_wrong(test, read_predictions(material.run), class_names)
    else:
        examples = [first_example(test, class_names)]
    layers = material.feature_maps(np.stack([example.pixels for example in examples]))
    return feature_maps.draw(examples, layers, material.curve.headline)


def _draw_mistakes(material: Material) -> Figure:
    predictions = read_predictions(material.run)
    dataset = material.images
    return mistakes.draw(dataset.test, predictions, dataset.class_names, material.curve.headline)


def _draw_loss_steps(curves: Curves) -> Figure:
    return loss_steps.draw(curves.epochs, [read_steps(run) for run in curves.runs])


# How accuracy is drawn: as all curves here are, or as the tutorials' book does.
STYLES: Mapping[str, Callable[[Sequence[Curve]], Figure]] = {
    DEFAULT_STYLE: accuracy.draw,
    "textbook": accuracy_textbook.draw,
}
# Pictures of curves can lay several runs over each other.
CURVES: Mapping[str, Callable[[Curves], Figure]] = {
    "accuracy": lambda curves: STYLES[curves.style_name](curves.epochs),
    "loss": lambda curves: loss.draw(curves.epochs),
    "loss_steps": _draw_loss_steps,
    "learning_rate": lambda curves: learning_rate.draw(curves.epochs),
}
SINGLE: Mapping[str, Callable[[Material], Figure]] = {
    "confusion": _draw_confusion,
    "samples": _draw_samples,
    "filters": _draw_filters,
    "feature_maps": _draw_feature_maps,
    "mistakes": _draw_mistakes,
}
PICTURES = (*CURVES, *SINGLE)
NEED_IMAGES = ("samples", "feature_maps", "mistakes")
