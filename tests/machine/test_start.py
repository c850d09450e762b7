from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from kcnn.errors import KcnnError
from kcnn.machine.start import (
    numeric_environment,
    start_environment,
    start_tensorflow,
    uses_onednn,
)

REPOSITORY = Path(__file__).resolve().parents[1]


STARTS = "from kcnn.machine.start import start_tensorflow; start_tensorflow()"


def run_python(code: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**kept, "PYTHONPATH": f"{folder}{os.pathsep}{REPOSITORY}", **environment},
        capture_output=True,
        text=True,
    )


def test_tensorflow_starts_in_silence_with_onednn_and_collects_no_garbage(tmp_path: Path) -> None:
    code = """
import gc, platform, sys
from kcnn.machine.start import start_tensorflow, uses_onednn
start_tensorflow()
collections = sum(generation["collections"] for generation in gc.get_stats())
assert collections < 50, collections
assert gc.isenabled()
assert gc.get_freeze_count() > 100_000
import keras, tensorflow
from tensorflow.python.util import _pywrap_util_port
if platform.machine() in ("x86_64", "AMD64"):  # elsewhere TensorFlow's choice stands
    assert _pywrap_util_port.IsMklEnabled() is uses_onednn() is True
assert keras.backend.backend() == "tensorflow"
start_tensorflow()
tensorflow.constant(1.0) + 1
print("heard on standard error", file=sys.stderr)
"""
    done = run_python(code, tmp_path, KERAS_BACKEND="jax")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "heard on standard error\n")


@pytest.mark.slow
def test_onednn_can_be_turned_off(tmp_path: Path) -> None:
    code = """
from kcnn.machine.start import start_tensorflow, uses_onednn
start_tensorflow()
from tensorflow.python.util import _pywrap_util_port
assert _pywrap_util_port.IsMklEnabled() == uses_onednn()
print(uses_onednn())
"""
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("TensorFlow's choice stands")
    assert run_python(code, tmp_path, TF_ENABLE_ONEDNN_OPTS="0").stdout == "False\n"


@pytest.mark.parametrize("processor", ["arm64", "aarch64"])
def test_other_processors_are_left_to_tensorflow(
    processor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    monkeypatch.setattr(platform, "machine", lambda: processor)
    assert "TF_ENABLE_ONEDNN_OPTS" not in start_environment()
    assert uses_onednn() is None


def test_gpu_memory_grows_as_needed(tmp_path: Path) -> None:
    (tmp_path / "keras.py").write_text(
        "from unittest.mock import MagicMock\nconfig = MagicMock()\n"
    )
    (tmp_path / "tensorflow.py").write_text(
        "from types import SimpleNamespace\n"
        "grown = []\n"
        "experimental = SimpleNamespace(set_memory_growth=lambda *one: grown.append(one))\n"
        "gpus = {'GPU': ['GPU:0', 'GPU:1']}\n"
        "config = SimpleNamespace(list_physical_devices=gpus.get, experimental=experimental)\n"
    )
    code = """
from kcnn.machine.start import start_tensorflow
start_tensorflow()
import tensorflow
print(tensorflow.grown)
"""
    done = run_python(code, tmp_path)
    assert done.stdout == "[('GPU:0', True), ('GPU:1', True)]\n", done.stderr


def test_output_of_a_failed_start_is_printed(tmp_path: Path) -> None:
    (tmp_path / "keras.py").write_text(
        "import os\nos.write(2, b'a library is missing\\n')\n1 / 0\n"
    )
    done = run_python(
        "from kcnn.machine.start import start_tensorflow; start_tensorflow()", tmp_path
    )
    assert done.returncode == 1
    assert done.stderr.startswith("a library is missing\n")
    assert "ZeroDivisionError" in done.stderr


@pytest.mark.parametrize(
    ("end", "shown"),
    [
        ("os.write(2, b'F0000 Unknown flag\\n'); os._exit(1)", "F0000 Unknown flag\n"),
        ("os.write(2, b'F0000 Fatal\\n'); os.write(2, b'a stack'); os._exit(1)", "F0000 Fatal\n"),
        ("os.write(2, b'no fatal line'); os._exit(1)", "no fatal line\n"),
        ("os._exit(1)", ""),
        ("os.kill(os.getpid(), signal.SIGILL)", "Fatal Python error: Illegal instruction\n"),
        ("os.abort()", "Fatal Python error: Aborted\n"),
    ],
)
def test_a_process_that_tensorflow_ends_is_not_mute(end: str, shown: str, tmp_path: Path) -> None:
    (tmp_path / "keras.py").write_text(f"import os, signal\n{end}\n")
    done = run_python(
        "from kcnn.machine.start import start_tensorflow; start_tensorflow()", tmp_path
    )
    assert done.returncode
    error = "error: the process ended while TensorFlow was starting\nfix: "
    assert done.stderr.startswith(shown + error)
    assert len(done.stderr.splitlines()) == 2 + bool(shown)


def test_without_another_process_nothing_is_held_back(tmp_path: Path) -> None:
    (tmp_path / "keras.py").write_text("import os\nos.write(2, b'one\\n')\nos._exit(1)\n")
    code = "import sys; sys.executable = {!r}; import kcnn.machine.start as b; b.start_tensorflow()"
    for executable in ("", str(tmp_path / "missing")):
        assert run_python(code.format(executable), tmp_path).stderr == "one\n"


def test_libraries_that_cannot_be_loaded(tmp_path: Path) -> None:
    (tmp_path / "keras.py").write_text("raise ImportError('Traceback\\nDLL load failed')\n")
    code = "from kcnn.cli import cli; cli(['doctor'])"
    done = run_python(code, tmp_path)
    assert done.returncode == 1
    message, hint = done.stderr.splitlines()[-2:]
    assert message == "error: TensorFlow cannot be loaded: DLL load failed"
    assert hint.startswith("fix: install it again")


def test_without_a_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setattr(tempfile, "gettempdir", missing)
    with pytest.raises(KcnnError, match="no folder for temporary files") as caught:
        start_tensorflow()
    assert "TMPDIR" in str(caught.value.hint)


@pytest.fixture
def keras_home(tmp_path: Path) -> Path:
    """A folder for keras.json."""
    home = tmp_path / "keras_home"
    home.mkdir()
    return home


@pytest.mark.slow
def test_settings_that_keras_reads_are_reset(keras_home: Path) -> None:
    settings = {"floatx": "float16", "epsilon": 0.5, "image_data_format": "channels_first"}
    (keras_home / "keras.json").write_text(json.dumps({**settings, "backend": "jax"}))
    code = """
from kcnn.machine.start import start_tensorflow
start_tensorflow()
import keras
c = keras.config
print(c.floatx(), c.epsilon(), c.image_data_format(), c.backend(), c.dtype_policy().name)
print(c.max_epochs(), c.max_steps_per_epoch(), keras.layers.Conv2D(1, 1).data_format)
c.set_floatx("float16")
c.set_image_data_format("channels_first")
start_tensorflow()
print(c.floatx(), c.image_data_format())
"""
    done = run_python(
        code,
        keras_home,
        KERAS_HOME=str(keras_home),
        KERAS_MAX_EPOCHS="1",
        KERAS_MAX_STEPS_PER_EPOCH="one",
        KERAS_NNX_ENABLED="true",
    )
    assert done.stdout == (
        "float32 1e-07 channels_last tensorflow float32\n"
        "None None channels_last\n"
        "float32 channels_last\n"
    ), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"floatx": "float12"}', "Invalid `floatx` configuration"),
        ("[]", "'list' object has no"),
        ("[" * 100_000, "maximum recursion depth"),
    ],
)
def test_a_keras_json_that_keras_refuses(text: str, reason: str, keras_home: Path) -> None:
    (keras_home / "keras.json").write_text(text)
    code = """
from kcnn.machine.start import start_tensorflow
from kcnn.errors import KcnnError
try:
    start_tensorflow()
except KcnnError as error:
    print(error, error.hint, sep="\\n")
"""
    done = run_python(code, keras_home, KERAS_HOME=str(keras_home))
    message, hint = done.stdout.splitlines()
    assert message.startswith(f"{keras_home / 'keras.json'}: Keras cannot use it: {reason}")
    assert hint.startswith("fix the file or remove it")
    assert done.stderr == ""


def test_variables_that_change_numbers_are_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        monkeypatch.delenv(name)
    kept = {"OMP_NUM_THREADS": "2", "TF_ENABLE_ONEDNN_OPTS": "1", "XLA_FLAGS": "--xla_gpu_x"}
    secret = ("TF_VAR_password", "TF_TOKEN_example_com", "TF_CLI_CONFIG_FILE", "TF_CLI_ARGS")
    for name, value in {**dict.fromkeys(secret, "secret"), **kept, "AWS_SECRET": "s"}.items():
        monkeypatch.setenv(name, value)
    assert numeric_environment() == kept
