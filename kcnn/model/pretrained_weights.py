"""Load pretrained weights into a model's Applications."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from kcnn.data.pretrained import PretrainedFile, read_hashes
from kcnn.errors import KcnnError
from kcnn.files.atomic import writing
from kcnn.model.application import use_statistics
from kcnn.model.named_weights import is_zip, named_weights
from kcnn.model.plan import Plan
from kcnn.model.pretrained import PretrainedFiles, applications, weights_error
from kcnn.model.saved_weights import unpacked
from kcnn.recipe.applications import arithmetic
from kcnn.recipe.applications.names import ALPHAS, APPLICATIONS
from kcnn.recipe.applications.table import architecture
from kcnn.recipe.layers import Application
from kcnn.recipe.layers.shapes import Shape
from kcnn.text.printable import printable

# What Keras divides the normalized pixels of EfficientNetB0 to B7 by, once more, with weights of
# ImageNet (https://github.com/tensorflow/tensorflow/issues/49930). It does so with weights=imagenet
# only, and not if the same file is given by its path.
_EFFICIENTNET_FACTORS = (0.229, 0.224, 0.225)
_SOME_IMAGE = (331, 331, 3)  # shapes of weights do not depend on it


def load_pretrained(plan: Plan, model: keras.Model, files: PretrainedFiles) -> None:
    """Load the weights that a model's Applications start from.

    A file creates no layer, function or object.

    Args:
        plan: The plan.
        model: The model built from it.
        files: What `find_pretrained` found.

    Raises:
        RecipeError: A file is damaged, or holds the weights of something else.
    """
    for node, layer in applications(plan):
        if (file := files.get(node.name)) is None:
            continue
        application = model.get_layer(node.name)
        try:
            with model.distribute_strategy.scope(), _copied(file) as copy:
                _require_weights_of(layer, copy)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # hundreds, of what Keras raises afterwards
                    application.load_weights(copy)
                if _is_efficientnet_of_imagenet(layer, file):
                    _divide_pixels_once_more(application)
        except KcnnError:
            raise
        except Exception as error:  # a damaged file raises nearly anything
            reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".:")
            message = f"{file.path}: {printable(reason)[:300]}"
            raise weights_error(plan, node, message) from None


def describe_pretrained(files: PretrainedFiles) -> dict[str, Any]:
    """Return what environment.json keeps of the weights that each layer started from."""
    return {
        name: {"file": str(file.path.absolute()), "sha256": file.sha256}
        for name, file in files.items()
    }


@contextmanager
def _copied(file: PretrainedFile) -> Iterator[Path]:
    """Copy a file under the name that its content has in Keras, which goes by names.

    Raises:
        ValueError: It changed since it was found.
    """
    if is_zip(file.path):
        with unpacked(file.path) as weights:
            _require_unchanged(file, file.path)
            yield weights
        return
    with tempfile.TemporaryDirectory(prefix="kcnn-") as folder:
        is_keras_2 = _is_keras_2(file.path)
        copy = Path(folder) / ("model.h5" if is_keras_2 else "model.weights.h5")
        with writing(copy, file.path.stat().st_size):
            shutil.copyfile(file.path, copy)
        _require_unchanged(file, copy)
        yield copy


def _require_unchanged(file: PretrainedFile, read: Path) -> None:
    if read_hashes(read).sha256 != file.sha256:
        raise ValueError("the file changed while it was read")


def _is_keras_2(path: Path) -> bool:
    with h5py.File(path, "r") as content:
        return "layer_names" in content.attrs or "model_weights" in content


def _require_weights_of(layer: Application, file: Path) -> None:
    """Raise unless a file has as many arrays of each shape as an application.

    Raises:
        ValueError: It has others; says whose they are if that is known.
    """
    with named_weights(file) as stored:
        found = Counter(array.shape for arrays in stored.values() for array in arrays)
    expected = _shapes(layer.name, layer.alpha)
    if found == expected:
        return
    for name in APPLICATIONS:
        for alpha in ALPHAS.get(name, (None,)):
            others = _shapes(name, alpha)
            top = list((found - others).elements())
            if others - found or not _is_top(top):
                continue
            words = _application(name, alpha).in_words
            if others == expected:
                raise ValueError(f"has the top of {words}, too, its last layers")
            raise ValueError(f"has the weights of {words}, not of {layer.in_words}")
    total, needed = sum(found.values()), sum(expected.values())
    if total == needed:
        raise ValueError(f"has {total:,} arrays, but of other shapes than {layer.in_words}")
    raise ValueError(f"has {total:,} arrays, and {layer.in_words} has {needed:,}")


def _shapes(name: str, alpha: float | None) -> Counter[Shape]:
    weights = arithmetic.weight_shapes(architecture(name, alpha), _SOME_IMAGE)
    return Counter(weights.values())


def _application(name: str, alpha: float | None) -> Application:
    widths: dict[str, Any] = {} if alpha is None else {"alpha": alpha}
    return Application(name=name, **widths)


def _is_top(shapes: list[Shape]) -> bool:
    """Return whether arrays are none, or those of the dense layers of an application's top."""
    return all(len(shape) in (1, 2) or shape[:2] == (1, 1) for shape in shapes) and len(shapes) <= 8


def _is_efficientnet_of_imagenet(layer: Application, file: PretrainedFile) -> bool:
    hashes = {published.hash for published in layer.architecture.imagenet.values()}
    return layer.name.startswith("EfficientNetB") and bool(hashes & {file.md5, file.sha256})


def _divide_pixels_once_more(application: keras.Model) -> None:
    """Make the normalization of pixels divide by the roots of the factors, too."""
    (normalization,) = (
        layer for layer in application.layers if isinstance(layer, keras.layers.Normalization)
    )
    variance = keras.ops.convert_to_numpy(normalization.adapt_variance)
    normalization.adapt_variance.assign(variance * np.array(_EFFICIENTNET_FACTORS, np.float32))
    use_statistics(application)
