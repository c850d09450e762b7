"""Read an image file as kcnn does: upright, on white, in the size and colors that a model takes.

This file lies beside exported models. It needs Pillow 11 and NumPy, but not kcnn.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, __version__
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

if int(__version__.partition(".")[0]) < 11:
    raise ImportError(f"Pillow {__version__} is too old\nfix: pip install 'pillow>=11'")
try:
    from pillow_heif import register_heif_opener
except ImportError:  # without it, HEIC images cannot be read
    FORMATS = ["PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF"]
else:
    register_heif_opener()
    FORMATS = ["PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "HEIF"]

MAX_PIXELS = 16_384 * 12_288  # of a photo of 200 megapixels; Pillow's own limit is lower
MODES = {1: "L", 3: "RGB"}
TURN = Image.Transpose
# What turns an image upright, for each orientation that cameras write; 1 is upright.
TURNS = {2: TURN.FLIP_LEFT_RIGHT, 3: TURN.ROTATE_180, 4: TURN.FLIP_TOP_BOTTOM, 5: TURN.TRANSPOSE}
TURNS |= {6: TURN.ROTATE_270, 7: TURN.TRANSVERSE, 8: TURN.ROTATE_90}
OTHER_ORDER = {"16B": "16L", "16L": "16B", "16N": "16L" if sys.byteorder == "big" else "16B"}


def read_image(
    path: str | Path, image_size: Sequence[int], channels: int, resize: str = "stretch"
) -> np.ndarray:
    """Read an image file; of several frames, the first.

    Args:
        path: The file.
        image_size: Height and width to resize to: bilinear, with antialiasing.
        channels: 1 for gray, 3 for red, green, blue.
        resize: `stretch` changes the aspect ratio; `fit` keeps all of the image, with black
            borders; `crop` fills the size with the middle of the image.

    Returns:
        uint8, (height, width, channels).

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no image, or a damaged one.
    """
    content = Path(path).read_bytes()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _decode(content, (image_size[1], image_size[0]), MODES[channels], resize)
    except Image.UnidentifiedImageError:
        lacks_heif = content[4:8] == b"ftyp" and "HEIF" not in FORMATS
        hint = "; for HEIC: pip install pillow-heif" if lacks_heif else ""
        raise ValueError(f"{path}: not a {' or '.join(FORMATS)} image{hint}") from None
    except Exception as error:  # a damaged image raises nearly anything
        raise ValueError(f"{path}: a damaged image, or of an unknown kind: {error}") from None


def _decode(content: bytes, final: tuple[int, int], mode: str, resize: str) -> np.ndarray:
    """Decode an image into a final width and height."""
    is_jpeg = content.startswith(b"\xff\xd8")
    if is_jpeg:
        image: ImageFile = JpegImageFile(BytesIO(content))
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(f"more than {MAX_PIXELS:,} pixels")
    else:
        image = Image.open(BytesIO(content), formats=FORMATS)
        image.load()
    # Pillow turns TIFF and HEIC upright by itself.
    orientation = 1 if image.format in ("TIFF", "HEIF") else _orientation(image)
    # The image is turned last. Until then, all sizes are those on its side, width first.
    wanted = np.array(final[::-1] if orientation > 4 else final)
    stored = np.array(image.size, float)
    ratios = wanted / stored
    ratio = ratios.min() if resize == "fit" else ratios.max()
    size = np.clip(np.rint(stored * ratio), 1, wanted) if resize == "fit" else wanted
    part = ratios / ratio if resize == "crop" else np.ones(2)
    if is_jpeg:  # decoded at an eighth, a quarter or a half of its size where that is enough
        enough = (n for n in (8, 4, 2) if ratio * n <= 1 and stored.min() >= 8 * n)
        reduced = next(enough, 1)
        least = (stored // reduced).astype(int)
        image.draft(mode, (int(least[0]), int(least[1])))
        stored /= reduced
    margin = stored * (1 - part) / 2
    box = (*margin.tolist(), *(stored - margin).tolist())
    plain = _plain(image, content)
    plain = plain.resize(size.astype(int).tolist(), Image.Resampling.BILINEAR, box, 4.0)
    if orientation > 1:
        plain = plain.transpose(TURNS[orientation])
    result = Image.new(mode, final)  # black
    corner = (final[0] - plain.width) // 2, (final[1] - plain.height) // 2
    result.paste(plain.convert(mode), corner)
    return np.array(result).reshape(final[1], final[0], -1)


def _orientation(image: Image.Image) -> int:
    try:
        found = image.getexif().get(0x0112)
    except Exception:  # damaged Exif data raises nearly anything
        return 1
    return found if found in TURNS else 1


def _plain(image: Image.Image, content: bytes) -> Image.Image:
    """Return an image in mode L or RGB: eight bits a color, transparent pixels laid on white."""
    is_png, tags = image.format == "PNG", getattr(image, "tag_v2", {})
    bits = content[24] if is_png else int(np.max(tags.get(258, 8)))
    # In a PNG image without a palette, one color may stand for transparent.
    key = image.info.get("transparency") if is_png and image.mode != "P" else None
    if key is None and image.has_transparency_data and image.mode not in ("LA", "RGBA"):
        image = image.convert("RGBA")
    if image.mode == "1":
        image = image.convert("L")
    if image.mode == "F":
        raise ValueError("floating-point numbers, whose range is not known")
    pixels, alpha = np.asarray(image), None
    if bits == 16 and image.mode in ("RGB", "RGBA"):
        pixels = pixels.astype(np.uint16) << 8 | _lower_bits(content)
    if key is not None:
        differs = pixels != np.multiply(key, 255 // (2**bits - 1) if bits < 8 else 1)
        alpha = Image.fromarray(differs.reshape(*pixels.shape[:2], -1).any(-1)).convert("L")
    elif image.mode in ("LA", "RGBA"):
        alpha = image.getchannel("A")
    if image.mode.startswith("I"):
        gray = _eight_bits(pixels, bits)
        image = Image.fromarray(255 - gray if tags.get(262) == 0 else gray)  # 0 may be white
    elif bits == 16 and image.mode in ("RGB", "RGBA") and pixels[..., :3].max() < 1 << 14:
        image = Image.fromarray(_eight_bits(pixels[..., :3], bits))
    image = image.convert("L" if image.mode in ("L", "LA") else "RGB")
    if alpha is None:
        return image
    white = Image.new(image.mode, image.size, "white")
    white.paste(image, mask=alpha)
    return white


def _lower_bits(content: bytes) -> np.ndarray:
    """Return the lower eight of colors of 16 bits; of these, Pillow reads the upper ones."""
    image = Image.open(BytesIO(content), formats=FORMATS)
    (tile,) = image.tile
    raw, *rest = tile.args if isinstance(tile.args, tuple) else (tile.args,)
    is_gray = raw == "LA;16B"  # the bytes of gray and alpha are then read as four bands
    raw = "RGBA" if is_gray else raw[:-3] + OTHER_ORDER[raw[-3:]]
    image.tile = [tile._replace(args=(raw, *rest) if rest else raw)]
    pixels = np.asarray(image)
    return pixels[..., [1, 1, 1, 3]] if is_gray else pixels


def _eight_bits(values: np.ndarray, bits: int) -> np.ndarray:
    """Scale values of up to 16 bits to 8, by the bits that they use: cameras often write fewer."""
    lowest, highest = int(values.min()), int(values.max())
    if lowest < 0 or highest >= 1 << 16:
        raise ValueError(f"values from {lowest} to {highest}, expected 0 to 65535 at most")
    if bits >= 16:
        bits = next(depth for depth in (8, 10, 12, 14, 16) if highest < 1 << depth)
    limit = (1 << bits) - 1
    table = (np.arange(limit + 1) * 255 + limit // 2) // limit
    return table.astype(np.uint8)[np.minimum(values, limit)]
