"""Walks over folders: what is listed, what is left out and said, and what is an error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kcnn.data.folder_scan import FolderScan
from kcnn.errors import DataError


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def problems(scan: FolderScan) -> str:
    with pytest.raises(DataError) as caught:
        scan.require_complete()
    return caught.value.message


def test_images_come_in_the_order_of_their_paths(tmp_path: Path) -> None:
    names = ["b/2.png", "b-1/3.png", "b/10.png", "B/1.png", "a.png", "b/c/1.png", "b/c.png"]
    touch(tmp_path, *names)
    scan = FolderScan()
    assert scan.images_below(tmp_path) == sorted(names, key=lambda name: Path(name).parts)
    assert not scan.others
    scan.require_complete()


def test_links_to_files_and_folders_are_followed(tmp_path: Path) -> None:
    touch(tmp_path, "elsewhere/1.png", "elsewhere/in/2.png", "photos/0.png", "one.png")
    (tmp_path / "photos" / "one.png").symlink_to(tmp_path / "one.png")
    (tmp_path / "photos" / "linked").symlink_to(tmp_path / "elsewhere")
    scan = FolderScan()
    names = ["0.png", "linked/1.png", "linked/in/2.png", "one.png"]
    assert scan.images_below(tmp_path / "photos") == names
    scan.require_complete()


def test_a_link_around_a_circle_ends(tmp_path: Path) -> None:
    touch(tmp_path, "cat/1.png")
    (tmp_path / "cat" / "round").symlink_to(tmp_path / "cat")
    scan = FolderScan()
    assert scan.images_below(tmp_path / "cat") == ["1.png"]
    assert problems(scan) == (
        f"{tmp_path}/cat/round: a link to {tmp_path}/cat, whose images would count twice"
    )


def test_a_folder_that_is_reached_twice_counts_once(tmp_path: Path) -> None:
    touch(tmp_path, "train/cat/1.png")
    (tmp_path / "test").symlink_to(tmp_path / "train")
    scan = FolderScan()
    assert scan.images_below(tmp_path / "train" / "cat") == ["1.png"]
    assert scan.images_below(tmp_path / "test" / "cat") == []
    assert "test/cat: a link to" in problems(scan)


def test_links_that_lead_nowhere_are_an_error(tmp_path: Path) -> None:
    touch(tmp_path, "1.png")
    (tmp_path / "2.png").symlink_to(tmp_path / "gone" / "2.png")
    (tmp_path / "more").symlink_to("unplugged")
    (tmp_path / "self").symlink_to("self")
    (tmp_path / ".hidden").symlink_to("nowhere")
    scan = FolderScan()
    assert scan.images_below(tmp_path) == ["1.png"]
    assert sorted(problems(scan).split("; ")) == [
        f"{tmp_path}/2.png: a link to {tmp_path}/gone/2.png, which is not there",
        f"{tmp_path}/more: a link to unplugged, which is not there",
        f"{tmp_path}/self: a link to self, which fails: {os.strerror(40)}",
    ]
    again = FolderScan()
    again.contents(tmp_path)
    assert len(again.problems) == 3


def test_many_problems_are_counted(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number}.png").symlink_to("gone")
    scan = FolderScan()
    scan.images_below(tmp_path)
    assert problems(scan).endswith("; and 2 more")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permissions of this kind")
def test_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch) -> None:
    touch(tmp_path, "open/1.png", "locked/2.png")
    list_folder = os.scandir

    def refuse(path):
        if Path(path).name == "locked":
            raise PermissionError(13, os.strerror(13), str(path))
        return list_folder(path)

    monkeypatch.setattr(os, "scandir", refuse)  # root may read everything
    scan = FolderScan()
    assert scan.images_below(tmp_path) == ["open/1.png"]
    assert problems(scan) == f"{tmp_path}/locked: cannot be read: Permission denied"


def test_what_other_programs_keep_is_left_out_at_every_depth(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "cat/1.jpg",
        "cat/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg",
        "cat/old/@eaDir/2.jpg/SYNOPHOTO_THUMB_M.jpg",
        "$RECYCLE.BIN/3.jpg",
        "System Volume Information/4.jpg",
        "cat/.thumbnails/5.jpg",
        "cat/Thumbs.db",
        "cat/desktop.ini",
        "cat/._1.jpg",
        "cat/.edited.jpg",
        "cat/notes.txt",
    )
    scan = FolderScan()
    assert scan.images_below(tmp_path) == ["cat/1.jpg"]
    assert dict(scan.system) == {
        "@eaDir": 2,
        "$RECYCLE.BIN": 1,
        "System Volume Information": 1,
        ".thumbnails": 1,
        "Thumbs.db": 1,
        "desktop.ini": 1,
        "hidden images": 1,
    }
    assert dict(scan.others) == {".txt": 1}
    assert FolderScan().contents(tmp_path).folders == ("cat",)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in folders")
def test_a_pipe_called_png_is_listed_and_refused_where_it_is_read(tmp_path: Path) -> None:
    subprocess.run(["mkfifo", tmp_path / "1.png"], check=True)
    scan = FolderScan()
    assert scan.images_below(tmp_path) == ["1.png"]


def test_runs_beside_the_classes_are_left_out(tmp_path: Path) -> None:
    touch(tmp_path, "cat/1.png", "outputs/photos/run-001/plots/loss.png")
    scan = FolderScan()
    assert scan.contents(tmp_path).folders == ("cat", "outputs")  # a class, as far as is known
    touch(tmp_path, "outputs/photos/run-001/resolved.yaml")
    assert scan.contents(tmp_path).folders == ("cat",)
    assert scan.images_below(tmp_path) == ["cat/1.png"]
    assert scan.system == {"outputs": 2}
