"""kcnn plot --image: what the layers of a run's model make of an image file."""

from __future__ import annotations

import hashlib
import re
from functools import partial
from pathlib import Path

import numpy as np

from kcnn.commands.predict import predict
from kcnn.data.fitted_images import FittedImages
from kcnn.data.images import reading
from kcnn.errors import DataError
from kcnn.figures import feature_maps
from kcnn.figures.curves import read_curve
from kcnn.figures.examples import own_image
from kcnn.figures.gallery import save_pictures
from kcnn.machine.start import start_tensorflow
from kcnn.progress import Progress
from kcnn.runs.folder import RunFolder, require_no_links

LONGEST_STEM = 60


def plot_image(run: RunFolder, file: Path, image_format: str, progress: Progress) -> Path:
    """Draws the feature maps of an image file into the run's folder `plots`.

    The picture is called after the file and its content, so that it takes no other's place.

    Args:
        run: The run.
        file: PNG, JPEG, BMP or GIF, brought to the size and colours that the model takes.
        image_format: `png`, `svg` or `pdf`.
        progress: Told of loading, and of an image that had to be stretched or enlarged.

    Raises:
        DataError: The file cannot be read as an image.
        RunError: The run has no model, or its layers make no maps.
    """
    with reading(file):
        if file.is_dir():
            raise DataError(f"{file}: a folder, expected an image file", "name one image in it")
    require_no_links(run)
    answer = _predict(run, file, progress)
    start_tensorflow(progress)
    from kcnn.model.feature_maps import feature_maps as maps_of
    from kcnn.model.saved import load_model

    model = load_model(run.weights("last"))
    fitted = FittedImages(*model.input_shape[1:])
    pixels = fitted.read(file)
    if answer is None:  # else predict has told it
        fitted.tell(progress)
    example = own_image(pixels, file.name, answer)
    layers = maps_of(model, pixels[np.newaxis])
    draw = partial(feature_maps.draw, [example], layers, read_curve(run).headline)
    (path,) = save_pictures({_name(file): draw}, run.plots, image_format, True, progress)
    return path


def _predict(run: RunFolder, file: Path, progress: Progress) -> tuple[str, float] | None:
    """Gives the most probable class; None when the run was stopped before it named its classes."""
    if run.status() != "finished":
        return None
    (prediction,) = predict([file], str(run.path), run.path.parent, top=1, progress=progress)
    return prediction.classes[0]


def _name(file: Path) -> str:
    stem = re.sub(r"[^\w.-]+", "-", file.stem)[:LONGEST_STEM]
    return f"feature_maps-{stem}-{hashlib.sha256(file.read_bytes()).hexdigest()[:8]}"
