from __future__ import annotations

from pathlib import Path

import pytest

from kcnn.starter.choose import choose
from kcnn.starter.own_images import describe_own_images
from kcnn.starter.starter import make_starter
from kcnn.starter.transfer import pretrained_side


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a cache of Keras's with weights for images of 96 and 160 pixels."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    models = tmp_path / "keras" / "models"
    models.mkdir(parents=True)
    for side in (96, 160):
        name = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_{side}_no_top.h5"
        (models / name).touch()
    return models


@pytest.mark.parametrize(
    ("size", "mode", "side"),
    [
        ((32, 32), "RGB", 96),
        ((140, 300), "RGB", 96),
        ((400, 300), "RGBA", 160),
        ((20, 20), "RGB", None),
        ((400, 300), "L", None),
    ],
)
def test_a_size_that_has_weights(make_images, cache, size, mode, side: int | None) -> None:
    own = describe_own_images(make_images({"a": 2, "b": 2}, [size], mode))
    assert pretrained_side(own) == side
    choices = choose(own)
    assert choices.is_pretrained is (side is not None)
    assert bool(choices.filters) is (side is None)
    if side:
        assert choices.image_size == (side, side)


def test_without_weights(make_images, cache: Path) -> None:
    for file in cache.iterdir():
        file.unlink()
    assert pretrained_side(describe_own_images(make_images({"a": 2, "b": 2}))) is None


def test_the_text(make_images, cache: Path) -> None:
    text = make_starter(make_images({"a": 2, "b": 2})).text
    assert "- Application: {name: MobileNetV2, weights: imagenet}" in text
    assert "scaling: none" in text
    assert "Conv2D" not in text
