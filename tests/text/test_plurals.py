from __future__ import annotations

from kcnn.text.plurals import count


def test_number_and_thing() -> None:
    assert count(1, "image") == "1 image"
    assert count(0, "image") == "0 images"
    assert count(2000, "image") == "2,000 images"
    assert count(2, "class", "classes") == "2 classes"
