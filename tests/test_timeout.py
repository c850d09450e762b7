"""A test that hangs, in Python or in C, is stopped, and its stacks are printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
# A mutex that its own thread locks again is not interrupted by signals, as a sleep would be.
HANGS = """
import ctypes
import time

import pytest


def lock_twice(library):
    mutex = ctypes.create_string_buffer(128)
    for _ in range(2):
        library.pthread_mutex_lock(mutex)


def test_hangs():
    {}


def test_next():
    pass
"""


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("time.sleep(60)", marks=pytest.mark.slow),
        # Without the global interpreter lock.
        pytest.param("lock_twice(ctypes.CDLL(None))", marks=pytest.mark.slow),
        "lock_twice(ctypes.PyDLL(None))",  # with it, so that no Python thread can run
    ],
)
def test_hanging_test_is_stopped_and_its_stack_printed(statement: str, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_bytes((REPOSITORY / "tests" / "conftest.py").read_bytes())
    (tmp_path / "setup.cfg").write_bytes((REPOSITORY / "setup.cfg").read_bytes())
    test = tmp_path / "test_hangs.py"
    test.write_text(HANGS.format(statement), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "--timeout", "1", "-n", "1", str(test)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "1 failed, 1 passed" in done.stdout
    if "sleep" in statement:
        assert "Failed: Timeout (>1.0s) from pytest-timeout." in done.stdout
        assert re.search(rf"^>\s+{re.escape(statement)}", done.stdout, re.MULTILINE)
    else:
        assert "crashed while running 'test_hangs.py::test_hangs'" in done.stdout
        assert re.search(r"File .*test_hangs.py\", line \d+ in lock_twice", done.stderr)
