from __future__ import annotations

import numpy as np
import pytest

from kcnn.errors import RunError
from kcnn.figures import feature_maps

IMAGE = np.full((8, 8, 3), 200, np.uint8)


def maps(count: int, channels: int = 16) -> list[tuple[str, np.ndarray]]:
    draw = np.random.default_rng(0).normal
    return [(f"conv_{n}", draw(size=(4, 4, channels)).astype(np.float32)) for n in range(count)]


def test_a_row_a_layer_below_the_image(texts) -> None:
    layers = [*maps(1), ("pool", np.zeros((2, 2, 3), np.float32))]
    figure = feature_maps.draw(IMAGE, layers, "cifar/run-001")
    images = figure.axes[0].images
    assert len(images) == 1 + 8 + 3
    np.testing.assert_array_equal(images[0].get_array(), IMAGE)
    np.testing.assert_array_equal(images[2].get_array(), layers[0][1][..., 1])
    labels = {"image\n8×8, 3 channels", "conv_0\n4×4, 16 channels", "pool\n2×2, 3 channels"}
    assert labels <= texts(figure).keys()


def test_each_row_has_one_scale() -> None:
    layers = maps(2)
    images = feature_maps.draw(IMAGE, layers, "run").axes[0].images[1:]
    scales = [image.get_clim() for image in images]
    assert len(set(scales[:8])) == len(set(scales[8:])) == 1
    assert scales[0] != scales[8]


def test_a_deep_net_shows_twelve_layers_from_first_to_last(texts, cut_texts) -> None:
    layers = [(f"a_layer_with_a_long_name_{name}", array) for name, array in maps(60, channels=1)]
    layers[0], layers[-1] = ("first", layers[0][1]), ("last", layers[-1][1])
    figure = feature_maps.draw(IMAGE, layers, "run")
    assert len(figure.axes[0].images) == 13
    assert {"first\n4×4, 1 channel", "last\n4×4, 1 channel"} <= texts(figure).keys()
    assert "12 of 60" in figure.get_suptitle()
    assert cut_texts(figure) == []


def test_a_net_without_maps_is_a_run_error() -> None:
    with pytest.raises(RunError, match="no layer that answers with maps"):
        feature_maps.draw(IMAGE, [], "run")
