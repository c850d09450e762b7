from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from kcnn.errors import RunError
from kcnn.files.atomic import require_writable
from kcnn.runs.folder import FreeName, RunFolder, create_run, require_creatable, require_no_links


def test_runs_are_numbered(tmp_path: Path) -> None:
    assert [create_run(tmp_path, "digits").path.name for _ in range(2)] == ["run-001", "run-002"]
    (tmp_path / "digits" / "run-041").mkdir()
    (tmp_path / "digits" / "run-1000-old").mkdir()
    (tmp_path / "digits" / "run-050").write_text("a file takes its number, too")
    assert create_run(tmp_path, "digits").path.name == "run-051"
    assert create_run(tmp_path, "mnist").path == tmp_path / "mnist" / "run-001"


def test_runs_beyond_999(tmp_path: Path) -> None:
    (tmp_path / "digits" / "run-999").mkdir(parents=True)
    assert create_run(tmp_path, "digits").path.name == "run-1000"
    assert create_run(tmp_path, "digits").path.name == "run-1001"


def create_some(output_dir: Path) -> list[str]:
    return [create_run(output_dir, "digits").path.name for _ in range(5)]


def test_runs_started_at_once_get_their_own_folders(tmp_path: Path) -> None:
    with ProcessPoolExecutor(8, multiprocessing.get_context("fork")) as pool:
        names = [name for some in pool.map(create_some, [tmp_path] * 8) for name in some]
    assert sorted(names) == [f"run-{number:03d}" for number in range(1, 41)]


def test_named_run(tmp_path: Path) -> None:
    assert create_run(tmp_path, "digits", "first-try").title == "digits/first-try"
    with pytest.raises(RunError, match="first-try: a run of this name already exists") as caught:
        create_run(tmp_path, "digits", "first-try")
    assert caught.value.hint == "choose another --name"
    assert create_run(tmp_path, "digits").path.name == "run-001"


def test_a_free_name_gets_a_number_if_it_is_taken(tmp_path: Path) -> None:
    for name in ("seed-001", "seed-001-2", "seed-001-3"):
        require_creatable(tmp_path, "digits", FreeName("seed-001"))
        assert create_run(tmp_path, "digits", FreeName("seed-001")).path.name == name
    assert create_run(tmp_path, "digits", FreeName("seed-001-2")).path.name == "seed-001-2-2"


def create_some_of_a_name(output_dir: Path) -> list[str]:
    return [create_run(output_dir, "digits", FreeName("seed")).path.name for _ in range(5)]


def test_runs_of_a_free_name_started_at_once_get_their_own_folders(tmp_path: Path) -> None:
    with ProcessPoolExecutor(8, multiprocessing.get_context("fork")) as pool:
        names = [name for some in pool.map(create_some_of_a_name, [tmp_path] * 8) for name in some]
    assert sorted(names) == sorted(["seed", *(f"seed-{number}" for number in range(2, 41))])


def test_require_creatable_refuses_a_name_that_is_taken(tmp_path: Path) -> None:
    create_run(tmp_path, "digits", "first-try")
    require_creatable(tmp_path, "digits", "second-try")
    require_creatable(tmp_path, "mnist", "first-try")
    (tmp_path / "cifar").write_text("")
    with pytest.raises(RunError, match="cifar"):
        require_creatable(tmp_path, "cifar", "first-try")
    with pytest.raises(RunError, match=r"digits/first-try: a run of this name already exists"):
        require_creatable(tmp_path, "digits", "first-try")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", ".hidden", "-x", "a b", "a" * 101])
def test_name_unfit_for_a_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="not a name for a folder"):
        require_creatable(tmp_path, "digits", name)


def test_title_of_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = create_run(tmp_path, "digits")
    monkeypatch.chdir(run.path)
    assert RunFolder(Path()).title == "digits/run-001"


@pytest.mark.parametrize("name", ["plots", "export", "checkpoint", "checkpoint/lock", "log.txt"])
def test_a_run_with_links_is_not_written_into(tmp_path: Path, name: str) -> None:
    run = create_run(tmp_path, "digits")
    require_no_links(run)
    (tmp_path / "mine").mkdir()
    (run.path / name).parent.mkdir(exist_ok=True)
    (run.path / name).symlink_to(tmp_path / "mine")
    with pytest.raises(RunError, match=f"{name}: is a link, and what is written there would land"):
        require_no_links(run)


def test_output_folder_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for output_dir in (tmp_path / "file", tmp_path / "file" / "outputs"):
        with pytest.raises(RunError, match="file: is a file, not a folder") as caught:
            require_writable(output_dir)
        assert caught.value.hint == "choose another folder"  # not all are --output-dir
        with pytest.raises(RunError, match=r"file.*: cannot be written"):
            create_run(output_dir, "digits")


def test_output_folder_that_no_one_can_write() -> None:
    with pytest.raises(RunError, match=r"/proc.*: cannot be written"):
        require_writable(Path("/proc/outputs"))
    with pytest.raises(RunError, match=r"/proc/outputs.*: cannot be written"):
        create_run(Path("/proc/outputs"), "digits")
