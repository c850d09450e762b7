"""PNG: its pixels, by Pillow's decoder without the plugin around it.

The plugin reads chunk by chunk in Python, which for a small image takes longer than decoding. Here
the chunks are found, their sums checked, and the compressed bytes handed to the decoder at once.
"""

from __future__ import annotations

from zlib import crc32

from PIL import Image

from kcnn.data.image.formats import PNG, ImageError, damaged
from kcnn.data.image.header import Header

# Pillow's mode of the image and of its bytes.
_MODES = {
    ("1", 1): ("1", "1"),
    ("L", 2): ("L", "L;2"),
    ("L", 4): ("L", "L;4"),
    ("L", 8): ("L", "L"),
    ("I;16", 16): ("I;16", "I;16B"),
    ("RGB", 8): ("RGB", "RGB"),
    ("P", 1): ("P", "P;1"),
    ("P", 2): ("P", "P;2"),
    ("P", 4): ("P", "P;4"),
    ("P", 8): ("P", "P"),
    ("LA", 8): ("LA", "LA"),
    # The two bytes of gray and the two of alpha, as four bands.
    ("LA", 16): ("RGBA", "RGBA"),
    ("RGBA", 8): ("RGBA", "RGBA"),
}
_CHECKED = (b"PLTE", b"tRNS", b"IDAT")
_MAX_CHUNKS = 100_000


def reads_at_once(header: Header) -> bool:
    """Return whether `decode_png` reads such an image: any but red, green, blue of sixteen bits."""
    return (header.mode, header.bits) in _MODES


def decode_png(content: bytes, header: Header) -> Image.Image:
    """Decode the pixels of a PNG file.

    Args:
        content: The file.
        header: Its header.

    Returns:
        The image, with its palette where it has one, and its chunk `tRNS` as the `transparency`
        of its `info`.

    Raises:
        ImageError: It is damaged.
    """
    if crc32(content[12:29]) != int.from_bytes(content[29:33], "big"):
        raise damaged(PNG)
    palette = transparency = b""
    parts = []
    at = 33
    for _ in range(_MAX_CHUNKS):
        kind = content[at + 4 : at + 8]
        end = at + 8 + int.from_bytes(content[at : at + 4], "big")
        if kind in _CHECKED:
            body = content[at + 8 : end]
            if crc32(body, crc32(kind)) != int.from_bytes(content[end : end + 4], "big"):
                raise damaged(PNG)
            if kind == b"IDAT":
                parts.append(body)
            elif kind == b"PLTE":
                palette = body
            else:
                transparency = body
        elif kind == b"IEND":
            break
        elif len(kind) < 4:
            raise damaged(PNG)
        at = end + 4
    else:
        raise ImageError("a PNG image of more parts than images have", "save it anew")
    mode, raw = _MODES[header.mode, header.bits]
    data = parts[0] if len(parts) == 1 else b"".join(parts)
    image = Image.frombytes(mode, (header.width, header.height), data, "zip", raw, content[28])
    if mode == "P":
        image.putpalette(palette)
    if transparency:
        image.info["transparency"] = transparency
    return image
