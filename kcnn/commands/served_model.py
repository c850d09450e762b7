"""Read an exported model and the files beside it, to serve it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np

from kcnn.data.labels import THRESHOLD
from kcnn.errors import RunError
from kcnn.recipe.data_settings import Resize
from kcnn.runs.exports import DESCRIPTION, read_class_names, read_description
from kcnn.runs.folder import RunFolder
from kcnn.runs.summary import read_summary

if TYPE_CHECKING:
    from kcnn.serve.batching import Predict
    from kcnn.serve.model import ServedModel


def describe_artefact(run: RunFolder, artefact: Path, runtime: str) -> ServedModel:
    """Return the facts about an artefact that clients see.

    Args:
        run: The run.
        artefact: The artefact's folder.
        runtime: What predicts, such as `LiteRT 2.3.0`.

    Raises:
        RunError: A file beside it is damaged.
    """
    from kcnn.serve.model import ServedModel

    about = read_description(artefact)
    class_names = read_class_names(artefact)
    try:
        height, width = map(int, about["image_size"])
        if about["resize"] not in get_args(Resize):
            raise ValueError(f"resize: {about['resize']}")
        thresholds = None
        if about["several_labels"]:
            chosen = about.get("thresholds") or [None] * len(class_names)
            thresholds = [THRESHOLD if value is None else float(value) for value in chosen]
            if len(thresholds) != len(class_names):
                raise ValueError(f"{len(thresholds)} thresholds of {len(class_names)} classes")
        return ServedModel(
            name=read_summary(run).text("recipe") or run.path.parent.name,
            run=run.title,
            weights=str(about["weights"]),
            runtime=runtime,
            class_names=class_names,
            image_shape=(height, width, int(about["channels"])),
            resize=about["resize"],
            thresholds=thresholds,
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise _damaged(artefact / DESCRIPTION, f"{type(error).__name__}: {error}") from None


def load_artefact(load: Callable[[str], Predict], path: Path, model: ServedModel) -> Predict:
    """Load a model, and let it predict once.

    Args:
        load: The runtime's function.
        path: The model's file.
        model: What the files beside it say.

    Raises:
        RunError: It is damaged, or does not fit the files beside it.
    """
    try:
        predict = load(str(path))
        found = predict(np.zeros((1, *model.image_shape), np.uint8)).shape
    except Exception as error:  # each runtime has its own
        raise _damaged(path, str(error).splitlines()[0] if str(error) else repr(error)) from None
    if found != (1, len(model.class_names)):
        raise _damaged(path, f"it predicts {found[-1]} classes, not {len(model.class_names)}")
    return predict


def _damaged(path: Path, reason: str) -> RunError:
    return RunError(f"{path}: cannot be served: {reason}", "remove its folder: it is exported anew")
