"""kcnn plot: draws and redraws the pictures of a run, or the curves of several runs together."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from kcnn.backend import start_tensorflow
from kcnn.data.dataset import Dataset
from kcnn.data.load import load_dataset
from kcnn.errors import KcnnError
from kcnn.figures.curves import read_curve
from kcnn.figures.gallery import (
    CURVES,
    NEED_IMAGES,
    check_format,
    choose_pictures,
    draw_run,
    save_pictures,
)
from kcnn.progress import Progress
from kcnn.recipe import read_recipe
from kcnn.runs import RunFolder, find_run

COMPARISONS = "comparisons"
LONGEST_FOLDER_NAME = 80


def plot_runs(
    runs: Sequence[str],
    output_dir: Path,
    image_format: str = "png",
    only: Sequence[str] = (),
    data_dir: Path | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """Draws every picture that one run's files allow, or several runs' curves over each other.

    What cannot be drawn is left out, and progress is told why; a picture asked for by name must
    succeed.

    Args:
        runs: Runs as `kcnn.runs.find_run` takes them; none means the newest.
        output_dir: Where runs lie; comparisons go into its folder `comparisons`.
        image_format: `png`, `svg` or `pdf`.
        only: Names of `kcnn.figures.gallery.PICTURES`; none means all.
        data_dir: Where the runs' images lie, if not where they are usually looked for.
        progress: Told of loading, and of pictures left out.

    Returns:
        The pictures written.

    Raises:
        RunError: There is no such run, one has no epochs, or nothing can be written.
        KcnnError: There is no such picture or format, or a picture of `only` cannot be drawn.
    """
    progress = progress or Progress()
    check_format(image_format)
    names = choose_pictures(only)
    wanted: Sequence[str | None] = runs or [None]
    found = [find_run(run, output_dir) for run in wanted]
    folders = list({run.path.resolve(): run for run in found}.values())
    if len(folders) > 1:
        return _compare(folders, names, image_format, bool(only), output_dir, progress)
    run = folders[0]
    # Without epochs there is nothing to show; say so before anything large is loaded.
    run.read_metrics()
    dataset = _load_images(run, data_dir, bool(only), progress) if _need_images(names) else None
    maps_of = partial(_feature_maps, run, progress)
    return draw_run(run, dataset, maps_of, image_format, only, progress)


def _need_images(names: Sequence[str]) -> bool:
    return any(name in NEED_IMAGES for name in names)


def _load_images(
    run: RunFolder, data_dir: Path | None, strict: bool, progress: Progress
) -> Dataset | None:
    try:
        return load_dataset(read_recipe(run.resolved).data, data_dir, progress)
    except KcnnError as error:
        if strict:
            raise
        progress.note(f"{run.title}: its images could not be loaded: {error.message}")
        return None


def _feature_maps(
    run: RunFolder, progress: Progress, image: np.ndarray
) -> list[tuple[str, np.ndarray]]:
    # A run that was stopped may have its best model only.
    which = "best" if run.best_model.is_file() and not run.model.is_file() else "last"
    path = run.weights(which)
    start_tensorflow(progress)
    from kcnn.model.activations import feature_maps
    from kcnn.model.saved import load_model

    return feature_maps(load_model(path), image)


def _compare(
    runs: Sequence[RunFolder],
    names: Sequence[str],
    image_format: str,
    strict: bool,
    output_dir: Path,
    progress: Progress,
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
    pictures = {name: partial(CURVES[name], curves) for name in names if name in CURVES}
    folder = output_dir / COMPARISONS / _folder_name(runs)
    return save_pictures(pictures, folder, image_format, strict, progress)


def _folder_name(runs: Sequence[RunFolder]) -> str:
    names = re.sub(r"[^A-Za-z0-9._-]+", "-", "-and-".join(run.title for run in runs))
    # The same runs in the same order always meet in the same folder, and no others do.
    paths = "\n".join(str(run.path.resolve()) for run in runs)
    digest = hashlib.sha256(paths.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{names[:LONGEST_FOLDER_NAME]}-{digest[:8]}"
