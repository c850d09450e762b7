"""HEIC images, as phones take them, by an extra."""

from __future__ import annotations

import sys

import pytest
from PIL import Image

from kcnn.data.image.inspection import inspect_image
from kcnn.data.image.read import read_image, read_image_and_size
from kcnn.errors import DataError

HEADER = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


def test_without_the_extra_the_error_names_it(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "photo.heic").write_bytes(HEADER + bytes(100))
    for read in (inspect_image, lambda path: read_image(path, None, 3)):
        with pytest.raises(DataError, match="needs the package pillow-heif") as refused:
            read(tmp_path / "photo.heic")
        assert 'pip install "kcnn[heif]"' in (refused.value.hint or "")


def test_reads_a_photo(tmp_path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    photo = Image.new("RGB", (96, 64), "red")
    photo.paste("blue", (48, 0, 96, 64))
    exif = Image.Exif()
    exif[0x0112] = 6
    pillow_heif.from_pillow(photo).save(tmp_path / "photo.heic", quality=90, exif=exif.tobytes())
    pixels, own_size = read_image_and_size(tmp_path / "photo.heic", (12, 8), 3)
    facts = inspect_image(tmp_path / "photo.heic")
    assert (facts.format, facts.height, facts.width) == ("HEIC", *own_size)
    first, last = (pixels[0], pixels[-1]) if own_size == (96, 64) else (pixels[:, 0], pixels[:, -1])
    assert abs(first.astype(int) - (255, 0, 0)).max() < 40
    assert abs(last.astype(int) - (0, 0, 255)).max() < 40
    content = (tmp_path / "photo.heic").read_bytes()
    (tmp_path / "photo.heic").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="HEIC image"):
        read_image(tmp_path / "photo.heic", None, 3)
