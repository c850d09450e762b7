from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from kcnn.commands.feature_maps import plot_feature_maps
from kcnn.commands.predict import predict
from kcnn.data.digits import read_digits
from kcnn.errors import DataError, RunError
from kcnn.files.atomic import write_csv
from kcnn.runs.folder import RunFolder


@pytest.fixture
def run(run_copy: RunFolder) -> RunFolder:
    write_csv(run_copy.metrics, ["epoch", "loss", "accuracy"], [[1, 0.7, 0.5]])
    return run_copy


@pytest.fixture
def digit(tmp_path: Path) -> Path:
    path = tmp_path / "my seven.png"
    Image.fromarray(read_digits().test.read_all()[7][..., 0]).save(path)
    return path


def plot(run: RunFolder, image: Path, **how) -> list[Path]:
    return plot_feature_maps(image, str(run.path), run.path.parents[1], **how).paths


def test_plot_shows_the_prediction_of_kcnn_predict(run: RunFolder, digit: Path) -> None:
    (path,) = plot(run, digit, image_format="svg")
    (prediction,) = predict([digit], str(run.path), run.path.parents[1], top=1).images
    predicted, probability = prediction.classes[0]
    text = path.read_text(encoding="utf-8")
    assert "my seven.png" in text
    assert f"predicted: {predicted}, {100 * probability:.0f}"[:14] in text
    assert all(name in text for name in ("conv2d", "batch_normalization"))


def test_images_of_the_same_name_have_different_plots(run: RunFolder, digit: Path) -> None:
    other = digit.parent / "other" / digit.name
    other.parent.mkdir()
    Image.fromarray(read_digits().test.read_all()[8][..., 0]).save(other)
    first, second = plot(run, digit)[0], plot(run, other)[0]
    assert first.name.startswith("feature_maps-my-seven-")
    assert first.parent == run.plots
    assert first.name != second.name
    before = first.read_bytes()
    assert plot(run, digit) == [first]
    assert first.read_bytes() == before
    assert {path.name for path in run.plots.iterdir()} == {first.name, second.name}


def test_does_not_load_the_dataset(run: RunFolder, digit: Path) -> None:
    run.resolved.write_text(run.resolved.read_text().replace("digits}", "npz, path: gone.npz}"))
    assert len(plot(run, digit)) == 1


def test_converts_color_and_size_as_kcnn_predict_does(
    run: RunFolder, tmp_path: Path, notes
) -> None:
    Image.new("RGB", (30, 20), "red").save(tmp_path / "red.jpg")
    assert len(plot(run, tmp_path / "red.jpg", progress=notes)) == 1
    assert notes.lines == [f"1 image stretched to the model's 8x8 ({tmp_path / 'red.jpg'}, 30x20)"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.png", None, "no such file"),
        ("x" * 300 + ".png", None, "cannot be read: File name too long"),
        ("empty.png", b"", "an empty file, expected an image"),
        ("text.png", b"hello", "text, not a PNG, JPEG, BMP, GIF"),
    ],
)
def test_refuses_what_is_not_an_image_with_the_error_of_kcnn_predict(
    run: RunFolder, tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    errors = []
    for command in (
        lambda: plot(run, tmp_path / name),
        lambda: predict([tmp_path / name], str(run.path), run.path.parents[1]),
    ):
        with pytest.raises(DataError, match=message) as raised:
            command()
        errors.append((raised.value.message, raised.value.hint))
    assert errors[0] == errors[1]
    assert not run.plots.exists()


def test_refuses_a_folder(run: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a folder, expected an image file"):
        plot(run, tmp_path)


def test_refuses_a_stopped_run_without_a_model(run: RunFolder, digit: Path) -> None:
    run.model.unlink()
    with pytest.raises(RunError, match="this run has no such model"):
        plot(run, digit)


def test_unscored_run_has_no_prediction(run: RunFolder, tmp_path: Path, notes) -> None:
    run.summary.write_text('{"status": "interrupted"}')
    Image.new("L", (4, 4)).save(tmp_path / "small.png")
    (path,) = plot(run, tmp_path / "small.png", image_format="svg", progress=notes)
    text = path.read_text(encoding="utf-8")
    assert "the run was not scored" in text
    assert "predicted" not in text
    assert notes.lines == [f"1 image enlarged to the model's 8x8 ({tmp_path / 'small.png'}, 4x4)"]


def test_plots_a_file_whose_name_is_not_utf8(run: RunFolder, tmp_path: Path) -> None:
    image = tmp_path / os.fsdecode(b"caf\xe9 $x$.png")
    Image.new("L", (8, 8)).save(tmp_path / "plain.png")
    (tmp_path / "plain.png").rename(image)
    (path,) = plot(run, image)
    assert path.name.startswith("feature_maps-caf-x-")
