from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kcnn.data.csv_listing import list_csv
from kcnn.data.dataset import Dataset
from kcnn.data.file_dataset import open_files
from kcnn.data.file_images import FileFormat
from kcnn.data.folder_listing import list_folder
from kcnn.errors import DataError
from kcnn.progress import Progress, TaskFinished


def fill(folder: Path, count: int, gray: int, size: tuple[int, int] = (4, 6)) -> None:
    """Write gray images, each lighter by 1 than the last."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        level = gray + number
        Image.new("RGB", size, (level, level, level)).save(folder / f"{number:02}.png")


def read(
    path: Path,
    image_size: tuple[int, int] = (6, 4),
    channels: int = 3,
    progress: Progress | None = None,
    **settings: Any,
) -> Dataset:
    format = FileFormat(image_size, channels)
    return open_files(path, list_folder(path), format, progress or Progress(), **settings)


def test_splits_off_a_fraction_of_every_class_for_testing(tmp_path) -> None:
    fill(tmp_path / "dog", 10, 100)
    fill(tmp_path / "cat", 20, 0)
    dataset = read(tmp_path)
    assert dataset.class_names == ("cat", "dog")
    assert dataset.image_shape == (6, 4, 3)
    assert list(np.bincount(dataset.test.labels)) == [4, 2]
    for part in (dataset.train, dataset.test):
        levels = part.read_all()[:, 0, 0, 0]
        assert ((levels >= 100) == (part.labels == 1)).all()
        assert list(levels) == sorted(levels)
    both = {*dataset.train.read_all()[:, 0, 0, 0], *dataset.test.read_all()[:, 0, 0, 0]}
    assert both == {*range(20), *range(100, 110)}
    assert (read(tmp_path).test.read_all() == dataset.test.read_all()).all()
    assert dataset.name == tmp_path.name
    # Every run scores the same images, those of earlier versions too.
    assert list(dataset.test.names or ()) == [
        "cat/05.png",
        "cat/09.png",
        "cat/11.png",
        "cat/14.png",
        "dog/00.png",
        "dog/01.png",
    ]


def test_reads_train_and_test_folders(tmp_path) -> None:
    fill(tmp_path / "train" / "cat", 3, 0)
    fill(tmp_path / "train" / "dog", 3, 100)
    fill(tmp_path / "test" / "cat", 1, 50)
    fill(tmp_path / "test" / "dog", 2, 150)
    dataset = read(tmp_path, channels=1)
    assert list(dataset.test.read_all()[:, 0, 0, 0]) == [50, 150, 151]
    assert list(dataset.test.labels) == [0, 1, 1]
    assert len(dataset.train) == 6


def test_splits_a_train_folder_without_a_test_folder(tmp_path) -> None:
    fill(tmp_path / "train" / "cat", 5, 0)
    fill(tmp_path / "train" / "dog", 5, 100)
    assert (len(read(tmp_path).train), len(read(tmp_path).test)) == (8, 2)


def test_resizes_images_of_different_sizes(tmp_path) -> None:
    fill(tmp_path / "cat", 5, 0)
    fill(tmp_path / "dog", 5, 0, size=(5, 6))
    assert read(tmp_path, image_size=(8, 9)).image_shape == (8, 9, 3)


def test_progress_counts_every_image(tmp_path, recorder) -> None:
    fill(tmp_path / "cat", 5, 0)
    fill(tmp_path / "dog", 5, 0)
    read(tmp_path, progress=recorder)
    started, *advances, finished = recorder.events
    assert (started.total, started.unit) == (10, "images")
    assert sum(advance.count for advance in advances) == 10
    assert finished == TaskFinished()


def test_names_an_empty_image(tmp_path) -> None:
    fill(tmp_path / "cat", 5, 0)
    fill(tmp_path / "dog", 5, 0)
    (tmp_path / "dog" / "03.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"dog/03\.png: an empty file"):
        read(tmp_path)


def test_names_all_unreadable_images_at_once(tmp_path) -> None:
    for part in ("train/cat", "train/dog", "test/cat", "test/dog"):
        fill(tmp_path / part, 10, 0)
    bad = [tmp_path / "test" / "dog" / "03.png", *(tmp_path / "train" / "cat").iterdir()]
    for path in bad:
        path.write_bytes(b"\xff\xd8 cut off")
    with pytest.raises(DataError, match="11 of 40 images cannot be read: ") as caught:
        read(tmp_path)
    first = "; ".join(f"{path}: a damaged or cut off JPEG image" for path in sorted(bad[1:]))
    assert caught.value.message.endswith(f": {first}; and 1 more")
    assert caught.value.hint == "remove or replace them, or leave them out: data.unreadable=skip"


def test_refuses_a_fraction_of_less_than_an_image(tmp_path) -> None:
    for name in ("cat", "dog"):
        fill(tmp_path / name, 10, 0)
    message = r"^data\.test: 0\.01 of 20 images is less than one image$"
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path, test=0.01)
    assert caught.value.hint == "write a fraction of at least 0.05, which is one image"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for number, part in enumerate(("train/cat", "train/dog", "val/cat", "test/cat", "test/dog")):
        fill(tmp_path / part, 4, 40 * number)
    return tmp_path


def test_reads_the_validation_images_of_a_folder(photos: Path) -> None:
    validation = read(photos).validation
    assert validation is not None
    assert validation.read_all()[:, 0, 0, 0].tolist() == [80, 81, 82, 83]
    assert list(validation.names or ()) == [f"val/cat/{number:02}.png" for number in range(4)]


def test_leaves_out_what_cannot_be_read(photos: Path, notes) -> None:
    (photos / "train/cat/01.png").write_bytes(b"no image")
    content = bytearray((photos / "test/dog/02.png").read_bytes())
    content[45] ^= 255  # within the pixels, so that only decoding finds it
    (photos / "test/dog/02.png").write_bytes(content)
    dataset = read(photos, progress=notes, skip_unreadable=True)
    assert dataset.skipped == ("train/cat/01.png", "test/dog/02.png")
    assert [len(dataset.train), len(dataset.test)] == [7, 7]
    assert "test/dog/02.png" not in (dataset.test.names or ())
    assert notes.lines[-1].startswith("left out 2 of 20 images that cannot be read: ")
    assert not notes.lines[-1].endswith("…")
    for name in ("train/cat/00.png", "train/cat/02.png"):
        (photos / name).write_bytes(b"no image")
    read(photos, progress=notes, skip_unreadable=True)
    assert notes.lines[-1].startswith("left out 4 of 20 images that cannot be read: ")
    assert notes.lines[-1].endswith(", …")


def test_a_part_that_a_dataset_lacks_needs_no_images(tmp_path: Path, notes) -> None:
    for name in ("cat", "dog"):
        fill(tmp_path / "train" / name, 10, 0)
    (tmp_path / "train/cat/03.png").write_bytes(b"no image")
    dataset = read(tmp_path, progress=notes, skip_unreadable=True)
    assert dataset.validation is None
    assert len(dataset.train) + len(dataset.test) == 19
    assert notes.lines[0].endswith("no folder test, so a fraction of train becomes the test set")


def test_a_class_without_a_readable_image(photos: Path) -> None:
    for path in (photos / "train/dog").iterdir():
        path.write_bytes(b"no image")
    with pytest.raises(DataError, match="no training image of dog can be read"):
        read(photos, skip_unreadable=True)


def test_a_part_without_a_readable_image(photos: Path) -> None:
    for path in (photos / "val/cat").iterdir():
        path.write_bytes(b"no image")
    with pytest.raises(DataError, match="no validation image can be read"):
        read(photos, skip_unreadable=True)


def test_no_group_is_trained_and_tested(tmp_path: Path) -> None:
    rows = ["path,label,group"]
    for number in range(40):
        Image.new("RGB", (2, 2)).save(tmp_path / f"{number}.png")
        rows.append(f"{number}.png,{'cat' if number < 20 else 'dog'},animal {number // 4}")
    table = tmp_path / "labels.csv"
    table.write_text("\n".join(rows), encoding="utf-8")
    dataset = open_files(table, list_csv(table), FileFormat((2, 2), 3), Progress())
    assert dataset.name == "labels"
    train, test = set(dataset.train.groups or ()), set(dataset.test.groups or ())
    assert (len(train), len(test)) == (8, 2)
    assert not train & test


def test_images_of_another_shape_are_cropped_or_fitted(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        fill(tmp_path / name, 5, 100, size=(8, 4))
    heights = {}
    for resize in ("stretch", "fit", "crop"):
        format = FileFormat((8, 8), 3, resize)
        dataset = open_files(tmp_path, list_folder(tmp_path), format, Progress())
        heights[resize] = int((dataset.train.read_one(0)[:, 4, 0] > 0).sum())
    assert heights == {"stretch": 8, "fit": 4, "crop": 8}


def test_only_the_parts_that_are_read_are_checked(photos: Path) -> None:
    (photos / "train/cat/01.png").write_bytes(b"no image")
    dataset = read(photos, parts=["test"])
    assert (len(dataset.train), len(dataset.test)) == (8, 8)
    with pytest.raises(DataError, match=r"train/cat/01\.png"):
        read(photos, parts=["train"])


def test_notices_a_file_that_changes(photos: Path) -> None:
    train = read(photos).train
    train.read_all()
    (photos / "train/cat/00.png").touch()
    train.read_all()  # another time, the same content
    fill(photos / "train/cat", 4, 7)
    with pytest.raises(DataError, match=r"00\.png: has changed since the images were checked"):
        train.read_all()
    first = train.failure
    assert first is not None
    (photos / "train/dog/00.png").unlink()
    with pytest.raises(DataError, match=r"dog/00\.png: is gone"):
        train.read(np.array([4]))
    assert train.failure is first


def test_hash_is_of_the_files_and_not_of_their_times(photos: Path) -> None:
    dataset = read(photos)
    before = dataset.digest()
    path = photos / "test/dog/03.png"
    path.touch()
    assert read(photos).digest() == before
    Image.new("RGB", (6, 4), (1, 2, 3)).save(path)
    assert read(photos).digest() != before
    train = read(photos).train
    unchecked = read(photos, parts=["test"]).train
    assert unchecked.digest() == train.digest() == read(photos).train.digest()
    assert train.digest().startswith("files:")
    shutil.rmtree(photos)
    assert dataset.digest() == before  # no file is looked at again


def test_hash_of_a_selection_is_of_its_files_and_labels(photos: Path) -> None:
    train = read(photos).train
    digests = {
        train.select(np.array(chosen)).digest() for chosen in ([0, 1], [1, 0], [0, 2], [4, 5])
    }
    assert len(digests) == 4
    assert train.select(np.array([3, 0, 1])).select(np.array([1, 2])).digest() in digests
    before = train.select(np.array([0, 1])).digest()
    train.labels[0] = 1
    assert train.select(np.array([0, 1])).digest() != before


def test_remarks_come_while_there_is_a_choice(photos: Path, notes) -> None:
    for part in ("train/cat", "test/dog"):
        fill(photos / part, 3, 0, size=(20, 4))
    read(photos, progress=notes)
    assert "differ in shape" in notes.lines[-1]
    read(photos, progress=notes, parts=["test"])
    assert "differ in shape" not in notes.lines[-1]
