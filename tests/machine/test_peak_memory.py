from __future__ import annotations

import sys
from types import SimpleNamespace

import psutil
import pytest

from kcnn.machine.peak_memory import peak_memory_mb


@pytest.mark.parametrize(("system", "megabytes"), [("linux", 2048), ("darwin", 2)])
def test_megabytes_of_either_system(
    system: str, megabytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(
        RUSAGE_SELF=0, getrusage=lambda who: SimpleNamespace(ru_maxrss=2 * 10**6)
    )
    monkeypatch.setitem(sys.modules, "resource", usage)
    monkeypatch.setattr(sys, "platform", system)
    assert peak_memory_mb() == megabytes


def test_megabytes_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    used = SimpleNamespace(memory_info=lambda: SimpleNamespace(peak_wset=7_000_000))
    monkeypatch.setattr(psutil, "Process", lambda: used)
    monkeypatch.setattr(sys, "platform", "win32")
    assert peak_memory_mb() == 7
