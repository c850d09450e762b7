from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os
from kcnn.machine.native_stderr import held_back_standard_error
with held_back_standard_error("a cake was being baked"):
    os.write(2, {written!r})
    {end}
"""


def run(written: bytes, end: str) -> list[str]:
    program = PROGRAM.format(written=written, end=end)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    return done.stderr.splitlines()


def test_drops_what_was_written_if_all_went_well() -> None:
    assert run(b"chatter\n", "pass") == []


def test_prints_what_was_written_if_the_body_fails() -> None:
    lines = run(b"chatter\n", "1 / 0")
    assert lines[0] == "chatter"
    assert lines[-1].startswith("ZeroDivisionError")


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        (b"check failed\n", "fix: please report this with the lines above"),
        (b"", "fix: the process was probably killed; was there enough memory?"),
    ],
)
def test_says_in_what_the_process_ended(written: bytes, hint: str) -> None:
    lines = run(written, "os._exit(1)")
    error = "error: the process ended while a cake was being baked"
    assert lines == [*written.decode().splitlines(), error, hint]
