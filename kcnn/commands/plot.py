"""kcnn plot: draw a run's plots again, or the curves of several runs over each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from kcnn.commands.run_images import read_run_recipe, reading_again
from kcnn.data.dataset import Dataset
from kcnn.data.load import load_dataset
from kcnn.data.parts import PARTS
from kcnn.data.splits import set_validation_apart
from kcnn.errors import KcnnError
from kcnn.figures.accuracy import check_style
from kcnn.figures.all_figures import choose_figures, figures_that_compare_runs
from kcnn.figures.curves import read_curve
from kcnn.figures.run_figure import DEFAULT_STYLE, FigureInput, LayerMaps, RunFigure
from kcnn.figures.run_plots import check_format, plot_run, prepare_plots, save_plots
from kcnn.files.folder_names import folder_name
from kcnn.machine.start import start_tensorflow
from kcnn.progress import Progress
from kcnn.runs.dataset import require_same_test_images
from kcnn.runs.find import find_model, find_run
from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import read_metrics

COMPARISONS = "comparisons"


@dataclass(frozen=True)
class Plots:
    """Plots that were written.

    Args:
        paths: Their files.
    """

    paths: list[Path]

    def as_json(self) -> list[str]:
        """Return what json.dumps takes."""
        return [str(path) for path in self.paths]


def plot_runs(
    runs: Sequence[str],
    output_dir: Path,
    image_format: str = "png",
    only: Sequence[str] = (),
    data_dir: Path | None = None,
    progress: Progress | None = None,
    style: str = DEFAULT_STYLE,
    settings: Sequence[str] = (),
) -> Plots:
    """Write every plot that a run's files allow, or the curves of several runs over each other.

    A figure that cannot be drawn is skipped, and the reason is reported to `progress`. A figure
    that `only` names must succeed.

    Args:
        runs: Runs as `kcnn.runs.find.find_run` takes them; the newest run if empty.
        output_dir: The folder of all runs. Comparisons go into its folder `comparisons`.
        image_format: `png`, `svg` or `pdf`.
        only: Names of figures in `kcnn.figures.all_figures`; all if empty.
        data_dir: The folder in which datasets are looked for first.
        progress: Where loading and skipped figures are reported.
        style: How accuracy is drawn, a key of `kcnn.figures.accuracy.STYLES`.
        settings: Where the images of a single run are now, as of
            `kcnn.commands.run_images.read_run_recipe`.

    Raises:
        RunError: A run does not exist, has no epochs, or its plots cannot be written.
        KcnnError: A figure, the format or the style is unknown, or a figure in `only` cannot be
            drawn.
    """
    progress = progress or Progress()
    check_format(image_format)
    figures = choose_figures(only)
    check_style(style, [figure.NAME for figure in figures])
    run_names: Sequence[str | None] = runs or [None]
    found = [find_run(run, output_dir) for run in run_names]
    folders = list({run.path.resolve(): run for run in found}.values())
    if len(folders) > 1:
        if settings:
            raise KcnnError(
                f"{settings[0]}: the curves of several runs need no images", "leave it out"
            )
        return Plots(
            _compare(folders, figures, image_format, bool(only), output_dir, progress, style)
        )
    run = folders[0]
    read_metrics(run)  # raises for a run without epochs before anything large is loaded
    return Plots(_plot_run(run, settings, only, image_format, data_dir, progress, style))


def _plot_run(
    run: RunFolder,
    settings: Sequence[str],
    only: Sequence[str],
    image_format: str,
    data_dir: Path | None,
    progress: Progress,
    style: str,
) -> list[Path]:
    needs_images = any(figure.NEEDS_IMAGES for figure in choose_figures(only))
    dataset = (
        _load_images(run, settings, data_dir, bool(only or settings), progress)
        if needs_images
        else None
    )
    layers = partial(_feature_maps, run, progress)
    return plot_run(run, dataset, layers, image_format, only, progress, style)


def _load_images(
    run: RunFolder,
    settings: Sequence[str],
    data_dir: Path | None,
    strict: bool,
    progress: Progress,
) -> Dataset | None:
    try:
        recipe = read_run_recipe(run, settings, "plot")
        # Of the training images, a few samples are read. So only the test images are checked.
        parts = PARTS if recipe.data.unreadable == "skip" else ("test",)
        with reading_again():
            dataset = load_dataset(recipe.data, data_dir, progress, parts=parts)
        if recipe.data.path is not None:
            require_same_test_images(run, dataset.test.digest())
        return set_validation_apart(dataset, recipe.data.validation, recipe.train.seed)[0]
    except KcnnError as error:
        if strict:
            raise
        hint = f"; {error.hint}" if error.hint else ""
        progress.note(f"{run.title}: its images could not be loaded: {error.message}{hint}")
        return None


def _feature_maps(run: RunFolder, progress: Progress, images: np.ndarray) -> Sequence[LayerMaps]:
    find_model(run, "last")  # raises before anything large is loaded
    start_tensorflow(progress)
    from kcnn.model.feature_maps import compute_feature_maps
    from kcnn.model.saved import load_model

    return compute_feature_maps(load_model(run), images)


def _compare(
    runs: Sequence[RunFolder],
    figures: Sequence[RunFigure],
    image_format: str,
    strict: bool,
    output_dir: Path,
    progress: Progress,
    style: str,
) -> list[Path]:
    single = [figure.NAME for figure in figures if not figure.COMPARES_RUNS]
    if strict and single:
        raise KcnnError(
            f"{', '.join(single)}: can be drawn for one run, not for {len(runs)}",
            f"several runs can be compared in {', '.join(figures_that_compare_runs())}",
        )
    curves = [read_curve(run) for run in runs]
    if len({curve.title for curve in curves}) < len(curves):
        # Runs of the same name in different folders are distinguished by their paths.
        pairs = zip(runs, curves, strict=True)
        curves = [replace(curve, title=str(run.path)) for run, curve in pairs]
    comparing = [figure for figure in figures if figure.COMPARES_RUNS]
    plots = prepare_plots(comparing, FigureInput(runs, curves, style))
    folder = output_dir / COMPARISONS / _folder_name(runs)
    return save_plots(plots, folder, image_format, strict, progress)


def _folder_name(runs: Sequence[RunFolder]) -> str:
    titles = "-and-".join(run.title for run in runs)
    return folder_name(titles, "\n".join(str(run.path.resolve()) for run in runs))
