"""Which image files a folder has."""

from __future__ import annotations

from pathlib import Path

import pytest

from kcnn.data.image_files import describe_left_out, find_images, images_below
from kcnn.errors import DataError
from kcnn.progress import Progress


def test_images_below_a_folder_come_in_the_order_of_their_paths(tmp_path: Path) -> None:
    names = ["b/2.png", "b-1/3.png", "b/10.png", "B/1.png", "a.png", "b/c/1.png", "b/c.png"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    images, others = images_below(tmp_path)
    assert images == sorted(tmp_path / name for name in names)
    assert not others


def test_links_to_files_are_images_and_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/1.png").touch()
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "1.png").symlink_to(tmp_path / "elsewhere/1.png")
    (photos / "gone.png").symlink_to(tmp_path / "gone.png")
    (photos / "again").symlink_to(tmp_path / "elsewhere")
    (photos / "round").symlink_to(photos)
    assert images_below(photos)[0] == [photos / "1.png"]


def test_find_images(tmp_path, notes) -> None:
    for name in ("b/2.PNG", "b/1.jpeg", "a.gif", ".hidden/x.png", "b/.x.png", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    single = tmp_path / "notes.txt"
    expected = [single, tmp_path / "a.gif", tmp_path / "b/1.jpeg", tmp_path / "b/2.PNG"]
    assert find_images([single, tmp_path], notes) == expected
    assert notes.lines == ["left out 1 file that is not PNG, JPEG, BMP or GIF: 1 .txt"]


def test_find_images_in_a_folder_without_images(tmp_path) -> None:
    with pytest.raises(DataError, match="no PNG, JPEG, BMP or GIF images in this folder"):
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
        "left out 1,213 files that are not PNG, JPEG, BMP or GIF: 1,200 .webp, 2 without a suffix, "
        "1 .a, 1 .b, 1 .c, 1 .d, 1 .e, 1 .f, 1 .g, 1 .h, …"
    )
