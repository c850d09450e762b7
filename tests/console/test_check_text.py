from __future__ import annotations

from dataclasses import replace

from kcnn.commands.check import check
from kcnn.console.check import check_text


def test_a_warning_follows_the_sizes() -> None:
    layers = "[Flatten, BatchNormalization, {Dense: {units: 10}}]"
    settings = ["train.epochs=1", "train.batch_size=32", "data.validation=0"]
    checked = check("digits", [f"model.layers={layers}", *settings])
    last = check_text(checked).splitlines()[-1]
    assert last.startswith("warning: batch_normalization: after 45 steps the moving mean and")
    assert last.endswith("(momentum 0.99); write momentum: 0.8")
    assert [warning["layer"] for warning in checked.as_json()["warnings"]] == [
        "batch_normalization"
    ]


def test_check(net: str) -> None:
    checked = check(net)
    assert check_text(checked) == (
        "net.yaml: no mistakes found\n"
        "3 layers, from 8×8×1 images to 10 classes; 750 parameters, 1,368 multiply-adds an image"
    )
    assert check_text(replace(checked, built=True)).startswith(
        "net.yaml: no mistakes found; Keras built it\n"
    )
    assert checked.as_json() == {
        "recipe": "net.yaml", "name": "net", "built": False, "image_shape": [8, 8, 1],
        "classes": 10, "layers": 3, "parameters": 750, "multiply_adds": 1368, "warnings": [],
    }  # fmt: skip
