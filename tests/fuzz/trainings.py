"""Trains mutated recipes for a moment: what `kcnn check` lets through, Keras builds and trains.

    python tests/fuzz/trainings.py --cases 5000

Of the cases of recipes.py, those that `kcnn check` accepts and whose network is small are trained
for three epochs on a few random images of the shape and the classes that it expects.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from harness import Report, run_cases, run_command

from recipes import Case, make_case, try_case

MOST_PARAMETERS = 2_000_000
MOST_MULTIPLY_ADDS = 20_000_000
IMAGES = 40
# TensorFlow itself takes most of both.
MOST_SECONDS = 120
MOST_MEGABYTES = 4000


@dataclass(frozen=True)
class Accepted:
    """What a recipe takes that is right.

    Args:
        image_shape: Height, width and channels.
        classes: How many, ten when the recipe does not know.
    """

    image_shape: list[int]
    classes: int


def accepted(case: Case, folder: Path) -> Accepted | None:
    """Checks a case; None when it is refused or its network too large to be tried."""
    result = try_case(replace(case, command=("check", "--json")), folder)
    if result.exit_code != 0:
        return None
    checked = json.loads(result.stdout)
    small = (
        checked["image_shape"]
        and checked["parameters"] <= MOST_PARAMETERS
        and checked["multiply_adds"] <= MOST_MULTIPLY_ADDS
    )
    return Accepted(checked["image_shape"], checked["classes"] or 10) if small else None


def write_images(file: Path, takes: Accepted) -> None:
    """Writes random images of all classes as an npz."""
    shape = (IMAGES, *takes.image_shape)
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    labels = np.arange(IMAGES) % takes.classes
    names = np.array([str(number) for number in range(takes.classes)])
    np.savez(file, x_train=images, y_train=labels, x_test=images, y_test=labels, class_names=names)


def run_case(number: int) -> Report:
    """Trains the case of this number."""
    case = make_case(number)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        takes = accepted(case, folder)
        if takes is None:
            return Report("not tried", 0.0, None)
        write_images(folder / "images.npz", takes)
        overrides = [
            *case.overrides, "data.dataset=npz", f"data.path={folder / 'images.npz'}",
            "data.validation=8", "train.epochs=3", "train.batch_size=16",
        ]  # fmt: skip
        command = ["fit", str(folder / "recipe.yaml"), *overrides, "--output-dir", name, "--quiet"]
        return run_command(command, "", MOST_SECONDS)


if __name__ == "__main__":
    sys.exit(run_cases(__doc__, run_case, cases_at_a_time=200, most_megabytes=MOST_MEGABYTES))
