"""The command line as a user meets it: exact texts, exit status, nothing half-written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from kcnn.cli import cli
from kcnn.console.command_group import OTHER_NAMES
from kcnn.recipe.library import library_folder

DIGITS = library_folder() / "digits.yaml"
TINY = ["train.epochs=1", "model.layers=[Flatten, {Dense: {units: 10}}]"]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def listing(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """Return a folder with a finished run of a tiny model on digits, and the output of fit."""
    folder = tmp_path_factory.mktemp("outputs")
    done = run("fit", "digits", *TINY, "--output-dir", folder, "--seed", "7", "--json", "--quiet")
    assert done.exit_code == 0, done.output
    return folder, done


@pytest.fixture(scope="module")
def outputs(fitted: tuple[Path, Result]) -> Path:
    """Return the folder of outputs with that run."""
    return fitted[0]


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """Copy the digits recipe, so that a test may damage it."""
    copy = tmp_path / "mine.yaml"
    copy.write_bytes(DIGITS.read_bytes())
    return copy


def commands(group: object = cli, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [path]
    for name, command in getattr(group, "commands", {}).items():
        found += commands(command, (*path, name))
    return found


@pytest.mark.parametrize("path", commands(), ids=" ".join)
def test_every_command_has_help_with_an_example(path: tuple[str, ...]) -> None:
    shown = run(*path, "--help")
    assert shown.exit_code == 0
    assert "Example" in shown.output
    assert f"kcnn {' '.join(path)}".strip() in shown.output


def test_subcommands_take_the_options_of_their_group() -> None:
    groups = [command for command in cli.commands.values() if isinstance(command, click.Group)]
    assert groups
    for group in groups:
        options = {parameter.name for parameter in group.params}
        for subcommand in group.commands.values():
            assert options <= {parameter.name for parameter in subcommand.params}


@pytest.mark.parametrize("path", [(), ("recipes",), ("data",)], ids=" ".join)
def test_the_summary_of_every_command_fits_its_line(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(cli, [*path, "--help"], terminal_width=80).output
    lines = shown.partition("Commands:\n")[2].splitlines()
    assert lines
    assert all(line.endswith(".") and not line.endswith("...") for line in lines)
    assert all(line.startswith("  ") and line[2] != " " and len(line) <= 80 for line in lines)


@pytest.mark.parametrize(
    ("arguments", "replacement"),
    [
        ("explain mnist --layer conv2d --at 14,14", "--layer is gone; write kcnn trace RECIPE"),
        ("explain mnist --filter 3", "--filter is gone; write kcnn trace RECIPE LAYER"),
        ("explain cifar --solve padding", "--solve is gone; write kcnn padding RECIPE"),
        ("check cifar --gradients", "--gradients is gone; write kcnn gradients RECIPE"),
        ("check cifar --weights 40", "--weights is gone; write kcnn gradients RECIPE"),
        ("plot --image cat.png", "--image is gone; write kcnn feature-maps IMAGE"),
        ("runs --watch", "--watch is gone; write kcnn watch [RUN]"),
        ("sweep digits --over a=[1] --side-by-side 2", "--side-by-side is gone; write --jobs"),
        ("reproduce digits --side-by-side 2", "--side-by-side is gone; write --jobs"),
    ],
)
def test_an_old_option_names_its_replacement(arguments: str, replacement: str) -> None:
    done = run(*arguments.split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith(f"Error: {replacement}")


@pytest.mark.parametrize(
    ("arguments", "proposal"),
    [
        ("train digits", "No such command 'train'. Did you mean 'fit'?"),
        ("plto", "No such command 'plto'. Did you mean 'plot'?"),
        ("download mnist", "No such command 'download'. Did you mean 'data fetch'?"),
        ("fit digits --sed 3", "No such option '--sed'. Did you mean '--seed'?"),
    ],
)
def test_suggests_the_right_word_for_a_typo(arguments: str, proposal: str) -> None:
    done = run(*arguments.split())
    assert done.exit_code == 2
    assert proposal.replace("'", "") in done.stderr.replace("'", "")


@pytest.mark.parametrize("name", sorted(OTHER_NAMES))
def test_names_of_other_programs_stand_for_commands_of_ours(name: str) -> None:
    ours = OTHER_NAMES[name].split()
    assert (name,) not in commands()
    assert run(*ours, *([] if ours[0] == "--help" else ["--help"])).exit_code == 0


@pytest.mark.parametrize("path", [path for path in commands() if path], ids=" ".join)
def test_shows_an_example_for_a_missing_argument(
    path: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where no run is that `kcnn serve` would serve
    done = run(*path)
    if "Missing" in done.stderr:
        assert done.stderr.splitlines()[-1].startswith(f"fix: for example: kcnn {' '.join(path)}")


def test_refuses_a_difference_of_nan() -> None:
    done = run("compare", "a", "b", "--difference", "nan")
    assert (done.exit_code, "expected a number; got nan" in done.stderr) == (2, True)


def test_version() -> None:
    assert run("--version").output.startswith("kcnn, version 0.")


class TestFit:
    def test_prints_accuracy_folder_and_next_command(self, tmp_path: Path) -> None:
        done = run("fit", "digits", *TINY, "--output-dir", tmp_path, "--name", "first")
        lines = done.stdout.splitlines()
        assert done.exit_code == 0
        assert lines[0].startswith("test accuracy")
        assert "on 360 images" in lines[0]
        assert f"run            {tmp_path / 'digits' / 'first'}" in lines
        assert lines[-1] == "next           kcnn plot, kcnn export, kcnn predict IMAGE"
        assert "epoch 1/1" in done.stderr
        assert "epoch 1/1" not in done.stdout

    def test_json_is_the_summary_alone(self, fitted: tuple[Path, Result]) -> None:
        _, done = fitted
        printed = json.loads(done.stdout)
        path = Path(printed.pop("path"))
        assert printed == json.loads((path / "summary.json").read_text())
        assert done.stderr == ""

    def test_writes_the_seed_into_the_resolved_recipe(self, outputs: Path) -> None:
        assert "seed: 7" in (outputs / "digits" / "run-001" / "resolved.yaml").read_text()

    def test_trains_its_own_resolved_recipe(
        self, outputs: Path, tmp_path: Path, one_plot: None
    ) -> None:
        resolved = outputs / "digits" / "run-001" / "resolved.yaml"
        again = run("fit", resolved, "--output-dir", tmp_path, "--quiet")
        assert again.exit_code == 0
        first = (outputs / "digits" / "run-001" / "predictions.csv").read_bytes()
        assert (tmp_path / "digits" / "run-001" / "predictions.csv").read_bytes() == first


def error_of(*arguments: str | Path) -> tuple[int, str, str]:
    """Return the exit status and the two lines of an error; fail if there is more."""
    done = run(*arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    message, _, hint = done.stderr.partition("\nfix: ")
    assert message.startswith("error: ")
    assert done.stdout == ""
    return done.exit_code, message.removeprefix("error: "), hint.strip()


class TestBadRecipes:
    def test_missing_file(self) -> None:
        assert error_of("fit", "digts.yaml") == (
            1,
            "digts.yaml: no such file, and no recipe of that name; did you mean digits?",
            "kcnn recipes lists those that come with kcnn; your own recipe or images need their "
            "path",
        )

    def test_prints_mistakes_as_json(self) -> None:
        done = run("check", "digits", "train.epoch=3", "data.scalng=unit", "--json")
        assert done.exit_code == 1
        error = json.loads(done.stdout)["error"]
        assert len(error["mistakes"]) == 2
        assert error["message"] == "\n".join(error["mistakes"])
        assert all(mistake in done.stderr for mistake in error["mistakes"])
        assert error["hint"] in done.stderr

    def test_a_folder(self, tmp_path: Path) -> None:
        status, message, _ = error_of("fit", tmp_path)
        assert status == 1
        assert message.startswith(f"{tmp_path}: no sub-folders; expected")  # may be of images
        status, message, hint = error_of("gradients", tmp_path)
        assert (status, message) == (1, f"{tmp_path}: is a folder, not a recipe")
        assert hint == f"name a file in it; for a folder of images: kcnn init {tmp_path}"

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", ":1: expected settings (data:, model:, train:); found an empty file"),
            (b"- a\n- b\n", ":1: expected settings (data:, model:, train:); found a list"),
            (b"\x89PNG\r\n\x1a\n\x00\xff", ":1: not UTF-8 text; save the file as UTF-8"),
            (b"- name: a\n  name: b\n", ":2: name: is set twice; line 1 has it already"),
        ],
    )
    def test_refuses_files_that_are_not_recipes(
        self, tmp_path: Path, content: bytes, message: str
    ) -> None:
        file = tmp_path / "bad.yaml"
        file.write_bytes(content)
        assert error_of("check", file)[:2] == (1, f"{file}{message}")

    def test_refuses_a_file_of_100_megabytes(self, tmp_path: Path) -> None:
        file = tmp_path / "huge.yaml"
        with file.open("wb") as stream:
            stream.truncate(100_000_000)
        status, message, _ = error_of("fit", file)
        assert status == 1
        assert message.startswith(f"{file}: 100,000,000 bytes; a recipe has at most")

    def test_reports_all_mistakes_at_once(self, digits: Path) -> None:
        _, message, _ = error_of(
            "check",
            digits,
            "train.epochs=0",
            "train.batchsize=3",
            "data.dataset=digit",
            "model.layers[0].Conv2D.filtres=3",
            "train.optimizer=Adm",
            "data.validation=1.5",
        )
        assert len(message.splitlines()) == 6
        assert "did you mean batch_size?" in message
        assert "did you mean digits?" in message
        assert "did you mean filters?" in message
        assert "did you mean Adam?" in message

    @pytest.mark.parametrize(
        ("settings", "expected"),
        [
            (["train.epochs=0"], "expected a number above 0; got 0"),
            (
                ["data.validation=1437"],
                "command line, data.validation=1437: data.validation: 1437 of 1,437 images leaves "
                "some class without training images",
            ),
            (["train.batch_size=5000"], "5000 is more than the 1293 training images"),
            (["model.layers[7].Dense.units=11"], "the output is 11, but digits has 10 classes"),
            (
                ["model.layers[0].Conv2D={filters: 1, kernel_size: 9}"],
                "layer conv2d: a 9×9 window does not fit a 8×8 map",
            ),
            (["model.layers[0].Conv2D.inputs=dense"], "no earlier layer is named dense"),
            (
                ["model.layers[0].Conv2D={filters: 1, kernel_size: 1, name: a, inputs: a}"],
                "named a",
            ),
            (["data.dataset=folder"], "dataset folder needs path"),
        ],
    )
    def test_refuses_a_recipe_that_cannot_be_trained(
        self, digits: Path, tmp_path: Path, settings: list[str], expected: str
    ) -> None:
        before = listing(tmp_path)
        status, message, _ = error_of("fit", digits, *settings, "--output-dir", tmp_path / "out")
        assert status == 1
        assert expected in message
        assert listing(tmp_path) == before


class TestBadPaths:
    def test_missing_data_dir(self, tmp_path: Path) -> None:
        status, message, _ = error_of("fit", "digits", "--data-dir", tmp_path / "none")
        assert (status, message) == (1, f"--data-dir {tmp_path / 'none'}: no such directory")

    def test_truncated_archive(self, real_data: Path, tmp_path: Path) -> None:
        archive = tmp_path / "cifar-10-binary.tar.gz"
        with (real_data / archive.name).open("rb") as whole:
            archive.write_bytes(whole.read(5_000_000))
        status, message, _ = error_of(
            "fit", "cifar", "--data-dir", tmp_path, "--output-dir", tmp_path / "out"
        )
        assert status == 1
        assert message.startswith(f"{archive}: damaged or cut off")
        assert listing(tmp_path) == [archive.name]

    def test_npz_of_objects(self, digits: Path, tmp_path: Path) -> None:
        file = tmp_path / "objects.npz"
        objects = np.array([{}, []], dtype=object)
        labels = np.zeros(2, dtype=int)
        np.savez(file, x_train=objects, y_train=labels, x_test=objects, y_test=labels)
        status, message, _ = error_of(
            "fit", digits, "data.dataset=npz", f"data.path={file}", "--output-dir", tmp_path / "out"
        )
        assert status == 1
        assert message == (
            f"command line, data.path={file}: data.path: {file}: x_train holds Python objects, "
            "which could run code"
        )

    def test_output_dir_below_a_file(self, digits: Path) -> None:
        status, message, _ = error_of("fit", digits, "--output-dir", digits / "out")
        assert (status, message) == (1, f"{digits}: is a file, not a folder")

    def test_refuses_the_name_of_an_existing_run(self, outputs: Path) -> None:
        status, message, hint = error_of(
            "fit", "digits", *TINY, "--output-dir", outputs, "--name", "run-001"
        )
        assert status == 1
        assert message == f"{outputs / 'digits' / 'run-001'}: a run of this name already exists"
        assert hint == "choose another --name"

    @pytest.mark.parametrize("device", ["tpu", "0;1", "-1"])
    def test_refuses_an_unknown_device(self, device: str) -> None:
        done = run("fit", "digits", "--device", device)
        assert done.exit_code == 2
        assert "expected cpu, gpu or numbers of GPUs" in done.output


class TestRuns:
    def test_table_and_json_list_the_same_runs(self, outputs: Path) -> None:
        (row,) = json.loads(run("runs", "--output-dir", outputs, "--json").stdout)
        table = run("runs", "--output-dir", outputs).stdout
        assert row["run"] == "digits/run-001"
        assert row["status"] == "finished"
        assert f"{100 * row['test_accuracy']:.2f} %" in table

    def test_no_runs(self, tmp_path: Path) -> None:
        assert "kcnn fit digits" in run("runs", "--output-dir", tmp_path).stdout
        assert error_of("plot", "--output-dir", tmp_path)[2] == "train one first: kcnn fit digits"

    def test_lists_a_run_without_metrics(self, tmp_path: Path) -> None:
        folder = tmp_path / "digits" / "run-001"
        folder.mkdir(parents=True)
        (folder / "resolved.yaml").write_bytes(DIGITS.read_bytes())
        status, message, hint = error_of("plot", "--output-dir", tmp_path)
        assert (status, message) == (1, f"{folder / 'metrics.csv'}: missing")
        assert hint == "the run was stopped before its first epoch ended"


class TestTrainedRun:
    def test_plot(self, outputs: Path) -> None:
        done = run("plot", "--output-dir", outputs, "--only", "accuracy,loss", "--format", "svg")
        assert [Path(line).name for line in done.stdout.splitlines()] == [
            "accuracy.svg",
            "loss.svg",
        ]

    def test_evaluate_needs_a_folder_for_links(self, outputs: Path) -> None:
        done = run("evaluate", "--output-dir", outputs, "--link")
        assert done.exit_code == 2
        assert "--link: write --wrong DIR too" in done.stderr

    def test_plot_in_textbook_style(self, outputs: Path) -> None:
        style = ("--only", "accuracy", "--style", "textbook", "--format", "pdf")
        done = run("plot", "--output-dir", outputs, *style)
        assert (done.exit_code, Path(done.stdout.strip()).name) == (0, "accuracy.pdf")
        done = run("plot", "--output-dir", outputs, "--style", "book")
        assert done.exit_code == 2
        assert "'default', 'textbook'" in done.stderr

    def test_feature_maps(self, tmp_path: Path) -> None:
        layers = "[{Conv2D: {filters: 2, kernel_size: 3}}, Flatten, {Dense: {units: 10}}]"
        run("fit", "digits", "train.epochs=1", f"model.layers={layers}", "--output-dir", tmp_path)
        plots = tmp_path / "digits" / "run-001" / "plots"
        plots_before = {path.name: path.read_bytes() for path in plots.iterdir()}
        assert {"loss_steps.png", "feature_maps.png"} <= plots_before.keys()
        image = tmp_path / "black.png"
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(image)
        done = run("feature-maps", image, "--output-dir", tmp_path, "--json", "--quiet")
        (path,) = json.loads(done.stdout)
        assert Path(path).parent == plots
        assert Path(path).name.startswith("feature_maps-black-")
        plots_now = {path.name: path.read_bytes() for path in plots.iterdir()}
        assert plots_now.items() > plots_before.items()

    def test_refuses_to_plot_an_image_through_a_model_without_feature_maps(
        self, outputs: Path, tmp_path: Path
    ) -> None:
        image = tmp_path / "black.png"
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(image)
        status, message, _ = error_of("feature-maps", image, "--output-dir", outputs, "--quiet")
        assert status == 1
        assert message.strip() == (
            "no feature maps: no layer of the model outputs (height, width, channels)"
        )

    def test_evaluate_measures_the_scores_of_fit(self, outputs: Path) -> None:
        summary = json.loads((outputs / "digits" / "run-001" / "summary.json").read_text())
        printed = json.loads(run("evaluate", "--output-dir", outputs, "--json", "--quiet").stdout)
        assert printed["accuracy"] == pytest.approx(summary["test"]["accuracy"], abs=1e-6)

    def test_predict_in_json(self, outputs: Path, tmp_path: Path) -> None:
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "black.png")
        done = run("predict", tmp_path, "--output-dir", outputs, "--top", "10", "--json", "--quiet")
        (prediction,) = json.loads(done.stdout)
        assert prediction["image"] == str(tmp_path / "black.png")
        total = sum(row["probability"] for row in prediction["classes"])
        assert total == pytest.approx(1, abs=1e-4)

    def test_refuses_to_predict_an_empty_file(self, outputs: Path, tmp_path: Path) -> None:
        empty = tmp_path / "empty.png"
        empty.touch()
        status, message, _ = error_of("predict", empty, "--output-dir", outputs, "--quiet")
        assert (status, message) == (1, f"{empty}: an empty file, expected an image")

    def test_predicts_the_images_that_can_be_read(self, outputs: Path, tmp_path: Path) -> None:
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "black.png")
        (tmp_path / "empty.png").touch()
        done = run("predict", tmp_path, "--output-dir", outputs, "--json", "--quiet")
        assert done.exit_code == 1
        assert [prediction["image"] for prediction in json.loads(done.stdout)] == [
            str(tmp_path / "black.png")
        ]
        assert f"error: {tmp_path / 'empty.png'}: an empty file, expected an image" in done.stderr

    @pytest.mark.slow
    def test_export(self, outputs: Path) -> None:
        done = run("export", "--output-dir", outputs, "--quiet")
        assert done.exit_code == 0, done.output
        assert "on 360 test images" in done.stdout
        assert (outputs / "digits/run-001/export/saved_model/1/saved_model.pb").is_file()


class TestRecipes:
    def test_lists_every_recipe(self) -> None:
        listed = json.loads(run("recipes", "--json").stdout)
        assert {recipe["name"] for recipe in listed} == {
            path.stem for path in DIGITS.parent.glob("*.yaml")
        }

    def test_shows_the_file_unchanged(self) -> None:
        assert run("recipes", "show", "digits").stdout == DIGITS.read_text()

    def test_prints_a_recipe_and_a_copy_as_json(self, tmp_path: Path) -> None:
        shown = json.loads(run("recipes", "show", "digits", "--json").stdout)
        assert (Path(shown["path"]), shown["text"]) == (DIGITS, DIGITS.read_text())
        mine = tmp_path / "mine.yaml"
        before = json.loads(run("recipes", "--json", "copy", "digits", mine).stdout)
        assert before == {"recipe": "digits", "path": str(mine)}

    def test_copy_refuses_to_overwrite_a_file(self, tmp_path: Path) -> None:
        mine = tmp_path / "mine.yaml"
        assert run("recipes", "copy", "digits", mine).exit_code == 0
        mine.write_text("kept")
        status, message, _ = error_of("recipes", "copy", "digits", mine)
        assert (status, message) == (1, f"{mine}: already exists")
        assert mine.read_text() == "kept"


class TestData:
    def test_lists_the_real_datasets(self, real_data: Path) -> None:
        datasets = json.loads(run("data", "--data-dir", real_data, "--json").stdout)
        found = {dataset["name"]: dataset["found"] for dataset in datasets}
        assert found["mnist"] == str(real_data / "mnist.npz")
        assert found["cifar10"] == str(real_data / "cifar-10-binary.tar.gz")
        assert found["digits"] == "scikit-learn"

    def test_fetches_as_json(self, real_data: Path) -> None:
        done = run("data", "fetch", "mnist", "--data-dir", real_data, "--json", "--quiet")
        assert json.loads(done.stdout) == {"name": "mnist", "path": str(real_data / "mnist.npz")}

    def test_options_before_verify_count(self, tmp_path: Path) -> None:
        (tmp_path / "mnist.npz").write_bytes(b"not a zip")
        done = run("data", "--data-dir", tmp_path, "--json", "verify", "mnist")
        after = run("data", "verify", "mnist", "--data-dir", tmp_path, "--json")
        assert done.stdout == after.stdout
        assert json.loads(done.stdout)["readable"] is False

    def test_verify_fails_on_a_damaged_dataset(self, tmp_path: Path) -> None:
        (tmp_path / "mnist.npz").write_bytes(b"not a zip")
        done = run("data", "verify", "mnist", "--data-dir", tmp_path)
        assert done.exit_code == 1
        assert "not readable" in done.stdout


def test_doctor(tmp_path: Path) -> None:
    machine = json.loads(run("doctor", "--output-dir", tmp_path, "--json", "--quiet").stdout)
    assert machine["packages"]["keras"]
    assert machine["devices"][0]["name"].startswith("CPU")
    assert machine["output_dir_problem"] is None


def test_runs_as_a_process_from_another_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kcnn", "check", "cifar"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONWARNINGS": "error"},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "25,578 parameters" in done.stdout
