"""What messages say to write, applied literally, leads to a recipe that is right."""

from __future__ import annotations

import re

import pytest

from kcnn.recipe import read_recipe

# What is written in a right recipe, the slip, and the same place with the mend.
MENDS = [
    ("Dense: {units: 10}", "Dense: (units: 10)", "Dense: {units: 10}"),
    ("Dense: {units: 10}", "{Dense, units: 12}", "Dense: {units: 12}"),
    ("Dense: {units: 10}", "Dense:{units: 12}", "Dense: {units: 12}"),
    ("Dense: {units: 10}", "Dense: units: 12, activation: relu",
     "Dense: {units: 12, activation: relu}"),
    ("Dense: {units: 10}", "Dense(12, activation='relu')", "Dense: {units: 12, activation: relu}"),
    ("Dense: {units: 10}", "Dense: {units: 10, kernel_regularizer: l2(0.003)}",
     "Dense: {units: 10, kernel_regularizer: {L2: {l2: 0.003}}}"),
    ("Flatten", "MaxPooling2D: {pool_size: (2, 3), strides: (2, 2)}",
     "MaxPooling2D: {pool_size: [2, 3], strides: [2, 2]}"),
    ("Flatten", "Conv2D: {filters=8, kernel_size=(3, 3)}",
     "Conv2D: {filters: 8, kernel_size: [3, 3]}"),
    ("Flatten", "keras.layers.Flatten(input_shape=(28, 28))", "Flatten"),
    ("epochs: 2", "epochs: 3, batch_size: 8", "epochs: 3\n  batch_size: 8"),
    ("optimizer: Adam", "optimizer: {Adam: learning_rate: 0.05}",
     "optimizer: {Adam: {learning_rate: 0.05}}"),
    ("optimizer: Adam", "optimizer: {Adam, learning_rate: 0.05}",
     "optimizer: {Adam: {learning_rate: 0.05}}"),
    ("optimizer: Adam", "optimizer: SGD: learning_rate: 0.05",
     "optimizer: {SGD: {learning_rate: 0.05}}"),
    ("optimizer: Adam", "optimizer: SGD(learning_rate=0.05)",
     "optimizer: {SGD: {learning_rate: 0.05}}"),
    ("optimizer: Adam", "optimizer: SGD\n  learning_rate: 0.05\n  momentum: 0.9",
     "optimizer: {SGD: {learning_rate: 0.05, momentum: 0.9}}"),
    ("optimizer: Adam", "optimizer: SGD\n  patience: 3\n  monitor: loss",
     "optimizer: SGD\n  early_stopping: {patience: 3, monitor: loss}"),
    ("dataset: mnist", "dataset: mnist\n  augment: {RandomFlip: {mode: horizontal}}",
     "dataset: mnist\n  augment: [RandomFlip: {mode: horizontal}]"),
    ("dataset: mnist", "dataset: mnist\n  augment: {RandomFlip: {mode: horizontal}}",
     "dataset: mnist\n  augment:\n  - RandomFlip: {mode: horizontal}"),
]  # fmt: skip


def is_as_told(mended: str, problem: str) -> bool:
    """Whether a text has what a problem says to write, or one of two things it says may stand."""
    if found := re.search(r"write (.+?)(?: in train|, with square brackets)?$", problem):
        return all(line in mended for line in found[1].split(", below it "))
    found = re.search(r"as in (.+), or a line with a dash for each, as in (.+); got", problem)
    assert found, problem
    return found[1] in mended or found[2] in mended


@pytest.mark.parametrize(("right", "slip", "mended"), MENDS)
def test_applied_literally(
    problems, recipe_file, base: str, right: str, slip: str, mended: str
) -> None:
    for problem in problems(base.replace(right, slip)):
        assert is_as_told(mended, problem), problem
    read_recipe(recipe_file(base.replace(right, mended)))


SEVERAL = """\
data:
  dataset: mnist
  augment: {RandomTranslation: {height_factor: 0.1, width_factor: 0.2}}
model:
  layers:
    - Conv2D(12, (5, 3), padding='same')
    - MaxPooling2D: {pool_size: (2, 3), strides: (2, 2)}
    - Flatten()
    - {Dense, units: 99, activation: relu}
    - Dense: {units: 10, kernel_regularizer: l2(0.003)}
train:
  epochs: 2
  optimizer: SGD
  learning_rate: 0.05
  momentum: 0.8
"""
MENDED = """\
data:
  dataset: mnist
  augment: [RandomTranslation: {height_factor: 0.1, width_factor: 0.2}]
model:
  layers:
    - Conv2D: {filters: 12, kernel_size: [5, 3], padding: same}
    - MaxPooling2D: {pool_size: [2, 3], strides: [2, 2]}
    - Flatten
    - Dense: {units: 99, activation: relu}
    - Dense: {units: 10, kernel_regularizer: {L2: {l2: 0.003}}}
train:
  epochs: 2
  optimizer: {SGD: {learning_rate: 0.05, momentum: 0.8}}
"""


def test_several_applied_literally(problems, recipe_file) -> None:
    found = problems(SEVERAL)
    assert len(found) == 9
    assert all(is_as_told(MENDED, problem) for problem in found)
    recipe = read_recipe(recipe_file(MENDED))
    assert recipe.train.optimizer.written() == {"learning_rate": 0.05, "momentum": 0.8}
