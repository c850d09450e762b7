"""The formats of image files: their suffixes, and the first bytes by which they are recognized."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class ImageFormat:
    """A format that kcnn reads.

    Args:
        name: As people write it.
        suffixes: Of its files, in lower case. They decide which files of a folder are images;
            how a file is read is decided by its first bytes.
        beginning: Matches the first bytes of its files.
        pillow: Pillow's name of it.
    """

    name: str
    suffixes: tuple[str, ...]
    beginning: re.Pattern[bytes]
    pillow: str

    def __str__(self) -> str:
        return self.name


def _bytes(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL)


PNG = ImageFormat("PNG", (".png",), _bytes(rb"\x89PNG"), "PNG")
JPEG = ImageFormat("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"), _bytes(rb"\xff\xd8"), "JPEG")
BMP = ImageFormat("BMP", (".bmp",), _bytes(rb"BM"), "BMP")
GIF = ImageFormat("GIF", (".gif",), _bytes(rb"GIF8"), "GIF")
WEBP = ImageFormat("WebP", (".webp",), _bytes(rb"RIFF....WEBP"), "WEBP")
TIFF = ImageFormat("TIFF", (".tif", ".tiff"), _bytes(rb"II[*+]\0|MM\0[*+]"), "TIFF")
HEIC = ImageFormat(
    "HEIC", (".heic", ".heif"), _bytes(rb"....ftyp(hei[cmsx]|hev[cmsx]|mif1|msf1)"), "HEIF"
)

FORMATS = (PNG, JPEG, BMP, GIF, WEBP, TIFF, HEIC)
SUFFIXES = frozenset(suffix for known in FORMATS for suffix in known.suffixes)
# The names in a message: what follows `not a` and `no`.
KINDS = f"{', '.join(map(str, FORMATS[:-1]))} or {FORMATS[-1]}"

# Other files that are met under the name of an image.
_OTHERS = (
    (_bytes(rb"(?i:\s*(<!doctype html|<html))"), "a web page", "download the image itself"),
    (_bytes(rb"version https://git-lfs"), "a pointer of Git LFS", "fetch it: git lfs pull"),
    (_bytes(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?<svg"), "an SVG drawing", None),
    (_bytes(rb"....ftypavi[fs]"), "an AVIF image", None),
    (_bytes(rb"\xff\x0a|\0\0\0\x0cJXL "), "a JPEG XL image", None),
    (_bytes(rb"\0\0\0\x0cjP  "), "a JPEG 2000 image", None),
    (_bytes(rb"8BPS"), "a Photoshop file", None),
    (_bytes(rb"%PDF"), "a PDF document", None),
    (_bytes(rb"PK\x03\x04"), "a zip archive", "unpack it"),
)
SAVE_ANEW = "remove it, or save it anew as PNG or JPEG"


class ImageError(Exception):
    """An image that kcnn cannot read, by what is wrong with it and how to fix it.

    `kcnn.data.image.read` adds the path and raises a DataError.
    """

    def __init__(self, message: str, fix: str = SAVE_ANEW) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


def damaged(known: ImageFormat) -> ImageError:
    """Return the error for an image that a decoder refuses."""
    return ImageError(f"a damaged or cut off {known} image")


def cut_off(known: ImageFormat) -> ImageError:
    """Return the error for an image whose end is missing."""
    return ImageError(f"a {known} image that is cut off", "copy or download it again")


def format_of(beginning: bytes) -> ImageFormat | None:
    """Return the format of a file by its first bytes (16 at least); None for any other file."""
    for known in FORMATS:
        if known.beginning.match(beginning):
            return known
    return None


def describe_other(beginning: bytes) -> tuple[str, str]:
    """Return what a file is that is not an image kcnn reads, and how to fix it.

    Args:
        beginning: Its first bytes, some hundreds.
    """
    if not beginning:
        return "an empty file, expected an image", "remove it, or copy it again"
    for pattern, kind, fix in _OTHERS:
        if pattern.match(beginning):
            return f"{kind}, not a {KINDS} image", fix or SAVE_ANEW
    if not any(byte < 9 for byte in beginning):
        return f"text, not a {KINDS} image", "remove it"
    return f"not a {KINDS} image", SAVE_ANEW
