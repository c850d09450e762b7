from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from kcnn.machine import unused_packages
from kcnn.machine.unused_packages import UNUSED_PACKAGES, unused_packages_hidden

# Slow to import. A fit of ten classes needs none of them; of UNUSED_PACKAGES, its plots need one.
SLOW = ("pandas", "sklearn", "scipy.stats", "matplotlib.pyplot")
REPORT = f"print(json.dumps([name for name in {(*SLOW, *UNUSED_PACKAGES)} if name in sys.modules]))"


def run_python(code: str, folder: Path) -> list[str]:
    """Run code in a new process; return the list of modules that it prints last."""
    done = subprocess.run(
        [sys.executable, "-c", f"import json, sys\n{code}"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_hides_packages_in_the_block_only(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("loaded_before")
    monkeypatch.setitem(sys.modules, "loaded_before", module)
    monkeypatch.delitem(sys.modules, "this", raising=False)
    monkeypatch.setattr(unused_packages, "_hidden", ["this", "loaded_before"])
    with unused_packages_hidden():
        with pytest.raises(ImportError):
            __import__("this")
        assert __import__("loaded_before") is module
    assert "this" not in sys.modules


def test_a_command_starts_tensorflow_without_them_and_can_import_them_later(tmp_path: Path) -> None:
    code = f"""
from kcnn.console.environment import prepare_environment
from kcnn.machine.start import start_tensorflow
prepare_environment()
start_tensorflow()
loaded = [name for name in {UNUSED_PACKAGES} if name in sys.modules]
import keras, matplotlib, numpy, sklearn
keras.Sequential([keras.layers.Dense(1)]).predict(numpy.ones((1, 2)), verbose=0)
print(json.dumps(loaded))
"""
    assert run_python(code, tmp_path) == []


def test_keras_finds_them_in_another_program(tmp_path: Path) -> None:
    code = f"from kcnn.machine.start import start_tensorflow; start_tensorflow(); {REPORT}"
    assert set(run_python(code, tmp_path)) >= {"matplotlib", "sklearn"}


def test_fit_of_ten_classes_needs_no_slow_module(tmp_path: Path) -> None:
    code = f"""
from kcnn.console.environment import prepare_environment
prepare_environment()
from kcnn.commands.fit import fit
fit("digits", ["train.epochs=1"])
{REPORT}
"""
    assert run_python(code, tmp_path) == ["matplotlib"]
    assert len(list((tmp_path / "outputs" / "digits" / "run-001" / "plots").iterdir())) == 9
