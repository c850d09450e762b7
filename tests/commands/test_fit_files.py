"""kcnn fit on image files: what happens to them while a model trains."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kcnn.commands.fit import fit
from kcnn.commands.resume import resume
from kcnn.errors import DataError
from kcnn.runs.folder import RunFolder

RECIPE = """\
data: {dataset: folder, path: photos, image_size: [6, 5], validation: 0.25}
model: {layers: [Flatten, {Dense: {units: classes}}]}
train: {epochs: 2, batch_size: 5, optimizer: Adam}
"""


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(RECIPE, encoding="utf-8")
    random = np.random.default_rng(0)
    for name in ("cat", "dog"):
        Path("photos", name).mkdir(parents=True)
        for number in range(20):
            pixels = random.integers(0, 256, (9, 8, 3), np.uint8)
            Image.fromarray(pixels).save(f"photos/{name}/{number:02}.png")
    return Path("photos")


def damage(path: Path) -> None:
    """Change a pixel's byte, which only decoding finds."""
    content = bytearray(path.read_bytes())
    content[60] ^= 255
    path.write_bytes(content)


def weights(run: RunFolder) -> list[np.ndarray]:
    from kcnn.model.saved import load_model

    return list(load_model(run).get_weights())


@pytest.mark.slow
@pytest.mark.usefixtures("one_plot")
def test_the_cache_decides_nothing(photos: Path) -> None:
    runs = [fit("net.yaml", [f"data.cache={cache}"]).run for cache in ("memory", "disk", "none")]
    for other in runs[1:]:
        for weight, same in zip(weights(runs[0]), weights(other), strict=True):
            np.testing.assert_array_equal(weight, same)
        assert other.predictions.read_bytes() == runs[0].predictions.read_bytes()


@pytest.mark.slow
@pytest.mark.usefixtures("one_plot")
def test_resumes_without_a_difference(photos: Path) -> None:
    whole = fit("net.yaml", ["train.epochs=4"]).run
    half = fit("net.yaml", ["train.epochs=2"]).run
    resume(str(half.path), overrides=["train.epochs=4"])
    for weight, same in zip(weights(whole), weights(half), strict=True):
        np.testing.assert_array_equal(weight, same)


@pytest.mark.slow
def test_a_file_that_cannot_be_decoded_ends_the_training(photos: Path) -> None:
    damage(photos / "dog/11.png")
    with pytest.raises(DataError) as caught:
        fit("net.yaml")
    assert caught.value.message == "photos/dog/11.png: a damaged or cut off PNG image"
    assert caught.value.hint.endswith("or leave all such files out: data.unreadable=skip")
    assert fit("net.yaml", ["data.unreadable=skip"]).summary["images"] == {
        "train": 23, "validation": 8, "test": 8
    }  # fmt: skip
