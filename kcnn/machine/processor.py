"""The processor: its name, and whether it is fast at bfloat16."""

from __future__ import annotations

import platform
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

# As Linux spells them.
_AMX, _AVX512 = "amx_bf16", "avx512_bf16"
_AMD = "AuthenticAMD"

AVX512_BFLOAT16 = "AVX-512 BF16"


def processor_name() -> str:
    """Return the processor's name as its maker writes it; its architecture if it has none."""
    return _name() or platform.processor() or platform.machine()


def fast_bfloat16() -> str | None:
    """Return the instructions that make bfloat16 faster than float32 here; None without any.

    AMX does, and AMD's AVX-512 BF16. Intel's does not: a core begins half as many of its products
    in a cycle, and a convolution takes 1.8 times as long as in float32 (benchmarks/flops.py).

    None on macOS and Windows: Macs have neither, and Windows does not list a processor's
    instructions. Training there is in float32, as on most processors, unless a recipe asks for
    mixed_bfloat16.
    """
    flags = _cpuinfo("flags").split()
    if _AMX in flags:
        return "AMX"
    return AVX512_BFLOAT16 if _AVX512 in flags and _cpuinfo("vendor_id") == _AMD else None


def _name() -> str:
    """Read the processor's name from the system; empty if the system does not know it."""
    if sys.platform == "darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        with suppress(OSError, subprocess.SubprocessError):
            done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=5)
            return done.stdout.strip()
        return ""
    if sys.platform == "win32":
        import winreg

        key = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
        with suppress(OSError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key) as processor:
            return str(winreg.QueryValueEx(processor, "ProcessorNameString")[0]).strip()
        return ""
    return _cpuinfo("model name")


def _cpuinfo(key: str) -> str:
    """Read an entry of the first core in Linux's /proc/cpuinfo; empty if there is none."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), "")
