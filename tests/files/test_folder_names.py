from __future__ import annotations

import os

from kcnn.files.folder_names import MAX_WORDS_LENGTH, folder_name


def test_words_and_digits_of_the_content() -> None:
    name = folder_name("cifar/run-001 and müsli", "a")
    assert name == "cifar-run-001-and-m-sli-ca978112"
    assert folder_name("cifar", "a") != folder_name("cifar", "b")


def test_long_words_leave_room_for_the_digits() -> None:
    assert len(folder_name("a" * 300, "a")) == MAX_WORDS_LENGTH + 9


def test_content_that_is_not_unicode() -> None:
    assert folder_name("photos", os.fsdecode(b"\xff")) == "photos-a8100ae6"
