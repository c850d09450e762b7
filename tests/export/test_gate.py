from __future__ import annotations

import tempfile
from pathlib import Path

import keras
import numpy as np
import pytest

from kcnn.data.dataset import Images
from kcnn.errors import ExportError
from kcnn.export import gate
from kcnn.export.gate import ask, require_agreement, tolerance
from kcnn.export.plain_tensorflow import CANNOT_WRITE, save_array
from kcnn.export.saved_model import SIGNATURES, write_saved_model
from kcnn.progress import Event, Progress, TaskAdvanced, TaskFinished

IMAGES = np.random.default_rng(0).integers(0, 256, (700, 6, 6, 1), np.uint8)
NAMES = ("a", "b", "c")


def classifier(policy: str = "float32") -> keras.Model:
    keras.utils.set_random_seed(2)
    image = keras.Input((6, 6, 1), name="image")
    x = keras.layers.Rescaling(1 / 255, dtype="float32")(image)
    x = keras.layers.Conv2D(4, 3, dtype=policy)(x)
    x = keras.layers.Flatten(dtype=policy)(x)
    return keras.Model(image, keras.layers.Dense(3, activation="softmax", dtype="float32")(x))


class Counted(Progress):
    """Adds up what was done, and hears whether it came to its end."""

    def __init__(self) -> None:
        self.done = 0
        self.ended = False

    def receive(self, event: Event) -> None:
        match event:
            case TaskAdvanced(count):
                self.done += count
            case TaskFinished(failed):
                self.ended = not failed


def test_tolerance_follows_the_precision() -> None:
    assert tolerance(classifier()) == 1e-5
    assert tolerance(classifier("mixed_bfloat16")) == gate.TOLERANCES["bfloat16"]
    assert tolerance(classifier("mixed_float16")) == gate.TOLERANCES["float16"]


@pytest.mark.slow
def test_agreement_and_disagreement(tmp_path) -> None:
    model = classifier("mixed_bfloat16")
    write_saved_model(model, NAMES, {}, tmp_path)
    probabilities = model.predict(IMAGES, verbose=0)
    labels = probabilities.argmax(axis=1)
    labels[:70] = (labels[:70] + 1) % 3

    def compare(expected: np.ndarray):
        return require_agreement(
            tmp_path, model, Images(IMAGES, labels), expected, batch_size=500, progress=Progress()
        )

    agreement = compare(probabilities)
    assert agreement.images == 700
    assert agreement.different_classes <= 1
    assert agreement.accuracy == pytest.approx(0.9, abs=0.002)

    # One image of the last batch is enough to refuse it, and so is NaN.
    wrong = probabilities.copy()
    wrong[-1] = np.roll(wrong[-1], 1)
    with pytest.raises(ExportError, match="1 of 700 images got another class"):
        compare(wrong)
    with pytest.raises(ExportError, match="differ by up to nan"):
        compare(np.full_like(probabilities, np.nan))


def test_no_room_for_the_test_set_in_the_temporary_folder(small_disk: Path, monkeypatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    with pytest.raises(ExportError, match=f"^{small_disk}: cannot be written: ") as caught:
        ask(Path("saved_model"), tuple(SIGNATURES), np.repeat(IMAGES, 4, axis=0), 500, Progress())
    assert caught.value.message.endswith(": No space left on device")
    assert "the test set there, 101 kB" in caught.value.hint
    assert "TMPDIR" in caught.value.hint
    assert not list(small_disk.iterdir())


@pytest.mark.slow
def test_no_room_for_the_answers(small_disk: Path, tmp_path: Path, monkeypatch) -> None:
    write_saved_model(classifier(), NAMES, {}, tmp_path / "export")
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    images = np.resize(IMAGES, (1700, 6, 6, 1))  # 61 kB of the disk's 64 KiB
    with pytest.raises(ExportError) as caught:
        ask(tmp_path / "export", tuple(SIGNATURES), images, 500, Progress())
    assert caught.value.message == f"{small_disk}: cannot be written: No space left on device"
    assert "the test set there, 62 kB, and the answers to it: make room" in caught.value.hint
    assert not list(small_disk.iterdir())


def test_a_disk_that_the_last_bytes_of_an_array_fill(small_disk: Path) -> None:
    (small_disk / "others.bin").write_bytes(bytes(15 * 4096))
    with pytest.raises(OSError, match="No space left on device"):
        save_array(small_disk / "answers.npy", np.zeros(1000, np.float32))


def test_an_array_comes_back_whole(tmp_path: Path) -> None:
    save_array(tmp_path / "answers.npy", IMAGES[:, ::2])
    np.testing.assert_array_equal(np.load(tmp_path / "answers.npy"), IMAGES[:, ::2])


def test_a_process_that_cannot_write_its_answers(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(gate, "SCRIPT", tmp_path / "script.py")
    gate.SCRIPT.write_text(f"print(700); print('Disk quota exceeded'); exit({CANNOT_WRITE})")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    counted = Counted()
    with pytest.raises(ExportError) as caught:
        ask(tmp_path, tuple(SIGNATURES), IMAGES, 500, counted)
    assert (counted.done, counted.ended) == (700, False)
    assert caught.value.message == f"{tmp_path}: cannot be written: Disk quota exceeded"
    assert "report" not in caught.value.hint


def test_what_a_library_prints_is_no_number_of_images(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(gate, "SCRIPT", tmp_path / "script.py")
    gate.SCRIPT.write_text(
        "import os, shutil, sys\n"
        "os.write(1, b'500\\nplugin 7 loaded\\n\\n\\xff\\n-1\\n1e3\\n200\\n')\n"
        "shutil.copy(sys.argv[2], sys.argv[3] + '/one.npy')\n"
    )
    counted = Counted()
    answers = ask(tmp_path, ("one",), IMAGES, 500, counted)
    assert (counted.done, counted.ended) == (700, True)
    np.testing.assert_array_equal(answers["one"], IMAGES)


def test_a_temporary_folder_that_is_gone(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(ExportError, match="gone: cannot be written: No such file or directory"):
        ask(tmp_path, tuple(SIGNATURES), IMAGES, 500, Progress())


def test_a_process_that_is_killed(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(gate, "SCRIPT", tmp_path / "script.py")
    gate.SCRIPT.write_text("import os; os.kill(os.getpid(), 9)")
    with pytest.raises(ExportError, match="checks the export was killed by signal 9") as caught:
        ask(tmp_path, tuple(SIGNATURES), IMAGES, 500, Progress())
    assert caught.value.hint == "nothing was exported; was there enough memory?"


def test_an_answer_that_is_not_there_is_not_the_temporary_folder_s(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(gate, "SCRIPT", tmp_path / "script.py")
    gate.SCRIPT.touch()
    with pytest.raises(FileNotFoundError):
        ask(tmp_path, tuple(SIGNATURES), IMAGES, 500, Progress())


@pytest.mark.slow
def test_a_damaged_export(tmp_path) -> None:
    write_saved_model(classifier(), NAMES, {}, tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"rubbish")
    with pytest.raises(ExportError, match="cannot be run by TensorFlow alone: ") as caught:
        ask(tmp_path, tuple(SIGNATURES), IMAGES, 500, Progress())
    assert "\n" not in caught.value.message
    assert "saved_model.pb" in caught.value.message or "SavedModel" in caught.value.message
