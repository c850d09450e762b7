from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kcnn.data.dataset import MemoryImages
from kcnn.errors import ConversionError
from kcnn.export.format import Options
from kcnn.export.gate import RuntimeResult, run_artefact
from kcnn.progress import Progress

IMAGES = np.random.default_rng(0).integers(0, 256, (21, 2, 3, 1), np.uint8)
EXPECTED = IMAGES.reshape(21, 6).astype(np.float32)

# Returns the pixels as probabilities.
RUNTIME = """
import numpy

def load(path, signature="none"):
    {on_load}
    def predict(images):
        {on_batch}
        return images.reshape(len(images), -1).astype("float32")
    return predict

def version():
    return "Pixels 1.0"
"""


def run(folder: Path, on_load: str = "", on_batch: str = "", **members: Any) -> RuntimeResult:
    runtime = folder / "runtime_of_test.py"
    runtime.write_text(RUNTIME.format(on_load=on_load or "pass", on_batch=on_batch or "pass"))
    form: Any = SimpleNamespace(
        TITLE="Pixels", RUNTIME=runtime, SIGNATURES=(), WITHOUT=(), BATCH_SIZE=None
    )
    vars(form).update(members)
    batch_size = members.pop("batch_size", None)
    images = MemoryImages(IMAGES, np.zeros(len(IMAGES), np.int32))
    return run_artefact(form, Options(batch_size=batch_size), folder, images, 10, Progress())


def test_predicts_in_batches(tmp_path: Path) -> None:
    done = run(tmp_path, on_batch="assert len(images) in (10, 1, 32)")
    np.testing.assert_array_equal(done.predictions, [EXPECTED])
    assert done.runtime == "Pixels 1.0"
    assert set(done.milliseconds) == {1, 32}


def test_pads_the_last_batch_of_a_fixed_size(tmp_path: Path) -> None:
    done = run(tmp_path, on_batch="assert len(images) == 8", batch_size=8)
    np.testing.assert_array_equal(done.predictions, [EXPECTED])
    assert done.milliseconds == {}


@pytest.mark.parametrize("module", ["kcnn", "tensorflow"])
def test_a_runtime_may_not_import_what_it_shall_do_without(module: str, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=f"Pixels cannot run .*{module}"):
        run(tmp_path, on_load=f"import {module}", WITHOUT=("tensorflow",))


def test_loads_each_signature(tmp_path: Path) -> None:
    done = run(tmp_path, on_load="assert signature in ('a', 'b')", SIGNATURES=("a", "b"))
    np.testing.assert_array_equal(done.predictions, [EXPECTED, EXPECTED])
