"""The processor: its name, and the instructions it has for bfloat16."""

from __future__ import annotations

import platform
from pathlib import Path

# The fastest first.
_BFLOAT16_FLAGS = {"amx_bf16": "AMX", "avx512_bf16": "AVX-512 BF16"}


def processor_name() -> str:
    """Gives the processor's name as its maker writes it, where it can be known."""
    return _information("model name") or platform.processor() or platform.machine()


def bfloat16_instructions() -> str | None:
    """Names the processor's fastest bfloat16 instructions; without any, bfloat16 is slow."""
    flags = _information("flags").split()
    return next((name for flag, name in _BFLOAT16_FLAGS.items() if flag in flags), None)


def _information(key: str) -> str:
    """Reads what Linux says of the first core; nothing on other systems."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), "")
