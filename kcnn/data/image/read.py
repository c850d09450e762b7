"""Image files, one at a time, as arrays of bytes.

The first bytes of a file decide what it is, not its name. Images are turned upright, transparent
pixels become white, and of several frames or pages the first is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from kcnn.data.find_images import MAX_NAMED
from kcnn.data.image.exif import ON_ITS_SIDE, UPRIGHT
from kcnn.data.image.formats import HEIC, JPEG, TIFF, ImageError
from kcnn.data.image.header import Header
from kcnn.data.image.inspection import read_header
from kcnn.data.image.jpeg_pixels import choose_denominator, decode_jpeg
from kcnn.data.image.limits import require_moderate
from kcnn.data.image.pillow_pixels import decode_by_pillow
from kcnn.data.image.placement import Placement, place
from kcnn.data.image.source import Source, read_file
from kcnn.errors import DataError
from kcnn.recipe.data_settings import Resize
from kcnn.text.listed import listed

MODES = {1: "L", 3: "RGB"}
# What turns an image upright for each orientation in Exif.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Formats that Pillow returns upright.
_UPRIGHT_ALREADY = (TIFF, HEIC)
# A much larger image is first reduced by averaging, which is fast, to so many times the wanted
# size. The pixels are those of resizing in one step, give or take one level of 256.
_REDUCING_GAP = 4.0


def read_image(
    path: Path, image_size: tuple[int, int] | None, channels: int, resize: Resize = "stretch"
) -> np.ndarray:
    """Read one image file.

    Args:
        path: The file.
        image_size: Height and width to resize to (bilinear, with antialiasing); None keeps the
            image's own.
        channels: 1 for gray, 3 for red, green, blue.
        resize: `stretch` changes the aspect ratio; `fit` keeps all of the image, with black
            borders; `crop` fills the size with the middle of the image.

    Returns:
        uint8, (height, width, channels).

    Raises:
        DataError: The file is missing, empty, damaged, too large or of another format.
    """
    return read_image_and_size(path, image_size, channels, resize)[0]


def read_image_and_size(
    path: Path, image_size: tuple[int, int] | None, channels: int, resize: Resize = "stretch"
) -> tuple[np.ndarray, tuple[int, int]]:
    """Read one image file as `read_image` does.

    Returns:
        The pixels, and the height and width before resizing.

    Raises:
        DataError: As `read_image`.
    """
    if image_size is not None:
        out = np.empty((*image_size, channels), np.uint8)
        return out, read_into(out, path, resize)
    content = read_file(path)[0]
    try:
        header = _read_header(content)
        own_size = _upright_size(header)
        image = _decode(content, header, channels, None)[0]
        upright = _turned(_as_image(image), header).convert(MODES[channels])
    except ImageError as error:
        raise DataError(f"{path}: {error.message}", error.fix) from None
    return np.array(upright).reshape(*own_size, channels), own_size


def read_into(out: np.ndarray, path: Path | str, resize: Resize = "stretch") -> tuple[int, int]:
    """Read one image file into an array; threads may do so at the same time.

    Args:
        out: uint8, (height, width, channels); receives the pixels. 1 channel is gray, 3 are red,
            green, blue.
        path: The file.
        resize: As `read_image`.

    Returns:
        Height and width of the image before resizing.

    Raises:
        DataError: As `read_image`. `out` may have been written to.
    """
    return decode_into(out, path, read_file(path)[0], resize)


def decode_into(
    out: np.ndarray, path: Path | str, content: bytes, resize: Resize = "stretch"
) -> tuple[int, int]:
    """Decode the content of an image file into an array, as `read_into` does.

    Args:
        out: As `read_into`.
        path: The file, for messages.
        content: Its bytes.
        resize: As `read_image`.

    Returns:
        Height and width of the image before resizing.

    Raises:
        DataError: As `read_image`. `out` may have been written to.
    """
    try:
        return _decode_into(out, content, _read_header(content), resize)
    except ImageError as error:
        raise DataError(f"{path}: {error.message}", error.fix) from None


def _read_header(content: bytes) -> Header:
    header = read_header(Source(len(content), content))
    require_moderate(header)
    return header


def _decode_into(
    out: np.ndarray, content: bytes, header: Header, resize: Resize
) -> tuple[int, int]:
    height, width, channels = out.shape
    own_size = _upright_size(header)
    if own_size == (height, width):
        direct = out if header.orientation == UPRIGHT and out.flags.c_contiguous else None
        pixels, _ = _decode(content, header, channels, None, direct)
        if pixels is not direct:
            upright = _turned(_as_image(pixels), header).convert(MODES[channels])
            out[...] = np.asarray(upright).reshape(out.shape)
        return own_size
    placement = place(own_size, (height, width), resize)
    pixels, denominator = _decode(content, header, channels, placement.ratio)
    image = _resized(_as_image(pixels), header, placement, denominator)
    upright = _turned(image, header)
    if upright.mode != MODES[channels]:  # else `convert` would copy
        upright = upright.convert(MODES[channels])
    if placement.size == (height, width):
        out[...] = np.asarray(upright).reshape(out.shape)
    else:
        out[...] = 0
        top, left = placement.corner
        inside = out[top : top + upright.height, left : left + upright.width]
        inside[...] = np.asarray(upright).reshape(inside.shape)
    return own_size


def _upright_size(header: Header) -> tuple[int, int]:
    if header.orientation in ON_ITS_SIDE:
        return header.width, header.height
    return header.height, header.width


def _decode(
    content: bytes,
    header: Header,
    channels: int,
    ratio: float | None,
    out: np.ndarray | None = None,
) -> tuple[np.ndarray | Image.Image, int]:
    """Decode an image; return its pixels, and at which fraction of its size they are."""
    denominator = 1
    if header.format is JPEG:
        denominator = choose_denominator(header, ratio)
        pixels = decode_jpeg(content, header, denominator, channels, out)
        if pixels is not None:
            return (out if out is not None else pixels), denominator
    return decode_by_pillow(content, header, denominator), denominator


def _as_image(pixels: np.ndarray | Image.Image) -> Image.Image:
    if isinstance(pixels, Image.Image):
        return pixels
    height, width, channels = pixels.shape
    mode = MODES[channels]
    return Image.frombuffer(mode, (width, height), pixels, "raw", mode, 0, 1)


def _resized(
    image: Image.Image, header: Header, placement: Placement, denominator: int
) -> Image.Image:
    """Resize an image as it is stored, so that it has the size of the placement when upright."""
    (height, width), part = placement.size, placement.part
    if _is_on_its_side(header):
        height, width, part = width, height, part[::-1]
    full_width, full_height = map(float, image.size)
    if denominator > 1:  # the last row and column may stand for fewer pixels than the others
        full_width, full_height = header.width / denominator, header.height / denominator
    above, left = full_height * (1 - part[0]) / 2, full_width * (1 - part[1]) / 2
    box = (left, above, full_width - left, full_height - above)
    return image.resize((width, height), Image.Resampling.BILINEAR, box, _REDUCING_GAP)


def _is_on_its_side(header: Header) -> bool:
    return header.orientation in ON_ITS_SIDE and header.format not in _UPRIGHT_ALREADY


def _turned(image: Image.Image, header: Header) -> Image.Image:
    if header.orientation == UPRIGHT or header.format in _UPRIGHT_ALREADY:
        return image
    return image.transpose(_TURNS[header.orientation])


def unreadable(refused: Sequence[DataError], total: int) -> DataError:
    """Return one error for several images that cannot be read; it names the first of them.

    Args:
        refused: The errors of `read_image`, one at least.
        total: Number of all images.
    """
    if len(refused) == 1:
        return refused[0]
    messages = listed([error.message for error in refused], MAX_NAMED, "; ")
    return DataError(
        f"{len(refused):,} of {total:,} images cannot be read: {messages}",
        "remove them, or save them anew as PNG or JPEG",
    )
