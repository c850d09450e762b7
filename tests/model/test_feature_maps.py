from __future__ import annotations

import keras
import numpy as np
import pytest

from kcnn.errors import DataError
from kcnn.model.feature_maps import compute_feature_maps

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 8, 6, 3), dtype=np.uint8)


def test_returns_layers_with_maps_in_the_order_of_the_graph() -> None:
    image = keras.Input((8, 6, 3), name="image")
    scaled = keras.layers.Rescaling(1 / 255)(image)
    left = keras.layers.Conv2D(4, 3, padding="same", name="left")(scaled)
    right = keras.layers.Conv2D(4, 1, name="right")(keras.layers.Dropout(0.5)(left))
    joined = keras.layers.Add(name="joined")([left, right])
    pooled = keras.layers.MaxPooling2D(name="pooled")(joined)
    output = keras.layers.Dense(10)(keras.layers.Flatten()(pooled))
    computed = compute_feature_maps(keras.Model(image, output), IMAGES)
    maps = {layer.name: layer.maps for layer in computed}
    assert list(maps) == ["left", "right", "joined", "pooled"]
    assert maps["pooled"].shape == (2, 4, 3, 4)
    np.testing.assert_allclose(maps["joined"], maps["left"] + maps["right"], rtol=1e-5)


def test_maps_equal_the_output_of_predict_on_raw_pixels() -> None:
    image = keras.Input((8, 6, 3))
    maps = keras.layers.Conv2D(4, 3, name="maps")(keras.layers.Rescaling(1 / 255)(image))
    model = keras.Model(image, maps)
    [layer] = compute_feature_maps(model, IMAGES)
    assert layer.name == "maps"
    expected = model.predict(IMAGES, verbose=0)
    np.testing.assert_allclose(layer.maps, expected, rtol=1e-4, atol=1e-5)


def test_maps_of_a_bfloat16_layer_are_float32() -> None:
    image = keras.Input((8, 6, 3))
    output = keras.layers.Conv2D(2, 3, dtype="mixed_bfloat16")(image)
    [layer] = compute_feature_maps(keras.Model(image, output), IMAGES)
    assert layer.maps.dtype == np.float32
    assert np.isfinite(layer.maps).all()


def test_model_of_dense_layers_has_no_maps() -> None:
    image = keras.Input((8, 6, 3))
    output = keras.layers.Dense(10)(keras.layers.Flatten()(image))
    assert compute_feature_maps(keras.Model(image, output), IMAGES) == []


@pytest.mark.parametrize("shape", [(8, 6, 1), (6, 8, 3), (8, 6)])
def test_refuses_images_of_another_shape(shape: tuple[int, ...]) -> None:
    image = keras.Input((8, 6, 3))
    model = keras.Model(image, keras.layers.Conv2D(2, 3)(image))
    with pytest.raises(DataError, match=r"takes images \(8, 6, 3\), these are"):
        compute_feature_maps(model, np.zeros((1, *shape), np.uint8))


def test_layer_is_unfinished_if_only_normalizations_sums_and_activations_read_it() -> None:
    image = keras.Input((8, 6, 3))
    start = keras.layers.Conv2D(4, 3, padding="same", name="start")(image)
    left = keras.layers.Conv2D(4, 3, padding="same", name="left")(start)
    left = keras.layers.BatchNormalization(name="normalized")(left)
    joined = keras.layers.Add(name="joined")([left, start])
    active = keras.layers.ReLU(name="active")(joined)
    pooled = keras.layers.MaxPooling2D(name="pooled")(active)
    last = keras.layers.Conv2D(10, 1, name="last")(pooled)
    computed = compute_feature_maps(keras.Model(image, last), IMAGES)
    unfinished = {layer.name: layer.unfinished for layer in computed}
    assert [name for name in unfinished if unfinished[name]] == ["left", "normalized", "joined"]
    assert list(unfinished) == ["start", "left", "normalized", "joined", "active", "pooled", "last"]


def test_leaves_out_zero_padding() -> None:
    image = keras.Input((8, 6, 3))
    padded = keras.layers.ZeroPadding2D(1)(image)
    output = keras.layers.Conv2D(2, 3, name="conv")(padded)
    assert [layer.name for layer in compute_feature_maps(keras.Model(image, output), IMAGES)] == [
        "conv"
    ]
