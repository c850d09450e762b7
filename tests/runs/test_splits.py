"""splits.csv has each image, whatever its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from kcnn.files.read import read_csv
from kcnn.runs.folder import RunFolder
from kcnn.runs.splits import SplitRow, write_splits


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def test_any_name_is_written(run: RunFolder) -> None:
    parts = {
        "train": (["cat/1.png", 'a "b", c.png'], [[1], [0]]),
        "test": (["Bär/2\n.png", "not-utf-8-\udcff.png"], [[0], [0, 1]]),
    }
    write_splits(run, ["Bär", "cat"], parts)
    assert run.splits.read_bytes().startswith(b"file,label,split\ncat/1.png,cat,train\n")
    rows = [SplitRow(*row) for row in read_csv(run.splits, "").rows]
    assert rows[:3] == [
        SplitRow("cat/1.png", "cat", "train"),
        SplitRow('a "b", c.png', "Bär", "train"),
        SplitRow("Bär/2\n.png", "Bär", "test"),
    ]
    assert rows[3].split == "test"
