from __future__ import annotations

import tempfile
from pathlib import Path

import keras
import numpy as np
import pytest

from kcnn.data.dataset import MemoryImages
from kcnn.errors import ExportError
from kcnn.export import gate, saved_model
from kcnn.export.format import Options, Tolerance
from kcnn.export.gate import Run, compare, disagreement, run_artefact
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


def run(artefact: Path, images: MemoryImages = LABELED, progress: Progress | None = None) -> Run:
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


def probabilities_of(classes: list[int]) -> np.ndarray:
    return np.float32(0.9) * np.eye(3, dtype=np.float32)[classes] + np.float32(0.05)


def test_compares_with_the_model_and_with_the_labels() -> None:
    model = probabilities_of([0, 1, 2, 0])
    exported = model.copy()
    exported[0] += (-0.5, 0.5, 0.0)
    agreement = compare([model, exported], model, np.array([0, 1, 1, 0]))
    assert agreement.largest_difference == pytest.approx(0.5)
    assert agreement.mean_difference == pytest.approx(1 / 12)
    assert agreement.other_classes == 1
    assert agreement.accuracy == 0.5  # of the worse signature
    assert agreement.within(Tolerance(0.6, 0.25))
    assert agreement.within(Tolerance(None, 0.25))
    assert not agreement.within(Tolerance(0.4, 0.25))
    assert not agreement.within(Tolerance(0.6, 0.01))
    assert agreement.moved == pytest.approx(0.5 / 4)  # of the first of four images
    assert agreement.within(Tolerance(None, 0.25, moved=0.13))
    assert not agreement.within(Tolerance(None, 0.25, moved=0.12))
    error = disagreement(agreement, Tolerance(1e-5, 0))
    assert error.message == (
        "it does not predict what the model predicts: probabilities differ by up to 0.5 (allowed "
        "1e-05), 1 of 4 images get another class (allowed 0)"
    )
    assert error.hint == "nothing was written; please report this with the run's resolved.yaml"
    error = disagreement(agreement, Tolerance(None, 0.01, moved=0.1), "int8")
    assert error.hint == "nothing was written; choose another --quantize, or leave it out"
    assert error.message == (
        "it does not predict what the model predicts: probabilities differ by up to 0.5, "
        "12.5 % of the probability moves to other classes (allowed 10 %), "
        "1 of 4 images get another class (allowed 0)"
    )


@pytest.mark.parametrize(
    ("fraction", "count", "allowed"),
    [(0.0, 10_000, 0), (0.001, 10_000, 16), (0.001, 360, 1), (0.01, 20, 1), (0.25, 10_000, 2586)],
)
def test_in_small_sets_chance_may_bring_more(fraction: float, count: int, allowed: int) -> None:
    assert Tolerance(None, fraction).allowed_images(count) == allowed


def test_nan_is_no_agreement() -> None:
    model = probabilities_of([0, 1, 2])
    wrong = model.copy()
    wrong[1, 1] = np.nan
    for predictions in ([wrong], [model, wrong], [wrong, model]):
        agreement = compare(predictions, model, np.array([0, 1, 2]))
        assert not agreement.within(Tolerance(1, 1))
        assert not agreement.within(Tolerance(None, 1))


def test_compares_several_labels() -> None:
    model = np.array([[0.9, 0.8, 0.1], [0.2, 0.1, 0.0]], np.float32)
    exported = np.array([[0.9, 0.4, 0.1], [0.2, 0.1, 0.0]], np.float32)
    labels = np.array([[1, 1, 0], [0, 0, 0]], np.uint8)
    agreement = compare([exported], model, labels, several_labels=True)
    assert agreement.other_classes == 1
    assert agreement.moved == pytest.approx(0.4 / 6)
    assert agreement.accuracy == pytest.approx(5 / 6)
    assert np.isnan(compare([exported], model, np.array([0, 1]), several_labels=True).accuracy)


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
