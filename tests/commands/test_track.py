"""kcnn track, and the options of trackers on the command line."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kcnn.cli import cli
from kcnn.commands.fit import fit
from kcnn.commands.track import track
from kcnn.errors import KcnnError
from kcnn.runs.folder import RunFolder
from kcnn.runs.lock import lock_run

TINY = ["train.epochs=1", "model.layers=[Flatten, {Dense: {units: 10}}]"]


def run_kcnn(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.fixture
def run(tmp_path: Path, one_plot: None) -> RunFolder:
    """Return a finished run that no tracker has."""
    return fit("digits", TINY, tmp_path).run


def test_sends_the_newest_run_to_tensorboard(run: RunFolder, tmp_path: Path) -> None:
    done = run_kcnn("track", "--tensorboard", "--output-dir", tmp_path)
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{run.title}  TensorBoard  tensorboard --logdir {run.tensorboard}\n"
    assert len(list(run.tensorboard.iterdir())) == 1


def test_a_server_that_is_down_is_an_error(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(KcnnError) as caught:
        track([], {"mlflow": address}, tmp_path)
    assert caught.value.message == f"MLflow: {address} does not answer"
    assert str(run.path) in str(caught.value.hint)
    assert not run.tracked.exists()


def test_refuses_a_run_in_training(run: RunFolder, tmp_path: Path) -> None:
    with lock_run(run), pytest.raises(KcnnError, match="is being trained"):
        track([str(run.path)], {"tensorboard": ""}, tmp_path)
    assert not run.tensorboard.exists()


def test_a_training_goes_on_without_its_server(tmp_path: Path, one_plot: None, notes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
    run = fit("digits", TINY, tmp_path, progress=notes, trackers={"mlflow": address}).run
    [warning] = [line for line in notes.lines if "MLflow" in line]
    assert warning.startswith(f"MLflow: {address} does not answer; ")
    assert warning.endswith(f"kcnn track {run.path} --mlflow {address}")
    assert not run.tracked.exists()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["track"], 2, "expected --tensorboard or --mlflow, or both"),
        (
            ["fit", "--tensorboard", "digits"],
            2,
            "--tensorboard took digits for its own value; write the recipe first, as in kcnn fit "
            "digits --tensorboard",
        ),
        (["fit", "digits", "--mlflow", "mlruns"], 1, "mlruns: not the address of an MLflow server"),
        (["fit", "--resume", "--mlflow", "mlruns"], 1, "mlruns: not the address of an MLflow"),
    ],
)
def test_refuses_before_any_work(
    arguments: list[str], status: int, message: str, tmp_path: Path
) -> None:
    done = run_kcnn(*arguments, "--output-dir", tmp_path)
    assert done.exit_code == status
    assert message in done.stderr
    assert list(tmp_path.iterdir()) == []
