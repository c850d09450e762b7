from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from kcnn.commands import predict as module
from kcnn.commands.predict import predict, split_run
from kcnn.data.digits import read_digits
from kcnn.data.find_images import KINDS
from kcnn.data.fitted_images import FittedImages
from kcnn.errors import DataError, RunError
from kcnn.machine import memory
from kcnn.runs.folder import RunFolder


def outputs(run: RunFolder) -> Path:
    return run.path.parents[1]


@pytest.fixture(scope="session")
def digits(tmp_path_factory) -> Path:
    """Write the first 40 test digits as gray PNG files, and return the folder."""
    folder = tmp_path_factory.mktemp("digits")
    for index, image in enumerate(read_digits().test.read_all()[:40]):
        Image.fromarray(image[..., 0]).save(folder / f"{index:02d}.png")
    return folder


def test_predicts_a_folder_in_batches(trained_run, digits, monkeypatch, notes) -> None:
    monkeypatch.setattr(module, "MAX_BATCH_SIZE", 7)
    predictions = predict([digits], None, outputs(trained_run), progress=notes).images
    logits = keras.saving.load_model(trained_run.model, compile=False).predict(
        read_digits().test.read_all()[:40], verbose=0
    )
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert [prediction.path for prediction in predictions] == sorted(digits.iterdir())
    for prediction, expected in zip(predictions, probabilities, strict=True):
        names = [int(name) for name, _ in prediction.classes]
        assert names == np.argsort(-expected)[:3].tolist()
        values = [probability for _, probability in prediction.classes]
        np.testing.assert_allclose(values, expected[names], atol=1e-5)
    assert notes.lines == []


def test_predicts_every_image_format(trained_run, digits, tmp_path) -> None:
    image = Image.open(digits / "00.png")
    files = [tmp_path / name for name in ("rgb.png", "rgba.png", "gray.gif", "gray.bmp")]
    for file, mode in zip(files, ("RGB", "RGBA", "L", "L"), strict=True):
        image.convert(mode).save(file)
    predictions = predict([digits / "00.png", *files], None, outputs(trained_run), top=1).images
    assert [prediction.path for prediction in predictions] == [digits / "00.png", *files]
    for prediction in predictions[1:]:
        assert prediction.classes[0][0] == predictions[0].classes[0][0]
        assert prediction.classes[0][1] == pytest.approx(predictions[0].classes[0][1], abs=1e-4)


def test_notes_images_of_another_size(trained_run, digits, tmp_path, notes) -> None:
    image = Image.open(digits / "00.png")
    image.resize((64, 64), Image.Resampling.NEAREST).save(tmp_path / "large.png")
    image.resize((64, 32)).save(tmp_path / "wide.png")
    image.resize((4, 4)).save(tmp_path / "small.png")
    image.resize((4, 4)).save(tmp_path / "small2.png")
    predictions = predict(
        [digits / "00.png", tmp_path], None, outputs(trained_run), progress=notes
    ).images
    assert predictions[1].classes[0][0] == predictions[0].classes[0][0]
    assert notes.lines == [
        f"1 image stretched to the model's 8x8 ({tmp_path / 'wide.png'}, 64x32)",
        f"2 images enlarged to the model's 8x8 (first {tmp_path / 'small.png'}, 4x4)",
    ]


def test_resizes_as_the_run_was_trained(fruit_run, tmp_path, notes) -> None:
    wide = np.zeros((8, 24, 3), np.uint8)
    wide[:, 8:16] = 255  # cropped, the image is white
    Image.fromarray(wide).save(tmp_path / "wide.png")
    Image.new("RGB", (8, 8), "white").save(tmp_path / "white.png")
    resolved = fruit_run.resolved.read_text()
    fruit_run.resolved.write_text(resolved.replace("folder,", "folder, resize: crop,"))
    cropped, white = predict(
        [tmp_path / "wide.png", tmp_path / "white.png"], None, outputs(fruit_run), progress=notes
    ).images
    assert cropped.classes == white.classes
    assert notes.lines[0].startswith("1 image cropped to the model's ")


def test_gray_images_for_an_rgb_model(run_copy, put_model, digits) -> None:
    put_model(run_copy, "[GlobalAveragePooling2D, Softmax]", (6, 8, 3), ["red", "green", "blue"])
    (prediction,) = predict([digits / "03.png"], None, outputs(run_copy), top=9).images
    assert dict(prediction.classes) == pytest.approx(
        {"red": 1 / 3, "green": 1 / 3, "blue": 1 / 3}, abs=1e-4
    )


def test_writes_a_csv_file(trained_run, digits, tmp_path) -> None:
    file = tmp_path / "new folder" / "predictions.csv"
    first = digits / "00.png"
    (prediction,) = predict([first], None, outputs(trained_run), top=2, csv_file=file).images
    (best, most), (second, less) = prediction.classes
    assert file.read_bytes().decode() == (
        "image,rank,class,probability\n"
        f"{first},1,{best},{most:.6g}\n"
        f"{first},2,{second},{less:.6g}\n"
    )
    with pytest.raises(RunError, match=r"predictions.csv: already exists") as caught:
        predict([first], None, outputs(trained_run), csv_file=file)
    assert caught.value.hint == "choose another --csv file, or remove it"


def test_predicts_the_images_that_can_be_read(trained_run, digits, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(module, "MAX_BATCH_SIZE", 3)
    contents = (b"", b"not an image", b"\x89PNG\r\n\x1a\n", b"")
    bad = [tmp_path / f"bad{number}.png" for number in range(4)]
    for path, content in zip(bad, contents, strict=True):
        path.write_bytes(content)
    good = sorted(digits.iterdir())[:4]
    images = [good[0], bad[0], *good[1:3], *bad[1:], good[3]]
    file = tmp_path / "predictions.csv"
    predictions = predict(images, None, outputs(trained_run), csv_file=file)
    assert predictions.problem is not None
    assert predictions.problem.message.startswith("4 of 8 images cannot be read: ")
    assert all(str(path) in predictions.problem.message for path in bad)
    assert "\n" not in predictions.problem.message
    assert [prediction.path for prediction in predictions.images] == good
    content = file.read_bytes()
    expected = predict(good, None, outputs(trained_run), csv_file=tmp_path / "good.csv").images
    assert (tmp_path / "good.csv").read_bytes() == content
    for prediction, alone in zip(predictions.images, expected, strict=True):
        name, probability = alone.classes[0]
        assert prediction.classes[0] == (name, pytest.approx(probability, abs=1e-6))


def test_writes_nothing_if_no_image_can_be_read(trained_run, tmp_path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"not an image")
    with pytest.raises(DataError, match=r"bad\.png: text, not a PNG, JPEG, BMP, GIF"):
        predict([bad], None, outputs(trained_run), csv_file=tmp_path / "predictions.csv")
    assert list(tmp_path.iterdir()) == [bad]


def test_notes_files_of_other_kinds(trained_run, digits, tmp_path, notes) -> None:
    shutil.copy(digits / "00.png", tmp_path)
    (tmp_path / "photo.psd").touch()
    assert len(predict([tmp_path], None, outputs(trained_run), progress=notes).images) == 1
    assert notes.lines == [f"left out 1 file that is not {KINDS}: 1 .psd"]


def test_refuses_names_that_are_too_long(trained_run, digits, tmp_path) -> None:
    run, images = split_run(["x" * 300 + ".png"], outputs(trained_run))
    with pytest.raises(DataError, match=r"xxx\.png: cannot be read: File name too long"):
        predict(images, run, outputs(trained_run))
    file = tmp_path / ("x" * 300 + ".csv")
    with pytest.raises(RunError, match=r"xxx\.csv: cannot be written: File name too long"):
        predict([digits], None, outputs(trained_run), csv_file=file)


def test_refuses_a_missing_image(trained_run, tmp_path) -> None:
    with pytest.raises(DataError, match=r"gone\.png: no such file"):
        predict([tmp_path / "gone.png"], None, outputs(trained_run))


@pytest.mark.parametrize(
    ("summary", "message"),
    [
        ("{}", "class_names: expected a list with the name"),
        ('{"class_names": ["a", "b"]}', "predicts 10 classes, but there are 2 names"),
    ],
)
def test_refuses_class_names_that_do_not_fit(run_copy, digits, summary, message) -> None:
    run_copy.summary.write_text(summary)
    with pytest.raises(RunError, match=message):
        predict([digits], None, outputs(run_copy))


def test_refuses_a_run_without_a_summary(run_copy, digits) -> None:
    run_copy.summary.unlink()
    with pytest.raises(RunError, match=r"summary.json: missing"):
        predict([digits], None, outputs(run_copy))


def test_split_run_of_arguments(trained_run, digits, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    output_dir = outputs(trained_run)
    assert split_run(["digits/run-001", "a.png"], output_dir) == ("digits/run-001", [Path("a.png")])
    assert split_run([str(trained_run.path)], output_dir) == (str(trained_run.path), [])
    assert split_run([str(digits), "a.png"], output_dir) == (None, [digits, Path("a.png")])
    assert split_run(["gone.png"], output_dir) == (None, [Path("gone.png")])
    # An existing folder means its images, even if a recipe has the same name.
    assert split_run(["digits"], output_dir) == (None, [Path("digits")])


def test_refuses_no_images(trained_run) -> None:
    with pytest.raises(DataError, match="no images to classify"):
        predict([], None, outputs(trained_run))


def test_reads_large_images_in_small_batches(run_copy, put_model, digits, monkeypatch) -> None:
    put_model(run_copy, "[GlobalAveragePooling2D, Softmax]", (6, 8, 3), ["red", "green", "blue"])
    sizes = []
    batches = FittedImages.batches

    def noted(self: FittedImages, paths: list[Path], size: int) -> Iterator[np.ndarray]:
        sizes.append(size)
        return batches(self, paths, size)

    monkeypatch.setattr(FittedImages, "batches", noted)
    for most in (6 * 8 * 3 * 7, 10, 2**26):
        monkeypatch.setattr(memory, "MAX_LAYER_VALUES", most)
        assert len(predict([digits], None, outputs(run_copy)).images) == 40
    assert sizes == [7, 1, 64]
