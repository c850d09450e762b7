"""A trained run for the tests of commands that take one."""

from __future__ import annotations

import shutil
from pathlib import Path

import keras
import pytest

from kcnn.data.load import load_dataset
from kcnn.files import write_json, write_text
from kcnn.model.build import build_model
from kcnn.model.plan import plan_network
from kcnn.progress import Progress
from kcnn.recipe import read_recipe
from kcnn.runs import RunFolder, create_run

DIGITS = """\
name: digits
data: {dataset: digits}
model:
  layers:
    - Conv2D: {filters: 16, kernel_size: 3, activation: relu}
    - BatchNormalization
    - Flatten
    - Dropout: {rate: 0.1}
    - Dense: {units: 10}
train: {epochs: 4, batch_size: 64, optimizer: {Adam: {learning_rate: 0.01}}}
"""


@pytest.fixture(scope="session")
def trained_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run on scikit-learn's digits as kcnn fit leaves it; tests must not change it."""
    run = create_run(tmp_path_factory.mktemp("outputs"), "digits")
    write_text(run.resolved, DIGITS)
    recipe = read_recipe(run.resolved)
    dataset = load_dataset(recipe.data, None, Progress())
    keras.utils.set_random_seed(0)
    model = build_model(plan_network(recipe, dataset.image_shape, len(dataset.class_names)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss)
    train = dataset.train
    model.fit(train.images, train.labels, epochs=4, batch_size=64, verbose=0)
    model.save(run.model)
    write_json(run.summary, {"status": "finished", "class_names": list(dataset.class_names)})
    return run


@pytest.fixture
def own_run(trained_run: RunFolder, tmp_path: Path) -> RunFolder:
    """A copy of the trained run that a test may damage."""
    copy = tmp_path / "outputs" / "digits" / "run-001"
    shutil.copytree(trained_run.path, copy)
    return RunFolder(copy)
