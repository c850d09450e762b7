from __future__ import annotations

import tempfile
from pathlib import Path

import keras
import numpy as np
import pytest

from kcnn.data.dataset import MemoryImages
from kcnn.errors import ExportError
from kcnn.export import gate
from kcnn.export.gate import predict_in_fresh_process, require_agreement, tolerance
from kcnn.export.plain_tensorflow import CANNOT_WRITE, save_array
from kcnn.export.saved_model import SIGNATURES, write_saved_model
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


def test_tolerance_follows_the_precision() -> None:
    assert tolerance(classifier()) == 1e-5
    assert tolerance(classifier("mixed_bfloat16")) == gate.TOLERANCES["bfloat16"]
    assert tolerance(classifier("mixed_float16")) == gate.TOLERANCES["float16"]


@pytest.mark.slow
def test_accepts_equal_predictions_and_refuses_others(tmp_path) -> None:
    model = classifier("mixed_bfloat16")
    write_saved_model(model, NAMES, {}, tmp_path)
    probabilities = model.predict(IMAGES, verbose=0)
    labels = probabilities.argmax(axis=1)
    labels[:70] = (labels[:70] + 1) % 3

    def compare(expected: np.ndarray):
        return require_agreement(
            tmp_path,
            model,
            MemoryImages(IMAGES, labels),
            expected,
            batch_size=500,
            progress=Progress(),
        )

    agreement = compare(probabilities)
    assert agreement.images == 700
    assert agreement.different_classes <= 1
    assert agreement.accuracy == pytest.approx(0.9, abs=0.002)

    # A single image of the last batch is enough to refuse the export, and so is NaN.
    wrong = probabilities.copy()
    wrong[-1] = np.roll(wrong[-1], 1)
    with pytest.raises(ExportError, match="1 of 700 images have another class"):
        compare(wrong)
    with pytest.raises(ExportError, match="differ by up to nan"):
        compare(np.full_like(probabilities, np.nan))


@pytest.mark.slow
def test_temporary_folder_without_room_for_the_predictions(
    small_disk: Path, tmp_path: Path, monkeypatch
) -> None:
    write_saved_model(classifier(), NAMES, {}, tmp_path / "export")
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    count = 5000  # their predictions are 60 kB, twice, and the disk has 64 KiB
    images = MemoryImages(np.resize(IMAGES, (count, 6, 6, 1)), np.zeros(count, np.int32))
    with pytest.raises(ExportError) as caught:
        predict_in_fresh_process(tmp_path / "export", tuple(SIGNATURES), images, 500, Progress())
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
        predict_in_fresh_process(tmp_path, tuple(SIGNATURES), LABELED, 500, counted)
    assert (counted.done, counted.succeeded) == (700, False)
    assert caught.value.message == f"{tmp_path}: cannot be written: Disk quota exceeded"
    assert "report" not in caught.value.hint


def test_ignores_lines_that_libraries_print(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(gate, "RUNNER", tmp_path / "script.py")
    gate.RUNNER.write_text(
        "import os, sys, numpy\n"
        "os.write(1, b'500\\nplugin 7 loaded\\n\\n\\xff\\n-1\\n1e3\\n200\\n')\n"
        "pixels = numpy.frombuffer(sys.stdin.buffer.read(), numpy.uint8)\n"
        "shape = [int(length) for length in sys.argv[3].split(',')]\n"
        "numpy.save(sys.argv[2] + '/serve.npy', pixels.reshape(shape))\n"
    )
    counted = Counted()
    predictions = predict_in_fresh_process(tmp_path, ("serve",), LABELED, 500, counted)
    assert (counted.done, counted.succeeded) == (700, True)
    np.testing.assert_array_equal(predictions["serve"], IMAGES)


def test_temporary_folder_that_does_not_exist(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(ExportError, match="gone: cannot be written: No such file or directory"):
        predict_in_fresh_process(tmp_path, tuple(SIGNATURES), LABELED, 500, Progress())


def test_process_that_is_killed(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(gate, "RUNNER", tmp_path / "script.py")
    gate.RUNNER.write_text("import os; os.kill(os.getpid(), 9)")
    with pytest.raises(ExportError, match="checks the export was killed by signal 9") as caught:
        predict_in_fresh_process(tmp_path, tuple(SIGNATURES), LABELED, 500, Progress())
    assert caught.value.hint == "nothing was exported; was there enough memory?"


def test_missing_predictions_are_not_reported_as_a_full_disk(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(gate, "RUNNER", tmp_path / "script.py")
    gate.RUNNER.touch()
    with pytest.raises(FileNotFoundError):
        predict_in_fresh_process(tmp_path, tuple(SIGNATURES), LABELED, 500, Progress())


@pytest.mark.slow
def test_refuses_a_damaged_saved_model(tmp_path) -> None:
    write_saved_model(classifier(), NAMES, {}, tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"rubbish")
    with pytest.raises(ExportError, match="cannot be run by TensorFlow alone: ") as caught:
        predict_in_fresh_process(tmp_path, tuple(SIGNATURES), LABELED, 500, Progress())
    assert "\n" not in caught.value.message
    assert "saved_model.pb" in caught.value.message or "SavedModel" in caught.value.message
