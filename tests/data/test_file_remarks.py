from __future__ import annotations

from kcnn.data.file_remarks import file_remarks
from kcnn.data.image.inspection import ImageFacts


def facts(width: int = 40, height: int = 30, frames: int = 1) -> ImageFacts:
    return ImageFacts("PNG", width, height, "RGB", frames, 100, 0, "ab")


def remarks(*files: ImageFacts, resize="stretch") -> list[str]:
    named = {f"{number}.png": file for number, file in enumerate(files)}
    return list(file_remarks(named, (24, 32), resize))


def test_images_of_one_shape_need_no_remark() -> None:
    assert remarks(facts(), facts(400, 300), facts(399, 301)) == []
    assert remarks() == []


def test_images_of_many_shapes_are_stretched() -> None:
    (remark,) = remarks(facts(), facts(30, 40))
    assert "stretched to 32x24; data.resize=crop or fit keeps their shape" in remark
    assert "from 0.81 to 1.27" in remark
    assert remarks(facts(), facts(30, 40), resize="crop") == []
    assert remarks(*[facts()] * 50, facts(30, 40)) == []  # a single one


def test_of_several_frames_the_first_is_read() -> None:
    assert remarks(facts(frames=2)) == [
        "1 image has several frames or pages (0.png): the first is read"
    ]
    assert remarks(facts(), facts(frames=3), facts(frames=2)) == [
        "2 images have several frames or pages (as 1.png): the first is read"
    ]
