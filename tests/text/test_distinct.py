from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kcnn.text.cells import cell_width, letters
from kcnn.text.distinct import shorten_distinct
from kcnn.text.printable import plain_line

CORN = ["Corn_(maize)___Common_rust", "Corn_(maize)___healthy", "Apple"]
# Few letters, so that many names begin, end or look alike.
ALIKE = st.text(alphabet="ab \u0308猫क\u094dष\u200d…0", max_size=20)
NAMES = st.lists(st.one_of(ALIKE, st.text(max_size=30)), min_size=1, max_size=30)


@given(NAMES, st.integers(6, 24))
@example(["a b", "a  b", "a\u200db", "B\u00e4r", "Ba\u0308r"], 6)
@example(["aaaaaaa", "aaaaa…", "aaaa…1"], 6)
def test_no_two_names_look_the_same(names: list[str], length: int) -> None:
    shown = shorten_distinct(names, length)
    looks = {unicodedata.normalize("NFC", name.replace("\u200d", "")) for name in shown}
    assert len(looks) == len(names)
    assert all(cell_width(name) <= length for name in shown)


@given(st.lists(ALIKE, min_size=1, max_size=30), st.integers(6, 24))
def test_letters_keep_their_marks(names: list[str], length: int) -> None:
    for name, shown in zip(names, shorten_distinct(names, length), strict=True):
        whole = letters(plain_line(name))
        kept = letters(shown)
        begins = [a == b for a, b in zip(whole, kept, strict=False)]
        ends = [a == b for a, b in zip(whole[::-1], kept[::-1], strict=False)]
        first_cut = begins.index(False) if False in begins else len(begins)
        last_cut = ends.index(False) if False in ends else len(ends)
        added = "".join(kept[first_cut : len(kept) - last_cut])
        assert added.strip("…0123456789") == ""


@pytest.mark.parametrize(
    ("names", "length", "shown"),
    [
        (CORN, 30, CORN),
        (CORN, 18, ["Corn_(maize)___Co…", "Corn_(maize)___he…", "Apple"]),
        (CORN, 13, ["…_Common_rust", "…e)___healthy", "Apple"]),
        (["leaf-1-of-oak-trees", "leaf-2-of-oak-trees"], 9, ["leaf-1-o…", "leaf-2-o…"]),
        (["from A to the end", "from B to the end"], 5, ["fro…0", "fro…1"]),
        (["red one, the end", "red one, my end", "red two, my end"], 8,
         ["…the end", "…my end", "red two…"]),
        (["猫猫猫猫猫一", "猫猫猫猫猫二"], 7, ["…猫猫一", "…猫猫二"]),
    ],
)  # fmt: skip
def test_shortens(names: list[str], length: int, shown: list[str]) -> None:
    assert shorten_distinct(names, length) == shown


def test_the_order_of_names_does_not_change_them() -> None:
    reversed_names = shorten_distinct(CORN[::-1], 13)
    assert sorted(reversed_names) == sorted(shorten_distinct(CORN, 13))
