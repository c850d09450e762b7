"""The classes that probabilities mean, for people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def predicted_classes(
    probabilities: np.ndarray,
    class_names: Sequence[str],
    top: int,
    thresholds: Sequence[float] | None = None,
) -> tuple[tuple[str, float], ...]:
    """Return the most probable classes of an image, or its labels where it may have several.

    Args:
        probabilities: One for each class, (classes,).
        class_names: The name of each class.
        top: How many classes to return; all if there are fewer.
        thresholds: Where images may have several labels, the probability above which each is
            predicted. All such labels are returned, perhaps none.

    Returns:
        Names and probabilities, by falling probability; equal ones in the order of the classes.
    """
    order = np.argsort(-probabilities, kind="stable").tolist()
    ordered = [(class_names[index], float(probabilities[index])) for index in order]
    if thresholds is None:
        return tuple(ordered[:top])
    threshold_of = dict(zip(class_names, thresholds, strict=True))
    return tuple(found for found in ordered if found[1] > threshold_of[found[0]])
