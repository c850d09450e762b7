"""A model starts with the weights of a file where names and shapes of layers agree."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from kcnn.errors import RecipeError
from kcnn.model.build import build_model
from kcnn.model.initial_weights import take_initial_weights
from kcnn.model.named_weights import named_weights
from kcnn.model.plan import plan_model
from kcnn.model.saved import save_model

LAYERS = """\
- Conv2D: {filters: 4, kernel_size: 3}
- BatchNormalization
- SeparableConv2D: {filters: 3, kernel_size: 2}
- Flatten
- Dense: {units: 10}
"""
Make = Callable[..., tuple]


@pytest.fixture
def make(make_recipe) -> Make:
    """Make a recipe that starts from a file, and its model."""

    def build(file: str | None = None, layers: str = LAYERS, seed: int = 1) -> tuple:
        recipe = make_recipe(layers, *([f"train.initial_weights={file}"] if file else []))
        keras.utils.set_random_seed(seed)
        return recipe, build_model(plan_model(recipe, (8, 8, 1), None), compiled=True)

    return build


@pytest.mark.parametrize("name", ["source.keras", "source.weights.h5"])
def test_all_layers_are_taken_from_a_file_of_the_same_model(make: Make, name: str) -> None:
    _, source = make()
    source.get_layer("batch_normalization").moving_mean.assign([1.0, 2.0, 3.0, 4.0])
    if name.endswith(".keras"):
        save_model(source, Path(name))
    else:
        source.save_weights(name)
    recipe, model = make(name, seed=2)
    taken = take_initial_weights(recipe, model)
    assert taken is not None
    assert taken.not_taken == {}
    assert taken.sha256 == hashlib.sha256(Path(name).read_bytes()).hexdigest()
    assert taken.in_words == f"initial weights of 4 layers from {name}: all that have weights"
    for ours, theirs in zip(model.get_weights(), source.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_layer_of_other_shapes_or_another_name_keeps_its_own_weights(make: Make) -> None:
    save_model(make()[1], Path("source.keras"))
    other = LAYERS.replace("units: 10", "units: 5").replace(
        "- Flatten", "- Conv2D: {filters: 2, kernel_size: 1, name: new}\n- Flatten"
    )
    recipe, model = make("source.keras", other, seed=2)
    before = {name: model.get_layer(name).get_weights() for name in ("new", "dense")}
    taken = take_initial_weights(recipe, model)
    assert taken is not None
    assert taken.taken == ("conv2d", "batch_normalization", "separable_conv2d")
    assert taken.not_taken == {"new": "not in the file", "dense": "other shapes"}
    assert taken.in_words.endswith("; not taken: new (not in the file), dense (other shapes)")
    for name, weights in before.items():
        np.testing.assert_array_equal(model.get_layer(name).get_weights()[0], weights[0])


def test_many_layers_that_are_not_taken_are_counted(make: Make) -> None:
    save_model(make()[1], Path("source.keras"))
    new = "".join(f"- Conv2D: {{filters: 2, kernel_size: 1, name: n{i}}}\n" for i in range(12))
    recipe, model = make("source.keras", "- Conv2D: {filters: 4, kernel_size: 3}\n" + new)
    taken = take_initial_weights(recipe, model)
    assert taken is not None
    assert taken.in_words.endswith("n9 (not in the file) and 2 more")


def test_a_file_of_which_nothing_fits_is_an_error(make: Make) -> None:
    save_model(make()[1], Path("source.keras"))
    recipe, model = make("source.keras", "- Flatten\n- Dense: {units: 10, name: head}\n")
    with pytest.raises(RecipeError, match="no layer of this model") as caught:
        take_initial_weights(recipe, model)
    assert caught.value.hint == (
        "name a run whose layers are called and shaped alike; "
        "its layers: batch_normalization, conv2d, dense, separable_conv2d; of this model: head"
    )


def test_a_file_of_keras_2_is_read_by_the_names_of_its_layers(make: Make) -> None:
    recipe, model = make("old.h5")
    kernel, bias = model.get_layer("dense").get_weights()
    with h5py.File("old.h5", "w") as file:
        group = file.create_group("dense")
        group.attrs["weight_names"] = [b"dense/kernel:0", b"dense/bias:0"]
        group["dense/kernel:0"] = kernel + 1
        group["dense/bias:0"] = bias + 2
    taken = take_initial_weights(recipe, model)
    assert taken is not None
    assert taken.taken == ("dense",)
    np.testing.assert_array_equal(model.get_layer("dense").get_weights()[1], bias + 2)


def test_layers_inside_another_model_are_named_after_it(tmp_path: Path) -> None:
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="a")], name="inner")
    outer = keras.Sequential([keras.Input((4,)), inner, keras.layers.Dense(2, name="a")])
    outer.save_weights(tmp_path / "w.weights.h5")
    with named_weights(tmp_path / "w.weights.h5") as weights:
        shapes = {name: arrays[0].shape for name, arrays in weights.items()}
    assert shapes == {("inner", "a"): (4, 3), ("a",): (3, 2)}


def _not_finite(file: h5py.File) -> None:
    file["layers/dense/vars/1"][3] = np.nan


def _bomb(file: h5py.File) -> None:
    del file["layers/dense/vars/1"]
    file["layers/dense/vars"].create_dataset("1", (10**12,), "f4", chunks=(1024,))


def _outside(file: h5py.File) -> None:
    del file["layers/dense/vars/1"]
    file["layers/dense/vars"].create_dataset(
        "1", (10,), "f4", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)]
    )


def _texts(file: h5py.File) -> None:
    del file["layers/dense/vars/1"]
    file["layers/dense/vars/1"] = np.array([b"a"] * 10)


@pytest.mark.parametrize(
    ("damage", "words"),
    [(_not_finite, "not finite"), (_bomb, "plain numbers"), (_outside, "plain numbers"),
     (_texts, "plain numbers")],
)  # fmt: skip
def test_a_file_that_is_damaged_or_means_harm_is_refused_and_changes_nothing(
    make: Make, damage: Callable[[h5py.File], None], words: str
) -> None:
    make()[1].save_weights("w.weights.h5")
    with h5py.File("w.weights.h5", "r+") as file:
        damage(file)
    recipe, model = make("w.weights.h5", seed=2)
    before = model.get_weights()
    with pytest.raises(RecipeError, match=words):
        take_initial_weights(recipe, model)
    for ours, theirs in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_link_out_of_the_file_is_not_followed(make: Make, tmp_path: Path) -> None:
    make()[1].save_weights("w.weights.h5")
    make()[1].save_weights("other.weights.h5")
    with h5py.File("w.weights.h5", "r+") as file:
        del file["layers/dense"]
        file["layers/dense"] = h5py.ExternalLink("other.weights.h5", "layers/dense")
    recipe, model = make("w.weights.h5")
    taken = take_initial_weights(recipe, model)
    assert taken is not None
    assert taken.not_taken == {"dense": "not in the file"}


@pytest.mark.parametrize("content", [b"PK\x03\x04", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_a_file_that_only_begins_right_is_refused(make: Make, content: bytes) -> None:
    Path("w.keras").write_bytes(content)
    recipe, model = make("w.keras")
    with pytest.raises(RecipeError, match="not a file of weights, or damaged"):
        take_initial_weights(recipe, model)


def test_layers_inside_another_model_are_taken_by_all_their_names(make: Make) -> None:
    def nested(seed: int) -> keras.Model:
        keras.utils.set_random_seed(seed)
        layers = [keras.layers.Normalization(name="n"), keras.layers.Dense(3, name="a")]
        inner = keras.Sequential([keras.Input((4,)), *layers], name="inner")
        middle = keras.Sequential([keras.Input((4,)), inner], name="middle")
        return keras.Sequential([keras.Input((4,)), middle, keras.layers.Dense(2, name="a")])

    source = nested(1)
    normalization = source.get_layer("middle").get_layer("inner").get_layer("n")
    normalization.adapt_mean.assign(np.full((4,), 2.0))
    normalization.finalize_state()
    source.save_weights("w.weights.h5")
    recipe, _ = make("w.weights.h5")
    model = nested(2)
    taken = take_initial_weights(recipe, model)
    assert taken is not None
    assert taken.taken == ("middle/inner/n", "middle/inner/a", "a")
    points = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    np.testing.assert_array_equal(model(points), source(points))
