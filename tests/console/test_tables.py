from __future__ import annotations

from kcnn.console.tables import table
from kcnn.text.cells import cell_width


def test_columns_are_as_wide_as_the_escaped_names() -> None:
    heading, line, *rows = table(("class", "images"), [("caf\udce9", 12), ("a\nb", 3)]).splitlines()
    assert rows == ["caf\\udce9      12", "a\\nb            3"]
    assert line == "─" * 9 + "  " + "─" * 6
    assert heading == "class      images"


def test_wide_characters_and_marks_are_aligned() -> None:
    names = ["cat", "猫", "Ba\u0308r", "ก\u0e48", "한국", "\u1112\u1161\u11ab"]
    lines = table(("class", "images"), [(name, 10) for name in names]).splitlines()[2:]
    assert {cell_width(line) for line in lines} == {13}
    assert [line.split()[0] for line in lines] == names
