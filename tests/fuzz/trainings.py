"""Train mutated recipes briefly: Keras must build and train what `kcnn check` accepts.

    python tests/fuzz/trainings.py --cases 5000

Of the cases of recipes.py, those that `kcnn check` accepts and whose model is small are trained for
three epochs on a few random images with the shape and the classes that the model expects.
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

MAX_PARAMETERS = 2_000_000
MAX_MULTIPLY_ADDS = 20_000_000
IMAGES = 40
# TensorFlow alone needs most of this.
MAX_SECONDS = 120
MAX_MEGABYTES = 4000


@dataclass(frozen=True)
class ModelSize:
    """The input and output of a valid recipe's model.

    Args:
        image_shape: Height, width and channels.
        classes: Number of classes; ten if the recipe does not set it.
    """

    image_shape: list[int]
    classes: int


def check_case(case: Case, folder: Path) -> ModelSize | None:
    """Check a case; return None if it is refused or its model is too large to train here."""
    result = try_case(replace(case, command=("check", "--json")), folder)
    if result.exit_code != 0:
        return None
    checked = json.loads(result.stdout)
    small = (
        checked["image_shape"]
        and checked["parameters"] <= MAX_PARAMETERS
        and checked["multiply_adds"] <= MAX_MULTIPLY_ADDS
    )
    return ModelSize(checked["image_shape"], checked["classes"] or 10) if small else None


def write_images(file: Path, size: ModelSize) -> None:
    """Write random images of all classes as an npz file."""
    shape = (IMAGES, *size.image_shape)
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    labels = np.arange(IMAGES) % size.classes
    names = np.array([str(number) for number in range(size.classes)])
    np.savez(file, x_train=images, y_train=labels, x_test=images, y_test=labels, class_names=names)


def run_case(number: int) -> Report:
    """Train the case of a number."""
    case = make_case(number)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = check_case(case, folder)
        if size is None:
            return Report("not tried", 0.0, None)
        write_images(folder / "images.npz", size)
        overrides = [
            *case.overrides, "data.dataset=npz", f"data.path={folder / 'images.npz'}",
            "data.validation=8", "train.epochs=3", "train.batch_size=16",
        ]  # fmt: skip
        command = ["fit", str(folder / "recipe.yaml"), *overrides, "--output-dir", name, "--quiet"]
        return run_command(command, "", MAX_SECONDS)


if __name__ == "__main__":
    sys.exit(run_cases(__doc__, run_case, cases_per_process=200, max_megabytes=MAX_MEGABYTES))
