"""kcnn feature-maps: draw the feature maps of a run's model for an image file."""

from __future__ import annotations

import hashlib
import re
from functools import partial
from pathlib import Path

import numpy as np

from kcnn.commands.plot import Plots
from kcnn.commands.predict import predict
from kcnn.data.find_images import reading
from kcnn.data.fitted_images import FittedImages
from kcnn.errors import DataError
from kcnn.figures import feature_maps
from kcnn.figures.curves import read_curve
from kcnn.figures.examples import MAX_NAME_LENGTH, user_image
from kcnn.figures.run_plots import check_format, save_plots
from kcnn.machine.start import start_tensorflow
from kcnn.progress import Progress
from kcnn.recipe.of_run import read_resolved
from kcnn.runs.find import find_run
from kcnn.runs.folder import RunFolder, require_no_links
from kcnn.runs.metrics import read_metrics
from kcnn.runs.summary import read_status, read_summary
from kcnn.text.distinct import shorten_distinct

MAX_STEM_LENGTH = 60


def plot_feature_maps(
    image: Path,
    run: str | None,
    output_dir: Path,
    image_format: str = "png",
    progress: Progress | None = None,
) -> Plots:
    """Draw the feature maps of an image file into the run's folder `plots`.

    The plot's name has the image's name and a hash of its content, so that plots of two images
    never overwrite each other.

    Args:
        image: PNG, JPEG, BMP, GIF, WebP, TIFF or HEIC. It is converted to the size and colors
            of the model's input.
        run: A run as `kcnn.runs.find.find_run` takes it; None for the newest.
        output_dir: The folder of all runs.
        image_format: `png`, `svg` or `pdf`.
        progress: Where loading is reported, and whether the image was stretched or enlarged.

    Raises:
        DataError: The file cannot be read as an image.
        RunError: There is no such run, it has no model, or no layer of it has feature maps.
    """
    progress = progress or Progress()
    check_format(image_format)
    found = find_run(run, output_dir)
    with reading(image):
        if image.is_dir():
            raise DataError(f"{image}: a folder, expected an image file", "name one image in it")
    require_no_links(found)
    read_metrics(found)  # raises for a run without epochs before anything large is loaded
    return Plots([_plot(found, image, image_format, progress)])


def _plot(run: RunFolder, file: Path, image_format: str, progress: Progress) -> Path:
    prediction = _predict(run, file, progress)
    start_tensorflow(progress)
    from kcnn.model.feature_maps import compute_feature_maps
    from kcnn.model.saved import load_model

    model = load_model(run)
    fitted = FittedImages(model.input_shape[1:], read_resolved(run).data.resize)
    pixels = fitted.read(file)
    if prediction is None:  # otherwise `predict` has reported it
        fitted.report(progress)
    example = user_image(pixels, file.name, prediction)
    layers = compute_feature_maps(model, pixels[np.newaxis])
    draw = partial(feature_maps.draw, [example], layers, read_curve(run).headline)
    (path,) = save_plots({_plot_name(file): draw}, run.plots, image_format, True, progress)
    return path


def _predict(run: RunFolder, file: Path, progress: Progress) -> tuple[str, float] | None:
    """Return the most probable class and its probability; the name is short, as in other figures.

    Returns:
        None if the run stopped before its classes were saved.
    """
    if read_status(run) != "finished":
        return None
    predictions = predict([file], str(run.path), run.path.parent, top=1, progress=progress)
    name, probability = predictions.images[0].classes[0]
    class_names = read_summary(run).class_names()
    shortened = shorten_distinct(class_names, MAX_NAME_LENGTH)
    return shortened[class_names.index(name)], probability


def _plot_name(file: Path) -> str:
    stem = re.sub(r"[^\w.-]+", "-", file.stem)[:MAX_STEM_LENGTH]
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return f"{feature_maps.NAME}-{stem}-{digest[:8]}"
