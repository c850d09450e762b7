"""Bodies in Serving's form are read, and mistakes in them are named."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest

from kcnn.serve.serving_request import PredictRequest, RequestError, read_request

SHAPE = (2, 3, 1)
IMAGE = [[[0], [1], [2]], [[3], [4], [255]]]
PIXELS = np.array(IMAGE, np.uint8)


def decode(content: bytes) -> np.ndarray:
    if content != b"image":
        raise RequestError("the image: no image")
    return PIXELS


def read(body: Any, max_images: int = 4) -> PredictRequest:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_request(content, SHAPE, max_images, decode)


ENCODED = {"b64": base64.b64encode(b"image").decode()}


@pytest.mark.parametrize(
    ("body", "count", "form"),
    [
        ({"instances": [IMAGE]}, 1, "instances"),
        ({"instances": [{"images": IMAGE}, {"images": IMAGE}]}, 2, "instances"),
        ({"signature_name": "serving_default", "inputs": {"images": [IMAGE, IMAGE]}}, 2, "inputs"),
        ({"signature_name": "", "inputs": [IMAGE]}, 1, "inputs"),
        ({"instances": [ENCODED, {"images": ENCODED}]}, 2, "instances"),
        ({"inputs": {"images": [ENCODED]}}, 1, "inputs"),
        ({"instances": [np.array(IMAGE, float).tolist()]}, 1, "instances"),
    ],
)
def test_forms(body: dict[str, Any], count: int, form: str) -> None:
    request = read(body)
    assert request.form == form
    assert request.images.dtype == np.uint8
    np.testing.assert_array_equal(request.images, np.stack([PIXELS] * count))


def changed(value: Any) -> list[Any]:
    """Return an image with another value as its last pixel but one."""
    image: list[Any] = json.loads(json.dumps(IMAGE))
    image[1][1][0] = value
    return image


PIXEL = r"instances\[1\]\[1\]\[1\]\[0\]: expected a whole number from 0 to 255; found "


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "no JSON that can be read"),
        (b"\xff\xd8\xff\xe0", "no JSON that can be read"),
        (b'{"instances": [', "no JSON that can be read"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"instances": [' + b"9" * 5000 + b"]}", "no JSON that can be read"),
        ([IMAGE], r"the body: expected an object, as .* found a list"),
        ({}, "found neither"),
        ({"instances": [IMAGE], "inputs": [IMAGE]}, "found both"),
        ({"signature_name": "other", "instances": [IMAGE]}, "expected serving_default"),
        ({"signature_name": ["a"], "instances": [IMAGE]}, "expected serving_default"),
        ({"instances": []}, "found an empty list"),
        ({"instances": {"a": 1}}, "found an object"),
        ({"inputs": {"image": [IMAGE]}}, "found an object"),
        ({"instances": 7}, "found 7"),
        ({"instances": [IMAGE] * 5}, "at most 4 images in a request; found 5"),
        ({"instances": [[[0, 1, 2], [3, 4, 5]]]}, r"shape 2×3; each pixel of a gray image is"),
        ({"instances": IMAGE}, r"shape 3×1; write a list of images"),
        ({"instances": [[[[0]]]]}, r"expected images of shape 2×3×1.*shape 1×1×1; to have an"),
        ({"instances": [IMAGE, 3]}, "lists of several lengths"),
        ({"instances": [IMAGE, [[[0], [1]], [[3], [4]]]]}, "lists of several lengths"),
        ({"instances": ["cat.jpg"]}, "found 'cat.jpg'"),
        ({"instances": [IMAGE, changed(256)]}, PIXEL + "256$"),
        ({"instances": [IMAGE, changed(-1)]}, PIXEL + "-1$"),
        ({"instances": [IMAGE, changed(10**30)]}, PIXEL + "10+$"),
        ({"instances": [IMAGE, changed(0.5)]}, PIXEL + "0.5$"),
        ({"instances": [IMAGE, changed(float("nan"))]}, PIXEL + "nan$"),
        ({"instances": [IMAGE, changed("7")]}, PIXEL + "'7'$"),
        ({"instances": [IMAGE, changed(None)]}, PIXEL + "nothing$"),
        ({"instances": [IMAGE, changed(True)]}, PIXEL + "true$"),
        ({"instances": [IMAGE, changed([7])]}, PIXEL + "a list$"),
        ({"instances": [[[[0.0], [0.1], [1.0]]] * 2]}, "the model scales the pixels itself"),
        ({"instances": [ENCODED, IMAGE]}, r'instances\[1\]: expected \{"b64": "..."\}.*a list'),
        ({"instances": [{"b64": "no*base64"}]}, r"instances\[0\].b64: expected an image file"),
        ({"instances": [{"b64": 3}]}, r"instances\[0\].b64: expected an image file"),
        ({"instances": [{"b64": "YQ=="}]}, r"instances\[0\]: the image: no image"),
    ],
)
def test_mistakes(body: Any, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        read(body)
