from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kcnn.text.cells import cell_width, cut, cut_beginning, keep_order, letters, pad_left, pad_right

# Letters with marks, joiners and wide ones, of the scripts that class names are written in.
FAMILY = "\N{WOMAN}\u200d\N{WOMAN}\u200d\N{GIRL}"
LETTERS = [
    "a", "B\u0308", "猫", "が", "か\u3099", "한", "\u1112\u1161\u11ab", "न", "म\u093e", "क\u094dष",
    "क\u094d\u200dष", "ก\u0e33", "ก\u0e48", "س", "م\u064e", "\N{CAT FACE}", FAMILY,
    "\N{WAVING HAND SIGN}\U0001f3fd", "\U0001f1e9\U0001f1ea", "\N{HEAVY BLACK HEART}\ufe0f",
]  # fmt: skip
WORDS = st.lists(st.sampled_from(LETTERS), max_size=12)


@given(WORDS)
def test_letters_are_never_broken(word: list[str]) -> None:
    assert letters("".join(word)) == word


@given(st.text(max_size=12))
def test_letters_of_any_text_are_all_of_it(text: str) -> None:
    assert "".join(letters(text)) == text


@given(WORDS, st.integers(0, 20))
def test_a_cut_fits_and_is_as_long_as_it_can_be(word: list[str], width: int) -> None:
    text = "".join(word)
    for kept, ordered in ((cut(text, width), word), (cut_beginning(text, width), word[::-1])):
        count = len(letters(kept))
        assert cell_width(kept) <= width
        assert sorted(kept) == sorted("".join(ordered[:count]))
        if count < len(word):
            assert cell_width(kept) + cell_width(ordered[count]) > width


@pytest.mark.parametrize(
    ("text", "width"),
    [("cat", 3), ("猫犬", 4), ("naïve", 5), ("กำ", 2), ("B\u0308a", 2), ("한", 2), ("قطة", 3)],
)
def test_cell_width(text: str, width: int) -> None:
    assert cell_width(text) == width
    assert pad_left(text, 9) == " " * (9 - width) + text
    assert pad_right(text, 9) == text + " " * (9 - width)
    assert pad_right(text, 1) == text


def test_names_from_right_to_left_keep_their_place_in_a_line() -> None:
    assert keep_order("cat 猫") == "cat 猫"
    assert keep_order("→ قطة") == "\u200e→ قطة\u200e"
    assert keep_order("חתול") == "\u200eחתול\u200e"
