from __future__ import annotations

from kcnn.text.plurals import count_text


def test_number_and_thing() -> None:
    assert count_text(1, "image") == "1 image"
    assert count_text(0, "image") == "0 images"
    assert count_text(2000, "image") == "2,000 images"
    assert count_text(2, "class", "classes") == "2 classes"
