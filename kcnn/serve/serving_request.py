"""The body of a `:predict` request, in the form of TensorFlow Serving.

https://www.tensorflow.org/tfx/serving/api_rest#predict_api
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from kcnn.text.numbers import shape_text
from kcnn.text.values import shown

INPUT = "images"  # the name of the model's only input
OUTPUT = "probabilities"
SIGNATURE = "serving_default"
_SIGNATURES = ("", SIGNATURE, "serving_uint8")  # "" is the default; the SavedModel has both
ROWS, COLUMNS = "instances", "inputs"
# What the answer to each form calls its only value.
ANSWERS = {ROWS: "predictions", COLUMNS: "outputs"}
_ENCODED = "b64"
_MAX_DIMENSIONS = 6  # of a shape in a message
DecodeImage = Callable[[bytes], np.ndarray]


class RequestError(Exception):
    """A request that cannot be answered.

    Args:
        message: What is wrong, and what was expected.
        status: The HTTP status.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


@dataclass(frozen=True)
class PredictRequest:
    """Images to predict.

    Args:
        images: uint8, (count, height, width, channels).
        form: `instances` or `inputs`, which decides the form of the answer.
    """

    images: np.ndarray
    form: str


def read_request(
    body: bytes, image_shape: tuple[int, int, int], max_images: int, decode: DecodeImage
) -> PredictRequest:
    """Read the JSON of a request.

    Args:
        body: `{"instances": [image, ...]}` or `{"inputs": {"images": [image, ...]}}`. An image is a
            nested list of pixels, or `{"b64": "..."}` with an image file.
        image_shape: (height, width, channels) that the model takes.
        max_images: Number of images that a request may have.
        decode: Decodes an image file to image_shape; raises RequestError.

    Raises:
        RequestError: It is no such request; the message says what was expected.
    """
    values = _parse(body)
    signature = values.get("signature_name", "")
    if signature not in _SIGNATURES:
        raise RequestError(f"signature_name: expected {SIGNATURE}; found {shown(signature)}")
    forms = [form for form in ANSWERS if form in values]
    if len(forms) != 1:
        found = "both" if forms else "neither"
        raise RequestError(
            f'expected either {{"{ROWS}": [image, ...]}} or {{"{COLUMNS}": {{"{INPUT}": '
            f"[image, ...]}}}}; found {found}"
        )
    form = forms[0]
    given = _without_name(values[form])
    if not isinstance(given, list) or not given:
        raise RequestError(f"{form}: expected a list of images; found {_kind(given)}")
    if len(given) > max_images:
        raise RequestError(
            f"{form}: expected at most {max_images:,} images in a request; found {len(given):,}",
            413,
        )
    if form == ROWS:
        given = [_without_name(image) for image in given]
    if any(isinstance(image, dict) for image in given):
        images = [_decoded(image, number, form, decode) for number, image in enumerate(given)]
        return PredictRequest(np.stack(images), form)
    return PredictRequest(_pixels(given, form, image_shape), form)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        values = json.loads(body)
    except RecursionError:
        raise RequestError("the body is no JSON that can be read: nested too deeply") from None
    except ValueError as error:  # JSONDecodeError, UnicodeDecodeError, a number of many digits
        raise RequestError(f"the body is no JSON that can be read: {error}") from None
    if not isinstance(values, dict):
        raise RequestError(
            f'the body: expected an object, as {{"{ROWS}": [image, ...]}}; found {_kind(values)}'
        )
    return values


def _without_name(value: Any) -> Any:
    """Return what `{"images": value}` names; anything else as it is."""
    return value[INPUT] if isinstance(value, dict) and set(value) == {INPUT} else value


def _decoded(image: Any, number: int, form: str, decode: DecodeImage) -> np.ndarray:
    where = f"{form}[{number}]"
    if not isinstance(image, dict) or set(image) != {_ENCODED}:
        raise RequestError(
            f'{where}: expected {{"{_ENCODED}": "..."}}, as the other images; found {_kind(image)}'
        )
    try:
        content = base64.b64decode(image[_ENCODED], validate=True)
    except (TypeError, ValueError):
        raise RequestError(f"{where}.{_ENCODED}: expected an image file in Base64") from None
    try:
        return decode(content)
    except RequestError as error:
        raise RequestError(f"{where}: {error.message}", error.status) from None


def _pixels(given: list[Any], form: str, image_shape: tuple[int, int, int]) -> np.ndarray:
    """Return nested lists as an array; faster than np.array, which also takes texts as pixels."""
    level = given
    for size in image_shape:
        if set(map(type, level)) != {list} or set(map(len, level)) != {size}:
            raise _wrong_shape(given, form, image_shape)
        level = list(chain.from_iterable(level))
    shape = (len(given), *image_shape)
    kinds = set(map(type, level))
    try:
        if kinds == {int}:
            return np.frombuffer(bytes(level), np.uint8).reshape(shape)
        if kinds <= {int, float} and all(map(_is_whole, level)):
            return np.frombuffer(bytes(map(int, level)), np.uint8).reshape(shape)
    except (ValueError, OverflowError):  # not from 0 to 255
        pass
    index = next(index for index, value in enumerate(level) if not _is_pixel(value))
    where = "".join(f"[{number}]" for number in np.unravel_index(index, shape))
    hint = ""
    if kinds <= {int, float} and all(0 <= value <= 1 for value in level):
        hint = "; the model scales the pixels itself"
    raise RequestError(
        f"{form}{where}: expected a whole number from 0 to 255; found {_kind(level[index])}{hint}"
    )


def _is_whole(value: float) -> bool:
    return 0 <= value <= 255 and value == int(value)


def _is_pixel(value: Any) -> bool:
    return type(value) in (int, float) and _is_whole(value)


def _wrong_shape(given: list[Any], form: str, image_shape: tuple[int, int, int]) -> RequestError:
    found: list[int] = []
    level = given[0]
    while isinstance(level, list) and len(found) < _MAX_DIMENSIONS:
        found.append(len(level))
        level = level[0] if level else None
    if tuple(found) == image_shape:
        shown_shape, hint = "lists of several lengths, or numbers where lists should be", ""
    else:
        shown_shape = f"images of shape {shape_text(found)}" if found else _kind(given[0])
        hint = _shape_hint(given, tuple(found), image_shape)
    return RequestError(
        f"{form}: expected images of shape {shape_text(image_shape)} (height×width×channels); "
        f"found {shown_shape}{hint}"
    )


def _shape_hint(given: list[Any], found: tuple[int, ...], image_shape: tuple[int, int, int]) -> str:
    if (len(given), *found) == image_shape:
        return "; write a list of images also for a single one, [image]"
    if (*found, 1) == image_shape:
        return "; each pixel of a gray image is a list too, as [128]"
    if len(found) == len(image_shape):
        return '; to have an image resized, send its file: {"b64": "..."} or POST /classify'
    return ""


def _kind(value: Any) -> str:
    """Return what a JSON value is, for a message."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return shown(value)
