from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kcnn.data import cache
from kcnn.data.cache import CachedImages, DiskStore, MemoryStore, cache_images
from kcnn.data.dataset import Dataset, Images, MemoryImages
from kcnn.errors import DataError
from kcnn.progress import Progress

COUNT, SHAPE = 40, (3, 5, 3)
PIXELS = np.random.default_rng(0).integers(0, 256, (COUNT, *SHAPE), np.uint8)


class Decoded(MemoryImages):
    """Images that must be decoded, and remember which were."""

    is_in_memory = False

    def __init__(self) -> None:
        super().__init__(PIXELS, np.arange(COUNT, dtype=np.int32) % 2)
        object.__setattr__(self, "read_before", [])

    def read(self, indices: np.ndarray) -> np.ndarray:
        self.read_before.extend(indices.tolist())  # type: ignore[attr-defined]
        return super().read(indices)


@pytest.fixture(params=["memory", "disk"])
def cached(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Images], CachedImages]:
    def make(images: Images) -> CachedImages:
        store = (
            MemoryStore(COUNT, SHAPE) if request.param == "memory" else DiskStore(tmp_path, SHAPE)
        )
        return CachedImages(images, store, Progress())

    return make


@given(st.lists(st.lists(st.integers(0, COUNT - 1), max_size=20), max_size=8))
def test_reads_what_the_images_are_and_decodes_each_once(choices: list[list[int]]) -> None:
    for store in (MemoryStore(COUNT, SHAPE), DiskStore(Path.cwd(), SHAPE)):
        decoded = Decoded()
        images = CachedImages(decoded, store, Progress())
        for chosen in choices:
            indices = np.array(chosen, int)
            np.testing.assert_array_equal(images.read(indices), PIXELS[indices])
        seen = decoded.read_before  # type: ignore[attr-defined]
        assert set(seen) == {index for chosen in choices for index in chosen}
        within = sum(len(chosen) - len(set(chosen)) for chosen in choices)
        assert len(seen) <= len(set(seen)) + within  # twice only within one call


def test_is_the_same_dataset(cached) -> None:
    images = cached(Decoded())
    assert images.digest() == Decoded().digest()
    assert images.shape == SHAPE
    chosen = images.select(np.array([3, 1]))
    assert chosen.labels.tolist() == [1, 1]
    assert chosen.digest() == Decoded().select(np.array([3, 1])).digest()


def test_keeps_what_is_known_of_files(cached, tmp_path: Path) -> None:
    """The split for validation comes after the cache, and must not divide a group."""
    files = Decoded()
    known = {
        "names": [f"{number}.png" for number in range(COUNT)],
        "groups": [f"animal {number // 4}" for number in range(COUNT)],
        "root": tmp_path,
        "hashed": "files:",
    }
    for name, value in known.items():
        object.__setattr__(files, name, value)
    images = cached(files)
    assert {name: getattr(images, name) for name in known} == known


def test_passes_on_the_error_of_a_file(cached) -> None:
    class Damaged(Decoded):
        failure = DataError("1.jpg: cut off")

    assert cached(Damaged()).failure is Damaged.failure


def test_leaves_no_file(tmp_path: Path) -> None:
    images = CachedImages(Decoded(), DiskStore(tmp_path, SHAPE), Progress())
    images.read_all()
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fills_up_is_reported_once_and_loses_nothing(small_disk: Path, notes) -> None:
    count, shape = 50, (64, 64, 1)  # 200 kB, and the disk has 64 kB
    pixels = np.random.default_rng(1).integers(0, 256, (count, *shape), np.uint8)
    base = MemoryImages(pixels, np.zeros(count, np.int32))
    images = CachedImages(base, DiskStore(small_disk, shape), notes)
    for _ in range(2):
        for start in range(0, count, 5):
            chosen = np.arange(start, start + 5)
            np.testing.assert_array_equal(images.read(chosen), pixels[chosen])
    (note,) = notes.lines
    assert note.startswith("cache: No space left on device; the images that are not in it are")


def dataset(train: Images, validation: Images | None = None) -> Dataset:
    return Dataset("photos", train, Decoded(), ("a", "b"), "photos", validation)


def test_chooses_memory_then_disk_then_nothing(tmp_path: Path, monkeypatch, notes) -> None:
    monkeypatch.setattr(cache, "WORTH_A_NOTE", 0)
    size = PIXELS.nbytes
    disk = shutil.disk_usage(tmp_path)
    for memory, free, expected in [
        (4 * size, 10 * size, "memory, 40 images of 3×5×3 are 1.8 kB"),
        (
            4 * size - 1,
            2 * size,
            "disk, 40 images of 3×5×3 are 1.8 kB, more than a quarter of the 7.2 kB of free "
            f"memory; in {tmp_path} until the end",
        ),
        (
            4 * size - 1,
            2 * size - 1,
            "none, 40 images of 3×5×3 are 1.8 kB, more than a quarter of the 7.2 kB of free "
            "memory and than half of the free disk (3.6 kB); they are decoded in each epoch",
        ),
        (None, 0, "memory, 40 images of 3×5×3 are 1.8 kB"),
    ]:
        monkeypatch.setattr(cache, "free_memory", lambda memory=memory: memory)
        usage = disk._replace(free=free)
        monkeypatch.setattr(shutil, "disk_usage", lambda folder, usage=usage: usage)
        made = cache_images(dataset(Decoded()), "auto", tmp_path / "outputs", notes)
        assert notes.lines.pop() == f"cache: {expected}"
        assert isinstance(made.train, CachedImages) is not expected.startswith("none")
        assert not isinstance(made.test, CachedImages)


def test_counts_the_validation_images_and_caches_them(tmp_path: Path, notes, monkeypatch) -> None:
    cache_images(dataset(Decoded(), Decoded()), "memory", tmp_path, notes)
    assert not notes.lines  # too few to be worth a note
    monkeypatch.setattr(cache, "WORTH_A_NOTE", 0)
    made = cache_images(dataset(Decoded(), Decoded()), "memory", tmp_path, notes)
    assert isinstance(made.validation, CachedImages)
    assert notes.lines == ["cache: memory, 80 images of 3×5×3 are 3.6 kB"]


def test_images_in_memory_stay_as_they_are(tmp_path: Path, notes) -> None:
    images = MemoryImages(PIXELS, np.zeros(COUNT, np.int32))
    given_dataset = dataset(images)
    assert cache_images(given_dataset, "auto", tmp_path, notes) is given_dataset
    assert not notes.lines


@pytest.mark.parametrize("setting", ["memory", "disk"])
def test_refuses_what_cannot_fit(tmp_path: Path, monkeypatch, setting: str) -> None:
    monkeypatch.setattr(cache, "free_memory", lambda: 1000)
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(
        DataError, match=r"data\.cache: decoded images of 1\.8 kB do not fit"
    ) as caught:
        cache_images(dataset(Decoded()), setting, tmp_path, Progress())
    assert "set data.cache=" in caught.value.hint


def test_free_memory_that_is_not_known_is_no_limit(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(cache, "free_memory", lambda: None)
    made = cache_images(dataset(Decoded()), "memory", tmp_path, Progress())
    assert isinstance(made.train, CachedImages)


def test_a_folder_that_may_not_be_written(tmp_path: Path, monkeypatch) -> None:
    def refuse(*arguments: object, **settings: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(DataError, match="no file for decoded images can be written"):
        cache_images(dataset(Decoded()), "disk", tmp_path, Progress())


class Failing(MemoryStore):
    """A store on a disk that fails when it is read."""

    def get(self, indices: np.ndarray) -> np.ndarray:
        raise OSError(5, "Input/output error")


def test_a_disk_that_fails_loses_nothing(notes) -> None:
    images = CachedImages(Decoded(), Failing(COUNT, SHAPE), notes)
    for chosen in ([3, 1], [1, 3, 7], [1, 3]):
        np.testing.assert_array_equal(images.read(np.array(chosen)), PIXELS[chosen])
    (note,) = notes.lines
    assert note.startswith("cache: Input/output error; the images that are not in it are decoded")
