from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kcnn.errors import RunError
from kcnn.files.atomic import (
    atomic,
    remove_leftovers,
    remove_leftovers_of,
    removed_if_empty,
    require_new,
    require_writable,
    write_csv,
    write_json,
    write_text,
)


def test_require_writable_leaves_nothing(tmp_path: Path) -> None:
    require_writable(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def test_output_folder_with_a_name_too_long(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be written: File name too long"):
        require_writable(tmp_path / ("a" * 300))


def test_a_failing_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    write_text(path, "old\n")
    with pytest.raises(ZeroDivisionError), atomic(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_folder_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "saved_model"
    write_text(path / "old.txt", "old")
    with pytest.raises(KeyboardInterrupt), atomic(path) as temporary:
        write_text(temporary / "deep" / "new.txt", "half")
        raise KeyboardInterrupt
    assert [child.name for child in path.iterdir()] == ["old.txt"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "saved_model"
    write_text(path / "old.txt", "old")
    with atomic(path) as temporary:
        write_text(temporary / "new.txt", "new")
    assert [child.name for child in path.iterdir()] == ["new.txt"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_never_replaces_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "loss.png"
    (path / "mine").mkdir(parents=True)
    with pytest.raises(RunError, match=r"loss\.png: cannot be written: Is a directory"):
        write_text(path, "a plot")
    assert [path.name for path in tmp_path.rglob("*")] == ["loss.png", "mine"]


def test_the_temporary_file_keeps_its_suffix_and_folder(tmp_path: Path) -> None:
    with atomic(tmp_path / "deep" / "model.keras") as temporary:
        assert temporary.suffix == ".keras"
        assert temporary.parent == tmp_path / "deep"
        temporary.write_bytes(b"model")
    assert (tmp_path / "deep" / "model.keras").read_bytes() == b"model"


def test_only_what_a_dead_process_left_is_removed(tmp_path: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    kept = [".notes.2024.txt", f".loss.{dead.pid}.png", f".loss.kcnn-{os.getpid()}.png"]
    kept += [f"loss.kcnn-{dead.pid}.png", ".a.kcnn-b.png"]
    left = f"kcnn-{dead.pid}"
    gone = (f".loss.{left}.png", f".lock.{left}", f".model.{left}.former")
    for name in (*gone, *kept):
        (tmp_path / name).write_text("half")
    (tmp_path / f".saved_model.{left}" / "deep").mkdir(parents=True)
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*kept}


def test_what_a_killed_process_left_of_the_same_name_is_removed(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left, other = f".wrong[1].kcnn-{dead.pid}", f".right.kcnn-{dead.pid}"
    kept = [other, f"{left}.former", f".wrong[1].kcnn-{os.getppid()}"]
    for name in (left, *kept):
        (tmp_path / name / "cat").mkdir(parents=True)
    remove_leftovers_of(tmp_path / "wrong[1]")
    assert {path.name for path in tmp_path.iterdir()} == {*kept}


def test_a_full_disk(small_disk: Path) -> None:
    path = small_disk / "predictions.csv"
    write_text(path, "old\n")
    with pytest.raises(RunError, match=r"predictions\.csv: cannot be written: No space left"):
        write_text(path, "x" * 200_000)
    assert path.read_text() == "old\n"
    assert list(small_disk.iterdir()) == [path]


def test_a_disk_mounted_read_only(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(RunError, match=r"small.*: cannot be written: Read-only file system"):
        require_writable(small_disk / "outputs")
    with pytest.raises(RunError, match=r"metrics\.csv: cannot be written: Read-only file system"):
        write_text(small_disk / "metrics.csv", "epoch\n")


def test_written_bytes(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ("class", "f1"), [("a, b", 0.5), ("é", 1)])
    assert (tmp_path / "a.csv").read_bytes() == 'class,f1\n"a, b",0.5\né,1\n'.encode()
    write_json(tmp_path / "a.json", {"class": "é"})
    assert (tmp_path / "a.json").read_bytes() == '{\n  "class": "é"\n}\n'.encode()


def test_a_folder_that_cannot_be_replaced_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "saved_model"
    write_text(path / "old.txt", "old")
    rename = Path.replace

    def interrupted(source: Path, target: Path) -> Path:
        if source.name == f".saved_model.kcnn-{os.getpid()}":
            raise KeyboardInterrupt
        return rename(source, target)

    with pytest.raises(KeyboardInterrupt), atomic(path) as temporary:
        write_text(temporary / "new.txt", "new")
        monkeypatch.setattr(Path, "replace", interrupted)
    assert [child.name for child in path.iterdir()] == ["old.txt"]
    assert list(tmp_path.iterdir()) == [path]


def test_an_existing_path_is_refused(tmp_path: Path) -> None:
    require_new(tmp_path / "predictions.csv", "choose another")
    (tmp_path / "predictions.csv").write_text("mine")
    with pytest.raises(RunError, match=r"predictions\.csv: already exists"):
        require_new(tmp_path / "predictions.csv", "choose another")


def test_a_link_to_a_folder_is_replaced_and_what_it_points_to_is_kept(tmp_path: Path) -> None:
    (tmp_path / "other" / "mine").mkdir(parents=True)
    (tmp_path / "model").symlink_to(tmp_path / "other")
    with atomic(tmp_path / "model") as temporary:
        temporary.mkdir()
    assert not (tmp_path / "model").is_symlink()
    assert {path.name for path in tmp_path.iterdir()} == {"model", "other"}
    assert (tmp_path / "other" / "mine").is_dir()


def test_only_folders_that_were_made_and_left_empty_are_removed(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    for name in ("old", "old/new/deep", "full"):
        with pytest.raises(ZeroDivisionError), removed_if_empty(tmp_path / name):
            (tmp_path / name).mkdir(parents=True, exist_ok=True)
            if name == "full":
                (tmp_path / name / "file").touch()
            raise ZeroDivisionError
    assert {path.name for path in tmp_path.rglob("*")} == {"old", "full", "file"}
