from __future__ import annotations

import errno
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kcnn.data.dataset import MemoryImages
from kcnn.errors import DataError, RunError
from kcnn.progress import TaskAdvanced, TaskStarted
from kcnn.runs.scores import Predictions
from kcnn.training.scoring import misclassified
from kcnn.training.scoring.misclassified import (
    Misclassified,
    require_destination,
    write_misclassified,
)

CLASS_NAMES = ("cat", "dog: big", "Dog? big")
PIXELS = np.arange(5 * 2 * 3 * 3, dtype=np.uint8).reshape(5, 2, 3, 3)
# The image with index 1 is right.
NAMES = ["cat/a/1.jpg", "cat/2.jpg", "cat/b/1.jpg", "dog/3.jpg", "dog/4.jpg"]
LABELS = np.array([0, 0, 0, 1, 1], np.int32)
PREDICTED = np.array([1, 0, 1, 2, 0])
PLACES = [
    "cat/dog_ big/cat-a-1.jpg",
    "cat/dog_ big/cat-b-1.jpg",
    "dog_ big/Dog_ big-2/3.jpg",
    "dog_ big/cat/4.jpg",
]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(name.encode())
    return tmp_path / "photos"


class ImagesWithFiles(MemoryImages):
    def __init__(self, root: Path) -> None:
        super().__init__(PIXELS[..., :1], LABELS)
        object.__setattr__(self, "root", root)
        object.__setattr__(self, "names", NAMES)


def predictions() -> Predictions:
    order = np.array([3, 0, 4, 2, 1])  # of the rows of predictions.csv, which may be any
    return Predictions(order, LABELS[order], PREDICTED[order], np.full(5, 0.5))


def written(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if not path.is_dir())
    return sorted(path.relative_to(folder).as_posix() for path in files)


def write(root: Path, destination: Path, link: bool = False) -> Misclassified:
    test = ImagesWithFiles(root)
    return write_misclassified(test, predictions(), CLASS_NAMES, destination, link)


@pytest.mark.parametrize("exists", [False, True])
def test_copies_each_image_into_its_true_and_predicted_class(
    photos: Path, tmp_path: Path, exists: bool
) -> None:
    destination = tmp_path / "new" / "wrong"
    if exists:
        destination.mkdir(parents=True)
    result = write(photos, destination)
    assert (result.folder, result.images, result.linked) == (str(destination), 4, False)
    assert written(destination) == sorted(PLACES)
    assert (destination / PLACES[1]).read_bytes() == b"cat/b/1.jpg"
    assert not (destination / PLACES[1]).is_symlink()
    assert [path.name for path in destination.parent.iterdir()] == ["wrong"]


@pytest.mark.skipif(sys.platform == "win32", reason="only administrators can make links")
def test_links_to_the_files(photos: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = write(Path("photos"), Path("wrong"), link=True)
    assert result.linked
    assert written(tmp_path / "wrong") == sorted(PLACES)
    link = tmp_path / "wrong" / PLACES[2]
    assert link.is_symlink()
    assert link.resolve() == (photos / "dog/3.jpg").resolve()


def test_links_that_the_system_refuses(photos: Path, tmp_path: Path, monkeypatch) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "A required privilege is not held by the client")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    with pytest.raises(RunError, match="links cannot be made here: A required") as raised:
        write(photos, tmp_path / "wrong", link=True)
    assert "--link" in str(raised.value.hint)
    assert written(tmp_path) == [f"photos/{name}" for name in sorted(NAMES)]


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (2, "L")])
def test_images_without_files_are_written_as_png(tmp_path: Path, channels: int, mode: str) -> None:
    test = MemoryImages(PIXELS[..., :channels], LABELS)
    write_misclassified(test, predictions(), CLASS_NAMES, tmp_path / "wrong")
    assert written(tmp_path / "wrong") == sorted(
        [
            "cat/dog_ big/0.png",
            "cat/dog_ big/2.png",
            "dog_ big/Dog_ big-2/3.png",
            "dog_ big/cat/4.png",
        ]
    )
    with Image.open(tmp_path / "wrong" / "dog_ big/cat/4.png") as image:
        assert image.mode == mode
        expected = test.pixels[4] if channels == 3 else np.rint(test.pixels[4].mean(axis=-1))
        np.testing.assert_array_equal(np.asarray(image), expected)


def test_many_images_are_written_in_batches_and_sorted_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorder
) -> None:
    monkeypatch.setattr(misclassified, "_BATCH", 4)
    pixels = np.arange(11, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 1), np.uint8)
    test = MemoryImages(pixels, np.zeros(11, np.int32))
    wrong = Predictions(np.arange(11), test.labels, np.ones(11, np.int64), np.full(11, 0.5))
    write_misclassified(test, wrong, ("cat", "dog"), tmp_path / "wrong", progress=recorder)
    files = sorted((tmp_path / "wrong" / "cat" / "dog").iterdir())
    assert [path.name for path in files] == [f"{number:02}.png" for number in range(11)]
    for number, path in enumerate(files):
        with Image.open(path) as image:
            assert image.getpixel((0, 0)) == number
    assert recorder.events[0] == TaskStarted("Copying", 11, "images")
    advances = [event.count for event in recorder.events if isinstance(event, TaskAdvanced)]
    assert sum(advances) == 11


def test_images_without_files_cannot_be_linked(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no image files to link to"):
        write_misclassified(
            MemoryImages(PIXELS, LABELS), predictions(), CLASS_NAMES, tmp_path / "wrong", link=True
        )
    assert not (tmp_path / "wrong").exists()


def test_a_full_disk_leaves_nothing(photos: Path, tmp_path: Path, monkeypatch) -> None:
    copied = []

    def fill(source, target) -> None:
        copied.append(source)
        if len(copied) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        target.write(source.read())

    monkeypatch.setattr(shutil, "copyfileobj", fill)
    with pytest.raises(RunError, match="No space left on device") as raised:
        write(photos, tmp_path / "wrong")
    assert "it needs about 1 kB" in str(raised.value.hint)
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_a_file_that_is_gone_is_named_and_leaves_nothing(photos: Path, tmp_path: Path) -> None:
    (photos / "dog/4.jpg").unlink()
    with pytest.raises(DataError, match=r"4\.jpg: cannot be read"):
        write(photos, tmp_path / "wrong")
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_without_mistakes_nothing_is_written(photos: Path, tmp_path: Path) -> None:
    right = Predictions(np.arange(5), LABELS, LABELS, np.ones(5))
    result = write_misclassified(
        ImagesWithFiles(photos), right, CLASS_NAMES, tmp_path / "wrong", link=False
    )
    assert result.images == 0
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_destination_must_be_new_or_empty_and_elsewhere(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    require_destination(tmp_path / "empty", photos)
    require_destination(tmp_path / "new" / "wrong", photos)
    require_destination(tmp_path / "photos-wrong", photos)
    require_destination(tmp_path / "new" / "wrong", None)
    for destination, message in (
        (photos, "has files in it"),
        (tmp_path / "file", "is a file, not a folder"),
        (tmp_path / "file" / "wrong", "file: is a file, not a folder"),
        (photos / "wrong", "is in the folder of the images"),
        (tmp_path / "empty" / ".." / "photos" / "wrong", "is in the folder of the images"),
    ):
        with pytest.raises(RunError, match=message) as raised:
            require_destination(destination, photos)
        assert raised.value.hint
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match="is in the folder of the images"):
        require_destination(tmp_path / "photos" / "wrong", Path("photos"))


def test_removes_what_a_killed_process_left(photos: Path, tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = tmp_path / f".wrong.kcnn-{dead.pid}"
    left.mkdir()
    (left / "0.png").touch()
    write(photos, tmp_path / "wrong")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "wrong"]
