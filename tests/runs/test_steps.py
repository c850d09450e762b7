from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kcnn.errors import RunError
from kcnn.files.atomic import write_text
from kcnn.runs.folder import RunFolder
from kcnn.runs.steps import StepsFile, read_steps


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def test_steps_are_appended(run: RunFolder) -> None:
    file = StepsFile(run)
    file.append(np.array([2.5, 1 / 3], np.float32))
    file.append(np.array([np.nan]))
    assert run.steps.read_bytes() == b"step,loss\n1,2.5\n2,0.333333\n3,nan\n"
    np.testing.assert_array_equal(read_steps(run), [2.5, 0.333333, np.nan])


def test_steps_are_their_losses_in_order(run: RunFolder) -> None:
    write_text(run.steps, "step,loss\n1,2.5\n2,nan\n3,1e-07\n4,inf\n")
    np.testing.assert_array_equal(read_steps(run), [2.5, np.nan, 1e-7, np.inf])


@pytest.mark.parametrize(
    "text", ["", "step,loss\n", "step,loss\n1\n", "step,loss\n1,a\n", "step,loss\n1,2,3\n"]
)
def test_damaged_steps_are_one_line_that_names_the_file(run: RunFolder, text: str) -> None:
    write_text(run.steps, text)
    with pytest.raises(RunError, match=r"steps\.csv: ") as raised:
        read_steps(run)
    assert "\n" not in raised.value.message


def test_an_older_run_has_no_steps(run: RunFolder) -> None:
    with pytest.raises(RunError, match=r"steps\.csv: missing") as raised:
        read_steps(run)
    assert "made by an older kcnn" in str(raised.value.hint)


def test_steps_that_a_spreadsheet_saved(run: RunFolder) -> None:
    run.steps.write_text("step,loss\r\n1,2.5\r\n", encoding="utf-8-sig", newline="")
    assert read_steps(run).tolist() == [2.5]
