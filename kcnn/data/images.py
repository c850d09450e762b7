"""Image files, one at a time: PNG, JPEG, BMP and GIF as arrays of bytes."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from kcnn.errors import DataError

FORMATS = ("PNG", "JPEG", "BMP", "GIF")
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif"})
MODES = {1: "L", 3: "RGB"}


def read_image(path: Path, image_size: tuple[int, int] | None, channels: int) -> np.ndarray:
    """Reads one image file: turned upright, transparency on white, the first frame of a GIF.

    Args:
        path: The file.
        image_size: Height and width to resize to (bilinear); None keeps the image's own.
        channels: 1 for grey, 3 for red, green, blue.

    Returns:
        uint8, (height, width, channels).

    Raises:
        DataError: The file is missing, empty, damaged, too large or of another format.
    """
    try:
        with warnings.catch_warnings():
            # Pillow only warns of an image of up to twice its limit.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as file:
                image = _convert(file, MODES[channels])
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataError(
            f"{path}: more than {Image.MAX_IMAGE_PIXELS:,} pixels, too large to be safe to open",
            "make it smaller",
        ) from None
    except (PermissionError, IsADirectoryError) as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    # A damaged image raises nearly anything.
    except Exception:
        raise DataError(
            f"{path}: {_what_is_wrong(path)}", "remove it, or save it anew as PNG or JPEG"
        ) from None
    if image_size is not None and image.size != image_size[::-1]:
        image = image.resize(image_size[::-1], Image.Resampling.BILINEAR)
    return np.asarray(image).reshape(image.height, image.width, channels)


def find_images(paths: Iterable[Path]) -> list[Path]:
    """Lists image files: each file that is named, and all images in and below each folder.

    Args:
        paths: Files and folders.

    Returns:
        Files as they were named, a folder's images sorted by path; hidden ones are left out.

    Raises:
        DataError: A path is not there, or a folder has no images.
    """
    images: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = images_below(path)
            if not inside:
                raise DataError(f"{path}: no PNG, JPEG, BMP or GIF images in this folder")
            images.extend(inside)
        elif path.exists():
            images.append(path)
        else:
            raise DataError(f"{path}: no such file or folder")
    return images


def images_below(folder: Path) -> list[Path]:
    """Lists the image files in and below a folder, sorted by path, without hidden ones."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    )


def _convert(image: Image.Image, mode: str) -> Image.Image:
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I"):
        # 16 bits a pixel: Pillow would clip what is above 255.
        return Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8)).convert(mode)
    if upright.has_transparency_data:
        layered = upright.convert("RGBA")
        white = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(white, layered).convert(mode)
    return upright.convert(mode)


def _what_is_wrong(path: Path) -> str:
    if path.stat().st_size == 0:
        return "an empty file, expected an image"
    try:
        with Image.open(path, formats=FORMATS) as image:
            return f"a damaged or cut off {image.format} image"
    except Exception:
        return "not a PNG, JPEG, BMP or GIF image"
