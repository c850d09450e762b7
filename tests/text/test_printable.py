from __future__ import annotations

from kcnn.text.printable import one_line, printable, shorten


def test_shorten() -> None:
    assert shorten("short", 5) == "short"
    assert shorten("a long name", 8) == "a long…"
    assert len(shorten("x" * 100, 60)) == 60


def test_one_line() -> None:
    assert one_line("a long\nname", 8) == "a long…"
    assert one_line("a\x1b[2J", 20) == "a\\u001b[2J"


def test_joiners_stay_where_they_belong() -> None:
    assert printable("می\u200cخواهم क\u094d\u200dष") == "می\u200cخواهم क\u094d\u200dष"
    assert printable("ca\u200dt") == "ca\\u200dt"
    assert printable("猫\u200d \u200c猫\u200d") == "猫\\u200d \\u200c猫\\u200d"
    assert printable("\u202e猫") == "\\u202e猫"


def test_shorten_counts_cells_and_keeps_letters_whole() -> None:
    assert shorten("猫犬鳥", 6) == "猫犬鳥"
    assert shorten("猫犬鳥", 5) == "猫犬…"
    assert shorten("नमस्ते", 4) == "नमस्ते"
    assert shorten("Ba\u0308renklau", 3) == "Ba\u0308…"
