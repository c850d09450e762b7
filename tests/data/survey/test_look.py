"""What a survey records of each image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kcnn.data.dataset import Dataset, MemoryImages
from kcnn.data.folder_listing import list_folder
from kcnn.data.survey.look import look_at_dataset, look_at_files
from kcnn.progress import Event, Progress, TaskAdvanced


def test_files_have_sizes_formats_and_colors(photos: Path) -> None:
    Image.new("L", (7, 9), 100).save(photos / "train/cat/00.png", "JPEG")
    survey = look_at_files(list_folder(photos), "photos", Progress())
    assert survey.name_of(0) == "train/cat/00.png"
    assert (survey.width[0], survey.height[0]) == (7, 9)
    assert (survey.formats[0], survey.modes[0]) == ("JPEG", "L")
    assert (survey.formats[1], survey.modes[1]) == ("PNG", "RGB")
    assert survey.parts == ("train", "test")
    assert [survey.part_of(index) for index in (0, 23, 24)] == ["train", "train", "test"]
    assert survey.class_of(23) == "dog"
    assert abs(int(survey.thumbnail[0].mean()) - 100) <= 1
    assert np.abs(survey.color[0].astype(int) - 128).max() <= 1  # gray has no color


def test_a_damaged_file_is_a_problem_and_the_others_are_read(photos: Path) -> None:
    damaged = photos / "test/dog/01.png"
    damaged.write_bytes(damaged.read_bytes()[:500])
    survey = look_at_files(list_folder(photos), "photos", Progress())
    (index,) = survey.problems
    assert survey.name_of(index) == "test/dog/01.png"
    assert "01.png" in survey.problems[index]
    assert survey.is_readable.sum() == len(survey) - 1


def test_large_files_that_differ_in_the_middle_alone_are_no_copies(photos: Path) -> None:
    """The hash of a large file is of its edges, so the thumbnail must count, too."""
    pixels = np.zeros((400, 600, 3), np.uint8)
    Image.fromarray(pixels).save(photos / "train/cat/a.bmp")
    pixels[150:250] = 200
    Image.fromarray(pixels).save(photos / "train/cat/b.bmp")
    survey = look_at_files(list_folder(photos), "photos", Progress())
    first, second = (
        survey.key[index] for index in range(len(survey)) if survey.name_of(index).endswith(".bmp")
    )
    assert (first != second).any()


def test_progress_counts_every_image(photos: Path) -> None:
    counted: list[int] = []

    class Counting(Progress):
        def receive(self, event: Event) -> None:
            if isinstance(event, TaskAdvanced):
                counted.append(event.count)

    survey = look_at_files(list_folder(photos), "photos", Counting())
    assert sum(counted) == len(survey) == 30


@pytest.mark.parametrize("channels", [1, 3])
def test_images_in_memory_are_named_by_part_and_position(channels: int) -> None:
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (5, 8, 6, channels), dtype=np.uint8)
    labels = np.array([0, 1, 0, 1, 0], np.int32)
    train, test = MemoryImages(pixels[:3], labels[:3]), MemoryImages(pixels[3:], labels[3:])
    survey = look_at_dataset(Dataset("own", train, test, ("a", "b"), "own.npz"), Progress())
    assert [survey.name_of(index) for index in (0, 2, 3)] == ["train 0", "train 2", "test 0"]
    assert (survey.width[4], survey.height[4]) == (6, 8)
    assert set(survey.modes) == {"L" if channels == 1 else "RGB"}
    assert survey.formats == [None] * 5
