"""Draw a run's figures and write them as plots."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from kcnn.data.dataset import Dataset
from kcnn.errors import KcnnError
from kcnn.figures import style
from kcnn.figures.all_figures import choose_figures
from kcnn.figures.curves import read_curve
from kcnn.figures.fonts import note_boxes
from kcnn.figures.run_figure import (
    DEFAULT_STYLE,
    FeatureMaps,
    FigureInput,
    InapplicableError,
    RunFigure,
)
from kcnn.files.atomic import remove_leftovers
from kcnn.machine.signals import stop_if_requested
from kcnn.progress import Progress
from kcnn.runs.folder import RunFolder, require_no_links


def plot_run(
    run: RunFolder,
    dataset: Dataset | None,
    feature_maps: FeatureMaps,
    image_format: str = "png",
    only: Sequence[str] = (),
    progress: Progress | None = None,
    style_name: str = DEFAULT_STYLE,
) -> list[Path]:
    """Write a run's plots into its folder `plots`.

    A figure that cannot be drawn is skipped, and the reason is reported to `progress`. A figure
    that `only` names must succeed.

    Args:
        run: The run. It has a metrics.csv.
        dataset: The run's images as they were loaded, or None if they could not be loaded.
        feature_maps: Computes the feature maps of the run's model for images, uint8 of shape
            (images, height, width, channels). Called only to draw `feature_maps`.
        image_format: `png`, `svg` or `pdf`.
        only: Names of figures; all if empty.
        progress: Where skipped figures are reported.
        style_name: A key of `accuracy.STYLES`.

    Returns:
        The files written, in the order of `all_figures.FIGURES`.

    Raises:
        RunError: The run has no epochs, or a file cannot be written.
        KcnnError: A figure or the format is unknown, or a figure in `only` cannot be drawn.
    """
    check_format(image_format)
    figures = choose_figures(only)
    curve = read_curve(run)
    require_no_links(run)
    remove_leftovers(run.plots)
    source = FigureInput([run], [curve], style_name, dataset, feature_maps)
    plots = prepare_plots(figures, source)
    return save_plots(plots, run.plots, image_format, bool(only), progress or Progress())


def prepare_plots(
    figures: Sequence[RunFigure], source: FigureInput
) -> dict[str, Callable[[], Figure]]:
    """Return for each figure's name the function that draws it from `source`."""
    return {figure.NAME: partial(figure.plot, source) for figure in figures}


def save_plots(
    plots: Mapping[str, Callable[[], Figure]],
    folder: Path,
    image_format: str,
    strict: bool,
    progress: Progress,
) -> list[Path]:
    """Draw and write plots one after the other.

    Args:
        plots: The functions that draw them, by the files' names without suffix.
        folder: Where to write them.
        image_format: `png`, `svg` or `pdf`.
        strict: Whether a figure that cannot be drawn is an error. Else it is skipped, without a
            note if it is not for runs of this kind.
        progress: Where skipped figures are reported.

    Returns:
        The files written.

    Raises:
        RunError: A file cannot be written.
        KcnnError: A figure cannot be drawn, if `strict`.
        Stopped: A signal arrived. It is raised between two plots.
    """
    written = []
    without_font: set[str] = set()
    for name, draw in plots.items():
        stop_if_requested()
        try:
            figure = draw()
        except KcnnError as error:
            if strict:
                raise
            if isinstance(error, InapplicableError):
                continue
            progress.note(f"skipped {name}: {error.message}")
            continue
        path = folder / f"{name}.{image_format}"
        without_font.update(style.save(figure, path))
        written.append(path)
    note_boxes("".join(sorted(without_font)), progress)
    return written


def check_format(image_format: str) -> None:
    """Check that plots can be written in a format.

    Raises:
        KcnnError: The format is unknown.
    """
    if image_format not in style.FORMATS:
        formats = ", ".join(style.FORMATS)
        raise KcnnError(f"{image_format}: no such image format", f"choose from {formats}")
