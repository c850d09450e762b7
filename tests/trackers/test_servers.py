"""Real servers of TensorBoard and MLflow, started on this machine, have the numbers of the run."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from click.testing import CliRunner

from kcnn.cli import cli
from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import read_metrics
from kcnn.runs.summary import read_summary

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="ends servers as POSIX does"),
]

TINY = ["train.epochs=2", "model.layers=[Flatten, {Dense: {units: 10}}]"]
# The command of an MLflow with its server, if that is installed somewhere else.
MLFLOW_COMMAND = "KCNN_TEST_MLFLOW"


def kcnn(*arguments: str | Path) -> str:
    done = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def serving(command: Sequence[str], url: str, log: Path, **environment: str) -> Iterator[None]:
    """Run a server until the end of the block, from when it answers."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, cwd=log.parent, start_new_session=True,
            env={**os.environ, **environment},
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while not answers(url):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)  # MLflow's server has workers
        process.wait(20)


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def test_tensorboard_shows_what_metrics_csv_has(tmp_path: Path, one_plot: None) -> None:
    result = kcnn(
        "fit", "digits", *TINY, "--output-dir", tmp_path / "runs", "--tensorboard", "--json"
    )
    run = RunFolder(Path(json.loads(result)["path"]))
    address = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(tmp_path / "runs")]
    command += ["--host", "127.0.0.1", "--port", address.rpartition(":")[2]]

    def ask(plugin: str, **query: str) -> Any:
        answer = requests.get(f"{address}/data/plugin/{plugin}", query, timeout=20)
        answer.raise_for_status()
        return answer.json()

    name = f"{run.title}/tensorboard"
    with serving(command, f"{address}/data/environment", tmp_path / "log"):
        deadline = time.monotonic() + 60
        while name not in (tags := ask("scalars/tags")):  # it reads the files in the background
            assert time.monotonic() < deadline
            time.sleep(0.1)
        rows = read_metrics(run)
        assert set(rows[0]) - {"epoch"} <= set(tags[name])
        for tag in set(rows[0]) - {"epoch"}:
            points = ask("scalars/scalars", run=name, tag=tag)
            assert [step for _, step, _ in points] == [1, 2]
            assert [value for _, _, value in points] == pytest.approx([row[tag] for row in rows])
        [[_, step, accuracy]] = ask("scalars/scalars", run=name, tag="test_accuracy")
        assert step == 2
        assert accuracy == pytest.approx(read_summary(run).fraction("test.accuracy"))
        [image] = ask("images/images", run=name, tag="plots/accuracy", sample="0")
        png = requests.get(f"{address}/data/plugin/images/individualImage?{image['query']}")
        assert png.content == (run.plots / "accuracy.png").read_bytes()
        assert "train" in str(ask("text/text", run=name, tag="settings"))


def mlflow_command() -> list[str]:
    """Return the command of an MLflow that can serve; its client alone has the same command."""
    if found := os.environ.get(MLFLOW_COMMAND):
        return [found]
    try:
        metadata.version("mlflow")
    except metadata.PackageNotFoundError:
        pytest.skip(
            'needs a server of MLflow: pip install "kcnn[mlflow-server]", or set '
            f"{MLFLOW_COMMAND} to the command mlflow of another environment"
        )
    return [sys.executable, "-m", "mlflow"]


def test_mlflow_has_the_run_folder_and_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_plot: None
) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    command = [
        *mlflow_command(), "server", "--host", "127.0.0.1", "--port", address.rpartition(":")[2],
        "--backend-store-uri", f"sqlite:///{tmp_path / 'mlflow.db'}",
        "--artifacts-destination", str(tmp_path / "artefacts"), "--workers", "1",
    ]  # fmt: skip
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    with serving(command, f"{address}/health", tmp_path / "log", **quiet):
        outputs = ["--output-dir", tmp_path / "runs"]
        result = kcnn("fit", "digits", *TINY, *outputs, "--mlflow", "--json")
        run = RunFolder(Path(json.loads(result)["path"]))
        assert_has(run, address, epochs=[1, 2])
        kcnn("fit", "--resume", "train.epochs=3", *outputs, "--mlflow", address, "--quiet")
        kcnn("track", *outputs, "--mlflow")  # sends nothing twice
        assert_has(run, address, epochs=[1, 2, 3])
        assert_predicts_as_the_run_does(run, address)
        (tmp_path / "runs" / "unsent").mkdir()
        shutil.copytree(run.path, tmp_path / "runs" / "unsent" / "run-001")
        (tmp_path / "runs" / "unsent" / "run-001" / "tracked.json").unlink()
        kcnn("track", "unsent", *outputs, "--mlflow")
        assert_has(RunFolder(tmp_path / "runs" / "unsent" / "run-001"), address, epochs=[1, 2, 3])


def assert_has(run: RunFolder, address: str, epochs: list[int]) -> None:
    """Check that MLflow has the numbers and files of a run, once."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=address)
    experiment = client.get_experiment_by_name(run.path.parent.name)
    assert experiment is not None
    [found] = client.search_runs([experiment.experiment_id])
    assert found.info.run_name == run.title
    assert found.info.status == "FINISHED"
    rows = read_metrics(run)
    for name in set(rows[0]) - {"epoch"}:
        history = client.get_metric_history(found.info.run_id, name)
        assert sorted(metric.step for metric in history) == epochs
        values = {metric.step: metric.value for metric in history}
        assert [values[epoch] for epoch in epochs] == [row[name] for row in rows]
    assert found.data.metrics["test_accuracy"] == read_summary(run).fraction("test.accuracy")
    assert found.data.params["model.layers.1.Dense.units"] == "10"
    assert found.data.params["train.epochs"] == "2" or run.path.parent.name == "unsent"
    if len(epochs) > 2 and run.path.parent.name == "digits":
        assert found.data.tags["train.epochs"] == "3"  # MLflow changes no parameter
    assert found.data.tags["mlflow.source.git.commit"]
    files = {file.path for file in client.list_artifacts(found.info.run_id)}
    assert {"model", "plots", "metrics.csv", "summary.json", "resolved.yaml"} <= files
    assert "checkpoint" not in files


def assert_predicts_as_the_run_does(run: RunFolder, address: str) -> None:
    """Check that the model on the server is the run's: uint8 images in, probabilities out."""
    import keras
    import mlflow

    mlflow.set_tracking_uri(address)
    identifier = json.loads(run.tracked.read_text())["mlflow"][address]
    model = mlflow.pyfunc.load_model(f"runs:/{identifier}/model")
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1), np.uint8)
    logits = keras.saving.load_model(run.model)(images.astype("float32"))
    expected = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
    assert model.predict(images) == pytest.approx(expected, abs=1e-6)
    with pytest.raises(mlflow.exceptions.MlflowException, match="shape"):
        model.predict(images[:, :4])
    with pytest.raises(mlflow.exceptions.MlflowException, match="uint8"):
        model.predict(images.astype("float64"))
