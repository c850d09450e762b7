"""Which image files a folder has."""

from __future__ import annotations

from pathlib import Path

import pytest

from kcnn.data.find_images import KINDS, describe_left_out, find_images
from kcnn.errors import DataError
from kcnn.progress import Progress


def test_find_images(tmp_path, notes) -> None:
    for name in ("b/2.PNG", "b/1.jpeg", "a.gif", ".hidden/x.png", "b/.x.png", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    single = tmp_path / "notes.txt"
    expected = [single, tmp_path / "a.gif", tmp_path / "b/1.jpeg", tmp_path / "b/2.PNG"]
    assert find_images([single, tmp_path], notes) == expected
    assert notes.lines == [
        f"left out 1 file that is not {KINDS}: 1 .txt",
        "left out what is hidden or belongs to the system: 1 .hidden, 1 hidden images",
    ]
    (tmp_path / "b" / "3.png").symlink_to("gone.png")
    with pytest.raises(DataError, match=r"b/3\.png: a link to gone\.png, which is not there"):
        find_images([tmp_path], notes)
    with pytest.raises(DataError, match=r"b/3\.png: a link to gone\.png, which is not there"):
        find_images([tmp_path / "b" / "3.png"], notes)


def test_find_images_in_a_folder_without_images(tmp_path) -> None:
    with pytest.raises(DataError, match=f"no {KINDS} images in this folder"):
        find_images([tmp_path], Progress())
    with pytest.raises(DataError, match="gone: no such file or folder"):
        find_images([Path(tmp_path / "gone")], Progress())


def test_find_images_in_a_folder_that_cannot_be_read() -> None:
    name = Path("x" * 300 + ".png")
    with pytest.raises(DataError, match=f"{name}: cannot be read: File name too long"):
        find_images([name], Progress())


def test_counts_skipped_files_by_suffix() -> None:
    kinds = {f".{letter}": 1 for letter in "abcdefghijk"} | {".webp": 1200, "": 2}
    assert describe_left_out(kinds) == (
        f"left out 1,213 files that are not {KINDS}: 1,200 .webp, 2 without a suffix, "
        "1 .a, 1 .b, 1 .c, 1 .d, 1 .e, 1 .f, 1 .g, 1 .h, …"
    )
