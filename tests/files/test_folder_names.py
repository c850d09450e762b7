from __future__ import annotations

import os
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kcnn.files.folder_names import (
    MAX_NAME_BYTES,
    MAX_WORDS_LENGTH,
    file_names,
    folder_name,
    valid_names,
)


def test_words_and_digits_of_the_content() -> None:
    name = folder_name("cifar/run-001 and müsli", "a")
    assert name == "cifar-run-001-and-m-sli-ca978112"
    assert folder_name("cifar", "a") != folder_name("cifar", "b")


def test_long_words_leave_room_for_the_digits() -> None:
    assert len(folder_name("a" * 300, "a")) == MAX_WORDS_LENGTH + 9


def test_content_that_is_not_unicode() -> None:
    assert folder_name("photos", os.fsdecode(b"\xff")) == "photos-a8100ae6"


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("cat", "cat"),
        ("Corn_(maize)___healthy", "Corn_(maize)___healthy"),
        ("猫", "猫"),
        ('a/b\\c:d*e?f"g<h>i|j', "a_b_c_d_e_f_g_h_i_j"),
        ("two\nlines\0", "two_lines_"),
        ("ends. .", "ends___"),
        ("..", "__"),
        ("", "_"),
        (" ", "_"),
        ("CON", "_CON"),
        ("nul.jpg", "_nul.jpg"),
        ("console", "console"),
        (os.fsdecode(b"caf\xe9.png"), "caf_.png"),
        ("No. 5, a class", "No. 5, a class"),
        ("x" * 200 + ".jpeg", "x" * (MAX_NAME_BYTES - 5) + ".jpeg"),
    ],
)
def test_valid_names(name: str, valid: str) -> None:
    assert valid_names([name]) == [valid]


def test_names_that_a_system_takes_for_the_same_get_a_number() -> None:
    assert valid_names(["Cat", "cat", "cat-1"]) == ["Cat", "cat-4", "cat-1"]
    assert valid_names(["B\u00e4r", "Ba\u0308r"]) == ["B\u00e4r", "Ba\u0308r-1"]
    assert valid_names(["a:b.png", "a?b.png"]) == ["a_b.png", "a_b-1.png"]


@given(st.lists(st.one_of(st.text(alphabet="aA.: -01/", max_size=6), st.text()), max_size=20))
@example(["猫" * 100, "猫" * 100 + "."])
def test_valid_names_are_different_on_every_system(names: list[str]) -> None:
    chosen = valid_names(names)
    folded = {unicodedata.normalize("NFC", name).casefold() for name in chosen}
    assert len(chosen) == len(names) == len(folded)
    for name in chosen:
        assert 0 < len(name.encode()) <= MAX_NAME_BYTES + 4
        assert not set(name) & set('<>:"/\\|?*\0\n')
        assert not name.endswith((".", " ")) and name.isprintable()


def test_files_of_one_name_keep_apart() -> None:
    paths = ["cat/a/1.jpg", "cat/b/1.JPG", "cat/2.jpg", "cat/b-1.JPG"]
    assert file_names(paths) == ["cat-a-1.jpg", "cat-b-1.JPG", "2.jpg", "b-1.JPG"]
    assert file_names(["../a/1.jpg", "/a/1.jpg"]) == ["a-1.jpg", "a-1-1.jpg"]
    assert file_names(["a/b/1.jpg", "a-b/1.jpg"]) == ["a-b-1.jpg", "a-b-1-1.jpg"]
