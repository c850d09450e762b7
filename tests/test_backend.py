from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from kcnn.backend import start_environment, uses_onednn

REPOSITORY = Path(__file__).resolve().parents[1]


def run_python(code: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**kept, "PYTHONPATH": f"{folder}{os.pathsep}{REPOSITORY}", **environment},
        capture_output=True,
        text=True,
    )


def test_tensorflow_starts_in_silence(tmp_path: Path) -> None:
    code = """
import sys
from kcnn.backend import start_tensorflow
start_tensorflow()
import keras, tensorflow
assert keras.backend.backend() == "tensorflow"
start_tensorflow()
tensorflow.constant(1.0) + 1
print("heard on standard error", file=sys.stderr)
"""
    done = run_python(code, tmp_path, KERAS_BACKEND="jax")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "heard on standard error\n")


def test_onednn_is_on_where_tensorflow_would_leave_it_off(tmp_path: Path) -> None:
    code = """
from kcnn.backend import start_tensorflow, uses_onednn
start_tensorflow()
from tensorflow.python.util import _pywrap_util_port
assert _pywrap_util_port.IsMklEnabled() == uses_onednn()
print(uses_onednn())
"""
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("TensorFlow's choice stands")
    assert run_python(code, tmp_path).stdout == "True\n"
    assert run_python(code, tmp_path, TF_ENABLE_ONEDNN_OPTS="0").stdout == "False\n"


@pytest.mark.parametrize("processor", ["arm64", "aarch64"])
def test_other_processors_are_left_to_tensorflow(
    processor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    monkeypatch.setattr(platform, "machine", lambda: processor)
    assert "TF_ENABLE_ONEDNN_OPTS" not in start_environment()
    assert uses_onednn() is None


def test_every_gpu_gives_memory_as_it_is_needed(tmp_path: Path) -> None:
    (tmp_path / "keras.py").touch()
    (tmp_path / "tensorflow.py").write_text(
        "from types import SimpleNamespace\n"
        "grown = []\n"
        "experimental = SimpleNamespace(set_memory_growth=lambda *one: grown.append(one))\n"
        "gpus = {'GPU': ['GPU:0', 'GPU:1']}\n"
        "config = SimpleNamespace(list_physical_devices=gpus.get, experimental=experimental)\n"
    )
    code = """
from kcnn.backend import start_tensorflow
start_tensorflow()
import tensorflow
print(tensorflow.grown)
"""
    done = run_python(code, tmp_path)
    assert done.stdout == "[('GPU:0', True), ('GPU:1', True)]\n", done.stderr


def test_what_a_failing_start_wrote_is_shown(tmp_path: Path) -> None:
    (tmp_path / "keras.py").write_text(
        "import os\nos.write(2, b'a library is missing\\n')\n1 / 0\n"
    )
    done = run_python("from kcnn.backend import start_tensorflow; start_tensorflow()", tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("a library is missing\n")
    assert "ZeroDivisionError" in done.stderr


def test_garbage_waits_until_tensorflow_is_there(tmp_path: Path) -> None:
    code = """
import gc
from kcnn.backend import start_tensorflow
start_tensorflow()
collections = sum(generation["collections"] for generation in gc.get_stats())
print(collections < 50, gc.isenabled(), gc.get_freeze_count() > 100_000)
"""
    assert run_python(code, tmp_path).stdout == "True True True\n"
