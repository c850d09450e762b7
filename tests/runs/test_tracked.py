"""tracked.json: ids by tracker and address."""

from __future__ import annotations

from pathlib import Path

import pytest

from kcnn.errors import RunError
from kcnn.runs.folder import RunFolder
from kcnn.runs.tracked import read_tracked, write_tracked


def test_keeps_an_id_for_each_tracker_and_address(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    assert read_tracked(run, "mlflow") == {}
    write_tracked(run, "mlflow", "http://one", "a")
    write_tracked(run, "mlflow", "http://two", "b")
    write_tracked(run, "other", "http://one", "c")
    write_tracked(run, "mlflow", "http://one", "d")
    assert read_tracked(run, "mlflow") == {"http://one": "d", "http://two": "b"}
    assert read_tracked(run, "other") == {"http://one": "c"}


@pytest.mark.parametrize("content", ['{"mlflow": 3}', '{"mlflow": {"http://one": 3}}', "[]", "{"])
def test_refuses_a_damaged_file(content: str, tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.tracked.write_text(content)
    with pytest.raises(RunError, match=r"tracked\.json"):
        read_tracked(run, "mlflow")
