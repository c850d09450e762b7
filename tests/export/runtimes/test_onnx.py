from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kcnn.export import onnx

pytest.importorskip("onnxruntime", reason="needs kcnn[onnx]")


def test_reports_to_nobody(tmp_path: Path) -> None:
    # With telemetry, ONNX Runtime 1.32 writes a device ID and a file of its session.
    names = ("HOME", "TMPDIR", "XDG_CACHE_HOME")
    for name in names:
        (tmp_path / name).mkdir()
    environment = os.environ | {name: str(tmp_path / name) for name in names}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    command = [sys.executable, "-P", str(onnx.RUNTIME)]
    subprocess.run(command, env=environment, check=True)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []
