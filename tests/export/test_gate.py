from __future__ import annotations

import tempfile
from pathlib import Path

import keras
import numpy as np
import pytest

from kcnn.data.dataset import MemoryImages
from kcnn.errors import ExportError
from kcnn.export import gate, saved_model
from kcnn.export.agreement import compare
from kcnn.export.format import Options
from kcnn.export.gate import RuntimeResult, run_artefact
from kcnn.export.runner import CANNOT_WRITE, save_array
from kcnn.export.source import Source
from kcnn.progress import Event, Progress, TaskAdvanced, TaskFinished

IMAGES = np.random.default_rng(0).integers(0, 256, (700, 6, 6, 1), np.uint8)
LABELED = MemoryImages(IMAGES, np.zeros(700, np.int32))
NAMES = ("a", "b", "c")


def classifier(policy: str = "float32") -> keras.Model:
    keras.utils.set_random_seed(2)
    image = keras.Input((6, 6, 1), name="image")
    outputs = keras.layers.Rescaling(1 / 255, dtype="float32")(image)
    outputs = keras.layers.Conv2D(4, 3, dtype=policy)(outputs)
    outputs = keras.layers.Flatten(dtype=policy)(outputs)
    outputs = keras.layers.Dense(3, activation="softmax", dtype="float32")(outputs)
    return keras.Model(image, outputs)


class Counted(Progress):
    """Count the images done, and record whether the task succeeded."""

    def __init__(self) -> None:
        self.done = 0
        self.succeeded = False

    def receive(self, event: Event) -> None:
        match event:
            case TaskAdvanced(count):
                self.done += count
            case TaskFinished(failed):
                self.succeeded = not failed


def write(model: keras.Model, folder: Path) -> Path:
    saved_model.write(Source(model, folder, NAMES), Options(), folder / "1")
    return folder / "1"


def run(
    artefact: Path, images: MemoryImages = LABELED, progress: Progress | None = None
) -> RuntimeResult:
    return run_artefact(saved_model, Options(), artefact, images, 500, progress or Progress())


@pytest.mark.slow
def test_runs_an_artefact_with_every_signature(tmp_path) -> None:
    model = classifier()
    done = run(write(model, tmp_path))
    assert len(done.predictions) == len(saved_model.SIGNATURES)
    assert done.runtime.startswith("TensorFlow 2.")
    assert set(done.milliseconds) == {1, 32}
    assert 0 < done.milliseconds[32] < done.milliseconds[1]
    assert 100 < done.peak_memory_mb < 5000  # of that process, not of this one
    probabilities = model.predict(IMAGES, verbose=0)
    agreement = compare(done.predictions, probabilities, probabilities.argmax(axis=1))
    assert agreement.within(saved_model.tolerance(Options()))
    assert (agreement.images, agreement.other_classes, agreement.accuracy) == (700, 0, 1)


@pytest.mark.slow
def test_temporary_folder_without_room_for_the_predictions(
    small_disk: Path, tmp_path: Path, monkeypatch
) -> None:
    artefact = write(classifier(), tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    count = 5000  # their predictions are 60 kB, twice, and the disk has 64 KiB
    images = MemoryImages(np.resize(IMAGES, (count, 6, 6, 1)), np.zeros(count, np.int32))
    with pytest.raises(ExportError) as caught:
        run(artefact, images)
    assert caught.value.message == f"{small_disk}: cannot be written: No space left on device"
    assert "writes its predictions there: make room" in caught.value.hint
    assert "TMPDIR" in caught.value.hint
    assert not list(small_disk.iterdir())


def test_save_array_raises_if_the_last_bytes_do_not_fit(small_disk: Path) -> None:
    (small_disk / "others.bin").write_bytes(bytes(15 * 4096))
    with pytest.raises(OSError, match="No space left on device"):
        save_array(small_disk / "predictions.npy", np.zeros(1000, np.float32))


def test_save_array_writes_what_numpy_loads(tmp_path: Path) -> None:
    save_array(tmp_path / "predictions.npy", IMAGES[:, ::2])
    np.testing.assert_array_equal(np.load(tmp_path / "predictions.npy"), IMAGES[:, ::2])


def test_process_that_cannot_write_its_predictions(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(gate, "RUNNER", tmp_path / "script.py")
    gate.RUNNER.write_text(f"print(700); print('Disk quota exceeded'); exit({CANNOT_WRITE})")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    counted = Counted()
    with pytest.raises(ExportError) as caught:
        run(tmp_path, progress=counted)
    assert (counted.done, counted.succeeded) == (700, False)
    assert caught.value.message == f"{tmp_path}: cannot be written: Disk quota exceeded"
    assert "report" not in caught.value.hint


def test_ignores_lines_that_libraries_print(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(gate, "RUNNER", tmp_path / "script.py")
    gate.RUNNER.write_text(
        "import json, os, sys, numpy\n"
        "os.write(1, b'500\\nplugin 7 loaded\\n\\n\\xff\\n-1\\n1e3\\n200\\n')\n"
        "pixels = numpy.frombuffer(sys.stdin.buffer.read(), numpy.uint8)\n"
        "task = json.loads(sys.argv[1])\n"
        "for index in range(len(task['signatures'])):\n"
        "    path = f\"{task['folder']}/{index}.npy\"\n"
        "    numpy.save(path, pixels.reshape(task['shape']))\n"
        "measured = {'runtime': 'none', 'ms': {'1': 0.5}, 'peak_memory_mb': 1}\n"
        "open(task['folder'] + '/measured.json', 'w').write(json.dumps(measured))\n"
    )
    counted = Counted()
    done = run(tmp_path, progress=counted)
    assert (counted.done, counted.succeeded) == (700, True)
    np.testing.assert_array_equal(done.predictions, [IMAGES, IMAGES])
    assert done.milliseconds == {1: 0.5}


def test_temporary_folder_that_does_not_exist(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(ExportError, match="gone: cannot be written: No such file or directory"):
        run(tmp_path)


def test_process_that_is_killed(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(gate, "RUNNER", tmp_path / "script.py")
    gate.RUNNER.write_text("import os; os.kill(os.getpid(), 9)")
    with pytest.raises(ExportError, match="checks SavedModel was killed by signal 9") as caught:
        run(tmp_path)
    assert caught.value.hint == "was there enough memory?"


def test_missing_predictions_are_not_reported_as_a_full_disk(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(gate, "RUNNER", tmp_path / "script.py")
    gate.RUNNER.touch()
    with pytest.raises(FileNotFoundError):
        run(tmp_path)


@pytest.mark.slow
def test_refuses_a_damaged_saved_model(tmp_path) -> None:
    artefact = write(classifier(), tmp_path)
    (artefact / "saved_model.pb").write_bytes(b"rubbish")
    with pytest.raises(ExportError, match="SavedModel cannot run what was written: ") as caught:
        run(artefact)
    assert "\n" not in caught.value.message
    assert "saved_model.pb" in caught.value.message
