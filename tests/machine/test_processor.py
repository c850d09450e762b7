from __future__ import annotations

import platform
import subprocess
import sys
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from kcnn.machine import processor
from kcnn.machine.processor import fast_bfloat16, processor_name


def test_the_processor_s_name_is_known() -> None:
    assert processor_name()
    assert fast_bfloat16() in ("AMX", "AVX-512 BF16", None)


def test_a_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_: object) -> SimpleNamespace:
        assert command[1:] == ["-n", "machdep.cpu.brand_string"]
        return SimpleNamespace(stdout="Apple M3\n")

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(subprocess, "run", run)
    assert processor_name() == "Apple M3"


def test_a_windows_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = SimpleNamespace(
        HKEY_LOCAL_MACHINE=0,
        OpenKey=lambda root, key: nullcontext(key),
        QueryValueEx=lambda key, name: ("Intel(R) Core(TM) i5-1235U   ", 1),
    )
    monkeypatch.setitem(sys.modules, "winreg", registry)
    monkeypatch.setattr(sys, "platform", "win32")
    assert processor_name() == "Intel(R) Core(TM) i5-1235U"


@pytest.mark.parametrize("system", ["linux", "darwin"])
def test_a_machine_that_keeps_no_name(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(subprocess, "run", missing)
    monkeypatch.setattr(processor, "_cpuinfo", lambda key: "")
    monkeypatch.setattr(platform, "processor", lambda: "")
    assert processor_name() == platform.machine()
    assert fast_bfloat16() is None
