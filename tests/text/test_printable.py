from __future__ import annotations

from kcnn.text.printable import one_line, shorten


def test_shorten() -> None:
    assert shorten("short", 5) == "short"
    assert shorten("a long name", 8) == "a long…"
    assert len(shorten("x" * 100, 60)) == 60


def test_one_line() -> None:
    assert one_line("a long\nname", 8) == "a long…"
    assert one_line("a\x1b[2J", 20) == "a\\u001b[2J"
