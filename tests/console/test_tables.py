from __future__ import annotations

from kcnn.console.tables import table


def test_columns_are_as_wide_as_the_escaped_names() -> None:
    heading, line, *rows = table(("class", "images"), [("caf\udce9", 12), ("a\nb", 3)]).splitlines()
    assert rows == ["caf\\udce9      12", "a\\nb            3"]
    assert line == "─" * 9 + "  " + "─" * 6
    assert heading == "class      images"
