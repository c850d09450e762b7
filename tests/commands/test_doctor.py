from __future__ import annotations

import json
from pathlib import Path

import pytest

from kcnn.commands.doctor import examine
from kcnn.data.catalog import NAMED_DATASETS
from kcnn.errors import DataError
from kcnn.progress import Progress


def test_reports_no_problem_on_a_working_machine(tmp_path: Path, real_data: Path) -> None:
    found = examine(tmp_path / "outputs", real_data, Progress()).as_json()
    assert found["output_dir"] == str(tmp_path / "outputs")
    assert found["output_dir_problem"] is None
    assert set(found["data"]) == set(NAMED_DATASETS)
    assert found["data"]["mnist"] == str(real_data / "mnist.npz")
    assert found["packages"]["keras"]
    assert json.loads(json.dumps(found)) == found
    assert list(tmp_path.iterdir()) == []


def test_reports_an_output_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = examine(tmp_path / "file", None, Progress()).as_json()
    assert found["output_dir_problem"] == f"{tmp_path / 'file'}: is a file, not a folder"


def test_reports_a_data_directory_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere"):
        examine(tmp_path, tmp_path / "nowhere", Progress())
