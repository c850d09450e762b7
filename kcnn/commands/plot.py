"""kcnn plot: draws and redraws the pictures of a run, or the curves of several runs together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from kcnn.commands.plot_image import plot_image
from kcnn.data.dataset import Dataset
from kcnn.data.load import load_dataset
from kcnn.data.scored_images import require_scored_images
from kcnn.data.splits import set_validation_apart
from kcnn.errors import KcnnError
from kcnn.figures.curves import read_curve
from kcnn.figures.feature_maps import LayerMaps
from kcnn.figures.gallery import (
    CURVES,
    DEFAULT_STYLE,
    NEED_IMAGES,
    Curves,
    check_format,
    check_style,
    choose_pictures,
    curve_pictures,
    draw_run,
    save_pictures,
)
from kcnn.files.folder_names import folder_name
from kcnn.machine.start import start_tensorflow
from kcnn.progress import Progress
from kcnn.recipe import read_recipe
from kcnn.runs.folder import RunFolder, find_run

COMPARISONS = "comparisons"
OF_AN_IMAGE = "feature_maps"


def plot_runs(
    runs: Sequence[str],
    output_dir: Path,
    image_format: str = "png",
    only: Sequence[str] = (),
    data_dir: Path | None = None,
    progress: Progress | None = None,
    style: str = DEFAULT_STYLE,
    image: Path | None = None,
) -> list[Path]:
    """Draws every picture that one run's files allow, or several runs' curves over each other.

    What cannot be drawn is left out, and progress is told why; a picture asked for by name must
    succeed.

    Args:
        runs: Runs as `kcnn.runs.folder.find_run` takes them; none means the newest.
        output_dir: Where runs lie; comparisons go into its folder `comparisons`.
        image_format: `png`, `svg` or `pdf`.
        only: Names of `kcnn.figures.gallery.PICTURES`; none means all.
        data_dir: Where the runs' images lie, if not where they are usually looked for.
        progress: Told of loading, and of pictures left out.
        style: One of `kcnn.figures.gallery.STYLES`.
        image: An image file whose feature maps to draw, in place of those of test images; that
            picture alone when `only` names none.

    Returns:
        The pictures written.

    Raises:
        RunError: There is no such run, one has no epochs, or nothing can be written.
        DataError: The image cannot be read.
        KcnnError: There is no such picture, format or style, a picture of `only` cannot be drawn,
            or none of them has a use for the image.
    """
    progress = progress or Progress()
    check_format(image_format)
    if image is not None:
        only = only or [OF_AN_IMAGE]
    names = choose_pictures(only)
    check_style(style, names)
    wanted: Sequence[str | None] = runs or [None]
    found = [find_run(run, output_dir) for run in wanted]
    folders = list({run.path.resolve(): run for run in found}.values())
    if image is not None:
        _require_use(image, names, folders)
    if len(folders) > 1:
        return _compare(folders, names, image_format, bool(only), output_dir, progress, style)
    run = folders[0]
    # Without epochs there is nothing to show; say so before anything large is loaded.
    run.read_metrics()
    if image is None:
        return _draw_run(run, only, image_format, data_dir, progress, style)
    picture = plot_image(run, image, image_format, progress)
    others = [name for name in names if name != OF_AN_IMAGE]
    if not others:
        return [picture]
    return [*_draw_run(run, others, image_format, data_dir, progress, style), picture]


def _require_use(image: Path, names: Sequence[str], runs: Sequence[RunFolder]) -> None:
    if OF_AN_IMAGE not in names:
        raise KcnnError(
            f"{image}: no use for an image in {', '.join(names)}",
            f"only {OF_AN_IMAGE} takes one: --only {OF_AN_IMAGE} --image {image}",
        )
    if len(runs) > 1:
        raise KcnnError(
            f"{image}: its feature maps are drawn of one run, not of {len(runs)} together",
            "name one run",
        )


def _draw_run(
    run: RunFolder,
    only: Sequence[str],
    image_format: str,
    data_dir: Path | None,
    progress: Progress,
    style: str,
) -> list[Path]:
    needed = any(name in NEED_IMAGES for name in choose_pictures(only))
    dataset = _load_images(run, data_dir, bool(only), progress) if needed else None
    maps_of = partial(_feature_maps, run, progress)
    return draw_run(run, dataset, maps_of, image_format, only, progress, style)


def _load_images(
    run: RunFolder, data_dir: Path | None, strict: bool, progress: Progress
) -> Dataset | None:
    try:
        recipe = read_recipe(run.resolved)
        dataset = load_dataset(recipe.data, data_dir, progress)
        require_scored_images(run, recipe.data, dataset.test)
        return set_validation_apart(dataset, recipe.data.validation, recipe.train.seed)[0]
    except KcnnError as error:
        if strict:
            raise
        progress.note(f"{run.title}: its images are not at hand: {error.message}")
        return None


def _feature_maps(run: RunFolder, progress: Progress, images: np.ndarray) -> Sequence[LayerMaps]:
    path = run.weights("last")
    start_tensorflow(progress)
    from kcnn.model.feature_maps import feature_maps
    from kcnn.model.saved import load_model

    return feature_maps(load_model(path), images)


def _compare(
    runs: Sequence[RunFolder],
    names: Sequence[str],
    image_format: str,
    strict: bool,
    output_dir: Path,
    progress: Progress,
    style: str,
) -> list[Path]:
    single = [name for name in names if name not in CURVES]
    if strict and single:
        raise KcnnError(
            f"{', '.join(single)}: drawn of one run, not of {len(runs)} together",
            f"several runs can be laid over each other in {', '.join(CURVES)}",
        )
    curves = [read_curve(run) for run in runs]
    if len({curve.title for curve in curves}) < len(curves):
        # Runs of the same name in different folders need their paths to be told apart.
        pairs = zip(runs, curves, strict=True)
        curves = [replace(curve, title=str(run.path)) for run, curve in pairs]
    pictures = curve_pictures(names, Curves(runs, curves, style))
    folder = output_dir / COMPARISONS / _folder_name(runs)
    return save_pictures(pictures, folder, image_format, strict, progress)


def _folder_name(runs: Sequence[RunFolder]) -> str:
    titles = "-and-".join(run.title for run in runs)
    return folder_name(titles, "\n".join(str(run.path.resolve()) for run in runs))
