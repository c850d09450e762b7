"""The look at all files before training, and the error that lists what cannot be read."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from kcnn.data.image.inspection import ImageFacts
from kcnn.data.scan import Refused, UnreadableImagesError, scan_files
from kcnn.errors import DataError
from kcnn.progress import Progress, TaskAdvanced, TaskStarted

COUNT = 150  # of which the last thread has a smaller part


def facts(number: int) -> ImageFacts:
    return ImageFacts("PNG", 1, 1, "L", 1, number, 0, "")


def look(path: Path) -> ImageFacts:
    """Refuse every seventh file; its size is its number."""
    number = int(path.stem)
    if number % 7 == 0:
        raise DataError(f"{path}: bad")
    return facts(number)


def test_each_file_has_its_facts_or_its_error(recorder) -> None:
    names = [f"in/{number}.png" for number in range(COUNT)]
    found = scan_files(Path("root"), names, recorder, "Looking", look)
    assert len(found) == COUNT
    for number, file in enumerate(found):
        if number % 7:
            assert file == facts(number)
        else:
            assert isinstance(file, Refused)
            assert file.name == names[number]
            assert file.error.message == f"{Path('root') / names[number]}: bad"
    started, *_ = recorder.events
    assert isinstance(started, TaskStarted)
    assert (started.title, started.total) == ("Looking", COUNT)
    advances = [event.count for event in recorder.events if isinstance(event, TaskAdvanced)]
    assert sum(advances) == COUNT


def test_no_files_are_no_facts() -> None:
    assert scan_files(Path("root"), [], Progress(), look=look) == []


def refused(count: int) -> list[Refused]:
    return [Refused(f"{number}.png", DataError(f"{number}.png: bad")) for number in range(count)]


@pytest.mark.parametrize(
    ("count", "message"),
    [
        (1, "0.png: bad"),
        (2, "2 of 1,200 images cannot be read: 0.png: bad; 1.png: bad"),
        (11, "9.png: bad; and 1 more"),
    ],
)
def test_the_error_names_ten_files(count: int, message: str) -> None:
    error = UnreadableImagesError(refused(count), 1200)
    assert error.message.endswith(message)
    assert error.message.count(": bad") == min(count, 10)


def test_the_error_reaches_another_process_whole() -> None:
    """The runs of kcnn sweep are processes; the one that asks writes the list of all files."""
    error = pickle.loads(pickle.dumps(UnreadableImagesError(refused(12), 40)))
    assert isinstance(error, UnreadableImagesError)
    assert (error.total, len(error.refused)) == (40, 12)
    assert error.message.startswith("12 of 40 images cannot be read: 0.png: bad; ")
