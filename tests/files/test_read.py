from __future__ import annotations

import os
from pathlib import Path

import pytest

from kcnn.errors import RunError
from kcnn.files.read import Table, read_csv, read_json, read_limited


def test_a_file_without_end_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "summary.json").open("wb") as stream:
        stream.truncate(10**12)  # of which the disk holds nothing
    with pytest.raises(RunError, match=r"summary\.json: longer than 4,000,000 bytes"):
        read_json(tmp_path / "summary.json")


def test_a_file_is_read_in_binary_on_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "images.npy").write_bytes(b"\r\n\x1a\r\n")
    flags = []
    system_open = os.open
    monkeypatch.setattr(os, "O_BINARY", 1 << 30, raising=False)

    def remember(path: Path, given: int, *others: int) -> int:
        flags.append(given)
        return system_open(path, given & ~os.O_BINARY, *others)

    monkeypatch.setattr(os, "open", remember)
    assert read_limited(tmp_path / "images.npy", 10) == b"\r\n\x1a\r\n"
    assert flags[0] & os.O_BINARY


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_pipes_and_devices_are_not_read(tmp_path: Path, make) -> None:
    make(tmp_path / "metrics.csv")
    make(tmp_path / "summary.json")
    message = "expected a file, found a pipe or a device"
    with pytest.raises(RunError, match=rf"metrics\.csv: {message}"):
        read_csv(tmp_path / "metrics.csv", "a hint")
    with pytest.raises(RunError, match=rf"summary\.json: {message}"):
        read_json(tmp_path / "summary.json")


def test_tables_without_their_empty_lines(tmp_path: Path) -> None:
    path = tmp_path / "steps.csv"
    path.write_text('a,b\n\n1,"2\n3"\n\n4\n', encoding="utf-8-sig", newline="")
    assert read_csv(path, "a hint") == Table(["a", "b"], [["1", "2\n3"], ["4"]], [4, 6])
    path.write_text("\n")
    assert read_csv(path, "a hint") == Table([], [], [])


def test_tables_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "steps.csv"
    with pytest.raises(RunError, match=r"steps\.csv: missing") as caught:
        read_csv(path, "a hint")
    assert caught.value.hint == "a hint"
    path.write_bytes(b"a\xff")
    with pytest.raises(RunError, match=r"steps\.csv: cannot be read"):
        read_csv(path, "a hint")
    path.write_text(f"a\n{'2' * 200_000}\n")
    with pytest.raises(RunError, match=r"steps\.csv:2: not a table: field larger"):
        read_csv(path, "a hint")
