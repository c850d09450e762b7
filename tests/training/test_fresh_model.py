from __future__ import annotations

from pathlib import Path

import numpy as np

from kcnn.commands.fit import fit
from kcnn.data.digits import read_digits
from kcnn.data.splits import split_validation
from kcnn.model.plan import plan_model
from kcnn.model.saved import load_model
from kcnn.recipe import read_recipe
from kcnn.training.fresh_model import fresh_model

RECIPE = """\
data: {dataset: digits, validation: 100, scaling: standard}
model:
  layers:
    - Conv2D:
        {filters: 8, kernel_size: 2, kernel_initializer: whitening, trainable: false, name: first}
    - ReLU
    - Conv2D: {filters: 12, kernel_size: 3, kernel_initializer: dirac}
    - GlobalMaxPooling2D
    - Dense: {units: 10}
train: {epochs: 1, batch_size: 64, optimizer: Adam, seed: 4}
"""


def test_fit_starts_from_the_fresh_model(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(RECIPE, encoding="utf-8")
    recipe = read_recipe(path)
    train, _ = split_validation(read_digits().train, 100, seed=4)
    fresh = fresh_model(plan_model(recipe, (8, 8, 1), 10), train)
    result = fit(path, output_dir=tmp_path / "outputs")
    trained = load_model(result.run)
    for layer in ("scaling", "first"):
        for before, after in zip(
            fresh.get_layer(layer).weights, trained.get_layer(layer).weights, strict=True
        ):
            np.testing.assert_array_equal(before, after)
    first = np.array(fresh.get_layer("first").kernel)
    np.testing.assert_array_equal(first[..., 4:], -first[..., :4])
    assert (np.array(fresh.get_layer("conv2d").kernel)[1, 1, range(8), range(8)] == 1).all()
    assert not np.array_equal(fresh.get_layer("conv2d").kernel, trained.get_layer("conv2d").kernel)


def test_without_images_neither_scaling_nor_whitening(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(RECIPE, encoding="utf-8")
    model = fresh_model(plan_model(read_recipe(path), (8, 8, 1), 10), None)
    image = np.full((1, 8, 8, 1), 9.0, np.float32)
    np.testing.assert_array_equal(model.get_layer("scaling")(image), image)
    assert abs(np.array(model.get_layer("first").kernel).sum(axis=3)).max() > 0.01
