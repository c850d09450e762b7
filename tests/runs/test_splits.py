"""splits.csv is read as it was written, and refused when it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from kcnn.errors import RunError
from kcnn.runs.folder import RunFolder
from kcnn.runs.splits import SplitRow, read_splits, write_splits


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def test_reads_what_it_writes(run: RunFolder) -> None:
    parts = {
        "train": (["cat/1.png", 'a "b", c.png'], [[1], [0]]),
        "test": (["Bär/2\n.png", "not-utf-8-\udcff.png"], [[0], [0, 1]]),
    }
    write_splits(run, ["Bär", "cat"], parts)
    assert run.splits.read_bytes().startswith(b"file,label,split\ncat/1.png,cat,train\n")
    rows = read_splits(run)
    assert rows[:3] == [
        SplitRow("cat/1.png", "cat", "train"),
        SplitRow('a "b", c.png', "Bär", "train"),
        SplitRow("Bär/2\n.png", "Bär", "test"),
    ]
    assert rows[3].split == "test"


@pytest.mark.parametrize(
    "content",
    ["file,label\n1.png,cat\n", "file,label,split\n1.png,cat,val\n", "file,label,split\n1\n"],
)
def test_refuses_another_table(run: RunFolder, content: str) -> None:
    run.splits.write_text(content, encoding="utf-8")
    with pytest.raises(RunError, match="expected the columns file, label, split, and a split of"):
        read_splits(run)


def test_says_why_it_may_be_missing(run: RunFolder) -> None:
    with pytest.raises(RunError, match=r"splits\.csv: missing") as caught:
        read_splits(run)
    assert "only runs of a folder or a CSV have it" in caught.value.hint
