from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from kcnn.machine import memory

AVAILABLE = 8_000


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with 8,000 bytes of memory, and a folder for its cgroups."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=AVAILABLE))
    monkeypatch.setattr(memory, "_CGROUPS_OF_THIS_PROCESS", tmp_path / "self")
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path / "cgroup")
    return tmp_path


def write_group(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(f"{text}\n")


def test_this_machine() -> None:
    free = memory.free_memory()
    assert free is not None and 0 < free <= psutil.virtual_memory().total


def test_without_cgroups(machine: Path) -> None:
    assert memory.free_memory() == AVAILABLE


def test_a_container_of_version_2(machine: Path) -> None:
    """The path is the host's; the container sees its own cgroup as the root."""
    write_group(machine, self="0::/docker/3a1b")
    write_group(
        machine / "cgroup",
        memory__max="5000",
        memory__current="3000",
        memory__stat="anon 1\nfile 1600\ninactive_file 1000\nactive_file 500\nslab 7",
    )
    assert memory.free_memory() == 5000 - (3000 - 1500)


def test_the_lowest_limit_of_all_groups_counts(machine: Path) -> None:
    write_group(machine, self="0::/user.slice/user-1000")
    usage = {"memory__current": "100", "memory__stat": "inactive_file 0"}
    write_group(machine / "cgroup" / "user.slice", memory__max="2100", **usage)
    write_group(machine / "cgroup" / "user.slice" / "user-1000", memory__max="max", **usage)
    assert memory.free_memory() == 2000


@pytest.mark.parametrize(("limit", "free"), [("6000", 5000), (str(2**63 - 4096), AVAILABLE)])
def test_a_container_of_version_1(machine: Path, limit: str, free: int) -> None:
    write_group(machine, self="5:cpu,cpuacct:/x\n4:memory:/docker/3a1b\n0::/")
    write_group(
        machine / "cgroup" / "memory",
        memory__limit_in_bytes=limit,
        memory__usage_in_bytes="1500",
        memory__stat="cache 500\ninactive_file 400\nactive_file 100\ntotal_inactive_file 400",
    )
    assert memory.free_memory() == free


def test_a_container_above_its_limit_has_no_free_memory(machine: Path) -> None:
    write_group(machine, self="0::/")
    write_group(machine / "cgroup", memory__max="10", memory__current="20", memory__stat="")
    assert memory.free_memory() == 0


def test_unknown_free_memory(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise FileNotFoundError("/proc/meminfo")

    monkeypatch.setattr(psutil, "virtual_memory", missing)
    assert memory.free_memory() is None


def test_the_command_line_starts_without_psutil() -> None:
    code = "import kcnn.cli, sys; print('psutil' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


@pytest.mark.parametrize(("system", "megabytes"), [("linux", 2048), ("darwin", 2)])
def test_peak_in_megabytes(system: str, megabytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = SimpleNamespace(
        RUSAGE_SELF=0, getrusage=lambda who: SimpleNamespace(ru_maxrss=2 * 10**6)
    )
    monkeypatch.setitem(sys.modules, "resource", usage)
    monkeypatch.setattr(sys, "platform", system)
    assert memory.peak_memory_mb() == megabytes


def test_peak_in_megabytes_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    used = SimpleNamespace(memory_info=lambda: SimpleNamespace(peak_wset=7_000_000))
    monkeypatch.setattr(psutil, "Process", lambda: used)
    monkeypatch.setattr(sys, "platform", "win32")
    assert memory.peak_memory_mb() == 7
