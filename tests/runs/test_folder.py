from __future__ import annotations

import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kcnn.errors import RunError
from kcnn.files.atomic import (
    read_json,
    require_writable,
    write_json,
    write_text,
)
from kcnn.runs.folder import (
    FreeName,
    RunFolder,
    create_run,
    find_run,
    list_runs,
    newest,
    require_no_links,
    require_room,
)
from kcnn.runs.metrics import read_metrics

RUNS = ("cifar/run-001", "cifar/run-002", "digits/first-try")


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """Three runs, started in the order of RUNS but for the second, which is the newest."""
    folder = tmp_path / "outputs"
    for started, title in zip((100, 300, 200), RUNS, strict=True):
        resolved = folder / title / "resolved.yaml"
        write_text(resolved, "name: any\n")
        os.utime(resolved, (started, started))
    return folder


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


def test_a_free_name_gets_a_number_where_it_is_taken(tmp_path: Path) -> None:
    for name in ("seed-001", "seed-001-2", "seed-001-3"):
        require_room(tmp_path, "digits", FreeName("seed-001"))
        assert create_run(tmp_path, "digits", FreeName("seed-001")).path.name == name
    assert create_run(tmp_path, "digits", FreeName("seed-001-2")).path.name == "seed-001-2-2"


def create_some_of_a_name(output_dir: Path) -> list[str]:
    return [create_run(output_dir, "digits", FreeName("seed")).path.name for _ in range(5)]


def test_runs_of_a_free_name_started_at_once_get_their_own_folders(tmp_path: Path) -> None:
    with ProcessPoolExecutor(8, multiprocessing.get_context("fork")) as pool:
        names = [name for some in pool.map(create_some_of_a_name, [tmp_path] * 8) for name in some]
    assert sorted(names) == sorted(["seed", *(f"seed-{number}" for number in range(2, 41))])


def test_require_room_finds_the_name_taken(tmp_path: Path) -> None:
    create_run(tmp_path, "digits", "first-try")
    require_room(tmp_path, "digits", "second-try")
    require_room(tmp_path, "mnist", "first-try")
    with pytest.raises(RunError, match=r"digits/first-try: a run of this name already exists"):
        require_room(tmp_path, "digits", "first-try")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", ".hidden", "-x", "a b", "a" * 101])
def test_name_unfit_for_a_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="not a name for a folder"):
        require_room(tmp_path, "digits", name)


def test_title_of_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = create_run(tmp_path, "digits")
    monkeypatch.chdir(run.path)
    assert RunFolder(Path()).title == "digits/run-001"


@pytest.mark.parametrize("name", ["plots", "export", "checkpoint", "checkpoint/lock", "log.txt"])
def test_a_run_that_leads_elsewhere_is_not_written_into(tmp_path: Path, name: str) -> None:
    run = create_run(tmp_path, "digits")
    require_no_links(run)
    (tmp_path / "mine").mkdir()
    (run.path / name).parent.mkdir(exist_ok=True)
    (run.path / name).symlink_to(tmp_path / "mine")
    with pytest.raises(RunError, match=f"{name}: is a link, and what is written there would land"):
        require_no_links(run)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_pipes_and_devices_are_not_read(tmp_path: Path, make) -> None:
    make(tmp_path / "metrics.csv")
    make(tmp_path / "summary.json")
    message = "expected a file, found a pipe or a device"
    with pytest.raises(RunError, match=rf"metrics\.csv: {message}"):
        read_metrics(tmp_path / "metrics.csv")
    with pytest.raises(RunError, match=rf"summary\.json: {message}"):
        read_json(tmp_path / "summary.json")


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


def test_find_run_by_path_title_and_recipe(outputs: Path) -> None:
    for run in (str(outputs / "cifar" / "run-001"), "cifar/run-001"):
        assert find_run(run, outputs).path == outputs / "cifar" / "run-001"
    assert find_run("cifar", outputs).title == "cifar/run-002"
    assert find_run(str(outputs / "cifar"), outputs).title == "cifar/run-002"
    assert find_run("digits", outputs).title == "digits/first-try"


def test_a_folder_of_the_recipes_name_hides_no_runs(
    outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (outputs.parent / "digits").mkdir()
    monkeypatch.chdir(outputs.parent)
    assert find_run("digits", Path("outputs")).title == "digits/first-try"


def test_find_the_newest_run(outputs: Path) -> None:
    assert find_run(None, outputs).title == "cifar/run-002"
    os.utime(outputs / "digits" / "first-try" / "resolved.yaml", (400, 400))
    assert find_run(None, outputs).title == "digits/first-try"


def test_of_runs_worked_on_at_once_the_last_by_name_is_newest(outputs: Path) -> None:
    for title in RUNS:
        os.utime(outputs / title / "resolved.yaml", (500, 500))
    assert newest(list_runs(outputs)).title == "digits/first-try"


def test_list_runs_passes_over_what_is_no_run(outputs: Path) -> None:
    (outputs / "cifar" / "run-003").mkdir()
    (outputs / "notes.txt").write_text("")
    assert [run.title for run in list_runs(outputs)] == list(RUNS)
    assert list_runs(outputs / "nowhere") == []


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("mnist", "mnist: no such run in"),
        ("cifar/run-009", "cifar/run-009: no such run in"),
        ("cifar/run-003", r"run-003: not a run folder \(no resolved.yaml in it\)"),
        ("a" * 300, "cannot be read: File name too long"),
        ("", "not a run folder"),
    ],
)
def test_find_no_run(
    run: str, message: str, outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (outputs / "cifar" / "run-003").mkdir()
    empty = outputs.parent / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    with pytest.raises(RunError, match=message) as caught:
        find_run(run, outputs)
    assert "\n" not in caught.value.message


def test_no_runs_at_all(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"outputs: no runs here") as caught:
        find_run(None, tmp_path / "outputs")
    assert caught.value.hint == "train one first: kcnn fit digits"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "expected a JSON object, found a list"),
    ],
)
def test_damaged_summary(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_bytes(content)
    with pytest.raises(RunError, match=rf"summary\.json: {message}"):
        RunFolder(tmp_path).read_summary()


def test_summary_missing_or_a_folder(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"summary\.json: missing"):
        RunFolder(tmp_path).read_summary()
    with pytest.raises(RunError, match="cannot be read: Is a directory"):
        read_json(tmp_path)


def test_summary_read_back(tmp_path: Path) -> None:
    summary = {"status": "finished", "test": {"accuracy": 0.5}}
    write_json(tmp_path / "summary.json", summary)
    assert RunFolder(tmp_path).read_summary() == summary
    assert json.loads((tmp_path / "summary.json").read_text()) == summary


def test_weights_of_a_run(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    with pytest.raises(RunError, match=r"model\.keras: this run has no such model"):
        run.weights("last")
    run.model.write_bytes(b"")
    assert run.weights("last") == run.model
    with pytest.raises(RunError, match=r"best\.keras: this run has no such model") as caught:
        run.weights("best")
    assert "--weights last" in str(caught.value.hint)
    run.best_model.write_bytes(b"")
    assert run.weights("best") == run.best_model


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        ("interrupted", "kcnn fit --resume {0} finishes it"),
        ("unfinished", "kcnn fit --resume {0} finishes it"),
        ("failed", "train it again: kcnn fit {0}/resolved.yaml"),
    ],
)
def test_a_run_that_was_stopped_has_no_last_model(status: str, hint: str, tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    if status != "unfinished":
        write_json(run.summary, {"status": status})
    with pytest.raises(RunError) as caught:
        run.weights("last")
    assert caught.value.hint == (
        f"the run was stopped before its last epoch; {hint.format(tmp_path)}"
    )


def test_a_run_tells_when_it_began(tmp_path: Path) -> None:
    run = create_run(tmp_path, "cifar")
    write_text(run.resolved, "name: any\n")
    write_json(run.environment, {"started": "2001-02-03T04:05:06+00:00"})
    assert run.started() == datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
    write_json(run.environment, {"started": "2001-02-03T04:05:06"})
    assert run.started() == datetime(2001, 2, 3, 4, 5, 6).astimezone()


@pytest.mark.parametrize(
    "environment",
    [None, "{", "[1]", "{}", '{"started": 3}', '{"started": "today"}', '{"started": null}',
     '{"started": "0001-01-01T00:00:00+14:00"}'],
)  # fmt: skip
def test_a_run_that_does_not_tell_began_with_its_settings(
    environment: str | None, tmp_path: Path
) -> None:
    run = create_run(tmp_path, "cifar")
    write_text(run.resolved, "name: any\n")
    os.utime(run.resolved, (1000, 1000))
    if environment is not None:
        write_text(run.environment, environment)
    assert run.started() == datetime.fromtimestamp(1000, UTC)


@pytest.mark.parametrize(
    ("resumed", "extended"),
    [
        (None, False),
        ([{"epochs_before": 40}], False),
        ([{"epochs_before": 20}, {"epochs_before": 40}], True),
        ("nonsense", False),
    ],
)
def test_a_run_that_was_begun_with_fewer_epochs(
    tmp_path: Path, resumed: object, extended: bool
) -> None:
    run = create_run(tmp_path, "cifar")
    assert not run.was_extended(40)
    write_text(run.environment, json.dumps({"resumed": resumed}))
    assert run.was_extended(40) is extended
