from __future__ import annotations

from dataclasses import replace

from kcnn.commands.check import check
from kcnn.console.check import check_text


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
        "classes": 10, "layers": 3, "parameters": 750, "multiply_adds": 1368,
    }  # fmt: skip
