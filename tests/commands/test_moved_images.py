"""Commands that read a run's images again, after those have moved."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kcnn.cli import cli
from kcnn.runs.folder import RunFolder

Invoke = Callable[..., Result]


@pytest.fixture
def moved(fruit_run: RunFolder) -> Path:
    """Move the images of the run, and return where they are now."""
    photos = fruit_run.path.parents[2] / "photos"
    return photos.rename(photos.with_name("elsewhere"))


@pytest.fixture
def invoke(fruit_run: RunFolder) -> Invoke:
    def run(*arguments: str) -> Result:
        options = ["--output-dir", str(fruit_run.path.parents[1]), "--quiet"]
        return CliRunner().invoke(cli, [*arguments, *options])

    return run


@pytest.mark.parametrize("command", ["evaluate", "export"])
def test_says_what_to_write(fruit_run, moved: Path, invoke: Invoke, command: str) -> None:
    failed = invoke(command, "fruit")
    assert failed.exit_code == 1
    gone = moved.with_name("photos")
    assert f"error: {gone}: no such folder" in failed.stderr
    hint = f"kcnn {command} {fruit_run.path} data.path=FOLDER"
    assert hint in " ".join(failed.stderr.split())


def test_a_link_that_leads_nowhere_is_named(moved: Path, invoke: Invoke) -> None:
    moved.with_name("photos").symlink_to("unplugged")
    assert "photos: a link to unplugged, which is not there" in invoke("evaluate").stderr


@pytest.mark.parametrize("names", [[], ["fruit"]])
def test_evaluate_takes_the_new_path(moved: Path, invoke: Invoke, names: list[str]) -> None:
    done = invoke("evaluate", *names, f"data.path={moved}", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["images"] == 2


def test_export_takes_the_new_path(moved: Path, invoke: Invoke, run_here: None) -> None:
    done = invoke("export", f"data.path={moved}")
    assert done.exit_code == 0, done.output
    assert "on 2 test images" in done.stdout


def test_plot_takes_the_new_path(fruit_run, moved: Path, invoke: Invoke) -> None:
    fruit_run.metrics.write_text("epoch,loss,accuracy,learning_rate,seconds\n1,1,0.5,0.1,1\n")
    failed = invoke("plot", "--only", "samples")
    assert failed.exit_code == 1
    assert "data.path=FOLDER" in failed.stderr
    done = invoke("plot", "--only", "samples", f"data.path={moved}")
    assert done.exit_code == 0, done.output
    assert (fruit_run.plots / "samples.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "train.seed=3"], "train.seed: a run keeps the settings that it was trained"),
        (["export", "data.test=0.5"], "data.test: a run keeps the settings that it was trained"),
        (["evaluate", "a/1", "b/2"], "b/2: expected one run, and settings as in data.path=photos"),
        (["plot", "fruit", "fruit/run-001", "data.pth=x"], "a run keeps the settings"),
    ],
)
def test_refuses_other_settings(invoke: Invoke, fruit_run, arguments, message: str) -> None:
    fruit_run.metrics.write_text("epoch,loss,accuracy,learning_rate,seconds\n1,1,0.5,0.1,1\n")
    failed = invoke(*arguments)
    assert failed.exit_code != 0
    assert message in " ".join(failed.stderr.split())


@pytest.mark.parametrize("command", ["evaluate", "export"])
def test_a_damaged_image_has_a_fix_that_a_run_takes(
    fruit_run: RunFolder, invoke: Invoke, command: str
) -> None:
    photos = fruit_run.path.parents[2] / "photos"
    for image in photos.glob("**/*.png"):
        image.write_text("no image")
    failed = invoke(command, "fruit")
    assert failed.exit_code == 1
    assert "fix: restore them" in failed.stderr
    assert "data.unreadable" not in failed.stderr
