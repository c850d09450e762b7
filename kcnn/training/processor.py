"""The processor: its name, and whether it is fast at bfloat16."""

from __future__ import annotations

import platform
from pathlib import Path

# As Linux spells them.
_AMX, _AVX512 = "amx_bf16", "avx512_bf16"
_AMD = "AuthenticAMD"


def processor_name() -> str:
    """Gives the processor's name as its maker writes it, where it can be known."""
    return _information("model name") or platform.processor() or platform.machine()


def fast_bfloat16() -> str | None:
    """Names the instructions that make bfloat16 faster than float32 here; None without any.

    AMX does, and AMD's AVX-512 BF16. Intel's does not: a core begins half as many of its products
    in a cycle, and a convolution takes 1.8 times as long as in float32 (benchmarks/flops.py).
    """
    flags = _information("flags").split()
    if _AMX in flags:
        return "AMX"
    return "AVX-512 BF16" if _AVX512 in flags and _information("vendor_id") == _AMD else None


def _information(key: str) -> str:
    """Reads what Linux says of the first core; nothing on other systems."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), "")
