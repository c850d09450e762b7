"""The script beside exported models, with a runtime that needs NumPy only."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kcnn.commands.predict import Prediction, Predictions
from kcnn.console.predict import predictions_text
from kcnn.export import artefact

EXPORT = Path(artefact.__file__).parent
NAMES = ["red", "green", "blue"]
# Its classes are the three colors: the mean of each, as a part of their sum.
RUNTIME = """
import os
import numpy as np

os.write(2, b"INFO: as TensorFlow logs")

def load(path):
    assert path.endswith("model.bin")

    def predict(images):
        assert images.dtype == np.uint8
        assert BATCH_SIZE in (None, len(images))
        means = images.mean(axis=(1, 2), dtype=np.float32)
        return means / means.sum(axis=1, keepdims=True)

    return predict
"""

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that writes an artefact's folder; it takes further facts of kcnn.json."""

    def write(runtime: str = RUNTIME, **facts: object) -> Path:
        folder = tmp_path / "artefact"
        folder.mkdir()
        description = {
            "image_size": [8, 12],
            "channels": 3,
            "resize": "fit",
            "several_labels": False,
            "batch_size": None,
            "file": "model.bin",
            **facts,
        }
        (folder / "kcnn.json").write_text(json.dumps(description))
        (folder / "class_names.json").write_text(json.dumps(facts.get("class_names", NAMES)))
        constant = f"BATCH_SIZE = {description['batch_size']}\n"
        (folder / "runtime.py").write_text(runtime + constant)
        for script in artefact.SCRIPTS:
            shutil.copyfile(EXPORT / script, folder / script)
        return folder

    return write


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    """Write four images, and return their paths."""
    colors = {"a.png": (200, 50, 0), "b.jpg": (2, 4, 250), "c.gif": "lime", "d.bmp": "white"}
    for name, color in colors.items():
        Image.new("RGB", (30, 20), color).save(tmp_path / name)
    return [str(tmp_path / name) for name in colors]


def run(
    folder: Path, *arguments: str, python: Sequence[str] = (), **settings: object
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *python, str(folder / "use.py"), *arguments]
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        command, capture_output=True, text=True, encoding="utf-8", **settings
    )


def test_prints_what_kcnn_predict_prints(make: Make, photos: list[str]) -> None:
    folder = make()
    done = run(folder, *photos, "--top", "2")
    assert (done.returncode, done.stderr) == (0, "")
    listed = json.loads(run(folder, *photos, "--top", "2", "--json").stdout)
    images = tuple(
        Prediction(
            Path(row["image"]), tuple((c["class"], c["probability"]) for c in row["classes"])
        )
        for row in listed
    )
    assert Predictions(images).as_json() == listed
    assert done.stdout == predictions_text(Predictions(images)).replace("─", "-") + "\n"
    assert [image.classes[0] for image in images] == [
        ("red", pytest.approx(0.8)),
        ("blue", pytest.approx(250 / 256, abs=0.02)),  # JPEG changes colors
        ("green", 1.0),
        ("red", pytest.approx(1 / 3)),
    ]
    assert "\n" + photos[2] + "  green 100.0 %  red 0.0 %\n" in done.stdout


def test_prints_labels_above_their_thresholds(make: Make, photos: list[str]) -> None:
    folder = make(several_labels=True, thresholds=[0.15, None, 0.6])
    done = run(folder, *photos)
    images = (
        Prediction(Path(photos[0]), (("red", 0.8),)),
        Prediction(Path(photos[1]), (("blue", 0.97),)),
        Prediction(Path(photos[2]), (("green", 1.0),)),
        Prediction(Path(photos[3]), (("red", 1 / 3),)),
    )
    text = predictions_text(Predictions(images, thresholds=(0.15, 0.5, 0.6)))
    table = text.partition("\n\n")[0].replace("─", "-")
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        line.split()[:2] for line in table.splitlines()
    ]
    (folder / "kcnn.json").write_text(
        (folder / "kcnn.json").read_text().replace("[0.15, null, 0.6]", "null")
    )
    assert run(folder, photos[3]).stdout.endswith(f"\n{photos[3]}  no label\n")


def test_takes_batches_of_one_size(make: Make, photos: list[str]) -> None:
    done = run(make(batch_size=4), *photos, "--json")
    assert done.stderr == ""
    found = [row["classes"][0] for row in json.loads(done.stdout)]
    assert [best["class"] for best in found] == ["red", "blue", "green", "red"]
    assert found[0]["probability"] == pytest.approx(0.8)


def test_can_be_imported(make: Make, photos: list[str]) -> None:
    folder = make()
    program = (
        "from use import classify, read_image; import json, sys; "
        "print(json.dumps([classify(sys.argv[1]), read_image(sys.argv[1]).tolist()]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, photos[0]], cwd=folder, capture_output=True, check=True
    )
    classes, pixels = json.loads(done.stdout)
    assert classes == [["red", pytest.approx(0.8)], ["green", pytest.approx(0.2)], ["blue", 0.0]]
    expected = np.zeros((8, 12, 3), int)
    expected[:] = (200, 50, 0)
    assert pixels == expected.tolist()


def test_reports_files_that_are_no_images_in_one_line_each(
    make: Make, photos: list[str], tmp_path: Path
) -> None:
    (tmp_path / "notes.jpg").write_text("some text")
    bad = [str(tmp_path / name) for name in ("notes.jpg", "none.png", "artefact")]
    done = run(make(), bad[0], photos[0], *bad[1:])
    assert done.returncode == 1
    assert f"{photos[0]}  red 80.0 %  green 20.0 %" in done.stdout
    first, second, third = done.stderr.splitlines()
    assert first.startswith(f"error: {bad[0]}: not a PNG or JPEG or BMP or GIF or WEBP or TIFF")
    assert second == f"error: {bad[1]}: No such file or directory"
    assert third.startswith(f"error: {bad[2]}: ")


def test_prints_no_table_without_an_image(make: Make, tmp_path: Path) -> None:
    done = run(make(), str(tmp_path / "none.png"))
    assert (done.returncode, done.stdout) == (1, "")


def test_names_the_file_of_the_model_that_is_missing(make: Make, photos: list[str]) -> None:
    folder = make()
    (folder / "kcnn.json").unlink()
    done = run(folder, photos[0])
    assert done.returncode == 1
    assert done.stderr == f"error: {folder / 'kcnn.json'}: No such file or directory\n"


@pytest.mark.parametrize("name", ["runtime.py", "image_file.py"])
def test_names_its_own_file_that_is_missing(name: str, make: Make, photos: list[str]) -> None:
    folder = make()
    (folder / name).unlink()
    done = run(folder, photos[0])
    assert done.returncode == 1
    assert done.stderr == f"error: {folder / name}: No such file or directory\n"


@pytest.mark.parametrize("name", ["kcnn.json", "class_names.json"])
def test_names_its_own_file_that_is_damaged(name: str, make: Make, photos: list[str]) -> None:
    folder = make()
    (folder / name).write_text("{")
    done = run(folder, photos[0])
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {folder / name}: damaged: ")
    assert len(done.stderr.splitlines()) == 1


def test_names_a_model_that_cannot_be_loaded(make: Make, photos: list[str]) -> None:
    folder = make("def load(path):\n    raise RuntimeError('no such\\nmodel')\n")
    done = run(folder, photos[0])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: {folder / 'model.bin'}: cannot be loaded: no such\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_names_a_full_disk_in_one_line(make: Make, photos: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, str(make() / "use.py"), photos[0]],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert (done.returncode, done.stderr) == (1, "error: No space left on device\n")


def test_refuses_to_print_no_class(make: Make, photos: list[str]) -> None:
    done = run(make(), photos[0], "--top", "0")
    assert done.returncode == 2
    assert done.stderr.endswith("error: --top: expected 1 or more\n")


def test_names_a_package_that_is_missing(make: Make, photos: list[str]) -> None:
    folder = make("def load(path):\n    from some_runtime.interpreter import Interpreter\n")
    done = run(folder, photos[0])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: the package some-runtime is not installed\nfix: pip install some-runtime\n"
    )
    description = json.loads((folder / "kcnn.json").read_text())
    description["install"] = "pip install some-runtime numpy pillow"
    (folder / "kcnn.json").write_text(json.dumps(description))
    assert run(folder, photos[0]).stderr.endswith("fix: pip install some-runtime numpy pillow\n")
    del description["install"]
    (folder / "kcnn.json").write_text(json.dumps(description))
    (folder / "runtime.py").write_text("raise ImportError('libruntime.so: cannot open')")
    assert run(folder, photos[0]).stderr == "error: libruntime.so: cannot open\n"
    shutil.rmtree(folder)
    folder = make()
    for change, fix in (
        ("sys.modules['PIL'] = None", "fix: pip install pillow"),
        ("import PIL.Image; PIL.__version__ = '9.4.0'", "fix: pip install 'pillow>=11'"),
    ):
        program = (
            f"import sys; {change}; sys.argv = sys.argv[1:]; sys.path.insert(0, '.'); "
            "import runpy; runpy.run_path(sys.argv[0], run_name='__main__')"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, "use.py", photos[0]],
            cwd=folder,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert done.stderr.splitlines()[1:] == [fix]


def test_prints_strange_names_anywhere(make: Make, tmp_path: Path) -> None:
    folder = make(class_names=["r\x1b[31m", "日本", "\udcff"])
    Image.new("RGB", (4, 4), "red").save(tmp_path / "a.png")
    for encoding in ("ascii", "utf-8"):
        environment = {"PYTHONIOENCODING": encoding}
        done = run(folder, str(tmp_path / "a.png"), env=environment)
        assert (done.returncode, done.stderr) == (0, "")
        assert "r\\u001b[31m 100.0 %" in done.stdout
        assert ("日本" if encoding == "utf-8" else "\\u65e5\\u672c") in done.stdout
