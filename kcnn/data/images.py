"""Image files, one at a time: PNG, JPEG, BMP and GIF as arrays of bytes."""

from __future__ import annotations

import stat
import warnings
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from kcnn.data.image_files import MAX_NAMED
from kcnn.errors import DataError

FORMATS = ("PNG", "JPEG", "BMP", "GIF")
MODES = {1: "L", 3: "RGB"}
MAX_PIXELS = 8192 * 6144  # pixels: 50 million, as cameras of telephones take
MAX_SIDE = 65_535
MAX_FILE_BYTES = 100_000_000  # bytes
_JPEG = b"\xff\xd8"
_BEGINNINGS = {b"\x89PNG": "PNG", _JPEG: "JPEG", b"GIF8": "GIF", b"BM": "BMP"}
# Beginnings of scans and of Exif segments: thousands of them take a decoder minutes.
_SLOW = (b"\xff\xda", b"Exif\0\0")
_MAX_PARTS = 40
# What turns an image upright for each orientation in Exif, and which of these swap its sides.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ON_ITS_SIDE = (_TURNS[5], _TURNS[6], _TURNS[7], _TURNS[8])
# A much larger image is first reduced by averaging, which is fast, to so many times the wanted
# size. The pixels are those of resizing in one step, give or take one level of 256.
_REDUCING_GAP = 4.0


def read_image(path: Path, image_size: tuple[int, int] | None, channels: int) -> np.ndarray:
    """Read one image file: turned upright, transparency on white, the first frame of a GIF.

    Args:
        path: The file.
        image_size: Height and width to resize to (bilinear); None keeps the image's own.
        channels: 1 for gray, 3 for red, green, blue.

    Returns:
        uint8, (height, width, channels).

    Raises:
        DataError: The file is missing, empty, damaged, too large or of another format.
    """
    return read_image_and_size(path, image_size, channels)[0]


def read_image_and_size(
    path: Path, image_size: tuple[int, int] | None, channels: int
) -> tuple[np.ndarray, tuple[int, int]]:
    """Read one image file as `read_image` does.

    Args:
        path: The file.
        image_size: Height and width to resize to; None keeps the image's own.
        channels: 1 for gray, 3 for red, green, blue.

    Returns:
        The pixels, and the height and width before resizing.

    Raises:
        DataError: As `read_image`.
    """
    content = _read_file(path)
    try:
        with warnings.catch_warnings():
            # Pillow warns of large images, for which our limit is lower, and of invalid metadata.
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(content), formats=FORMATS) as file:
                _require_moderate(file)
                image, own_size = _convert(file, MODES[channels], image_size)
    except Image.DecompressionBombError:
        raise DataError(
            f"{path}: more than {MAX_PIXELS:,} pixels, or than {MAX_SIDE:,} in a row, too "
            "large to be safe to open",
            "make it smaller",
        ) from None
    # A damaged image raises nearly anything.
    except Exception:
        raise DataError(
            f"{path}: {_what_is_wrong(content)}", "remove it, or save it anew as PNG or JPEG"
        ) from None
    return np.asarray(image).reshape(image.height, image.width, channels), own_size


def _read_file(path: Path) -> bytes:
    """Read a file of bounded size; never wait for a pipe or a device."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
            raise DataError(f"{path}: is {kind}, expected an image file")
        with path.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    if len(content) > MAX_FILE_BYTES:
        raise DataError(f"{path}: more than {MAX_FILE_BYTES:,} bytes", "make it smaller")
    if content.startswith(_JPEG) and max(map(content.count, _SLOW)) > _MAX_PARTS:
        raise DataError(f"{path}: a JPEG image of more parts than a photograph has", "save it anew")
    return content


def _require_moderate(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS or max(image.size) > MAX_SIDE:
        raise Image.DecompressionBombError


def unreadable(refused: Sequence[DataError], total: int) -> DataError:
    """Return one error for several images that cannot be read; it names the first of them.

    Args:
        refused: The errors of `read_image`, one at least.
        total: Number of all images.
    """
    if len(refused) == 1:
        return refused[0]
    lines = [error.message for error in refused[:MAX_NAMED]]
    more = [f"and {len(refused) - MAX_NAMED:,} more"] if len(refused) > MAX_NAMED else []
    return DataError(
        f"{len(refused):,} of {total:,} images cannot be read: {'; '.join([*lines, *more])}",
        "remove them, or save them anew as PNG or JPEG",
    )


def _convert(
    image: Image.Image, mode: str, image_size: tuple[int, int] | None
) -> tuple[Image.Image, tuple[int, int]]:
    """Resize an image, turn it upright and convert its colors; return its own size too."""
    image.load()  # raises for a damaged image here, not where invalid Exif is caught
    turn = _turn(image)
    is_turned = turn in _ON_ITS_SIDE
    own_size = image.size if is_turned else image.size[::-1]
    resized = _with_eight_bits(image)
    if image_size is not None and image_size != own_size:
        size = image_size if is_turned else image_size[::-1]
        resized = resized.resize(size, Image.Resampling.BILINEAR, reducing_gap=_REDUCING_GAP)
    upright = resized if turn is None else resized.transpose(turn)
    if upright.has_transparency_data:
        layered = upright.convert("RGBA")
        white = Image.new("RGBA", layered.size, "white")
        upright = Image.alpha_composite(white, layered)
    return upright.convert(mode), own_size


def _turn(image: Image.Image) -> Image.Transpose | None:
    """Return what turns an image upright; None if its Exif cannot be read."""
    try:
        return _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    # Invalid Exif, as some cameras write it, raises nearly anything.
    except Exception:
        return None


def _with_eight_bits(image: Image.Image) -> Image.Image:
    """Convert pixels of one or sixteen bits, or with a palette, to eight bits a channel."""
    if image.mode.startswith("I"):  # sixteen: Pillow would clip what is above 255
        eight = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        eight.info = image.info
        return eight
    if image.mode == "P":
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image.convert("L") if image.mode == "1" else image


def _what_is_wrong(content: bytes) -> str:
    if not content:
        return "an empty file, expected an image"
    for beginning, name in _BEGINNINGS.items():
        if content.startswith(beginning):
            return f"a damaged or cut off {name} image"
    return "not a PNG, JPEG, BMP or GIF image"
