"""MLflow's addresses and limits, and servers that are down; a real one is in test_servers.py."""

from __future__ import annotations

import re
import socket
import time

import pytest

from kcnn.errors import KcnnError
from kcnn.runs.folder import RunFolder
from kcnn.trackers import mlflow, mlflow_server
from kcnn.trackers.mlflow import MLflow
from kcnn.trackers.trackers import make_trackers


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("", "--mlflow: the address of the MLflow server is not known"),
        ("mlruns", "--mlflow: mlruns: not the address of an MLflow server"),
        ("file:///tmp/runs", "--mlflow: file:///tmp/runs: not the address of an MLflow server"),
        ("http://[::1", "--mlflow: http://[::1: not the address of an MLflow server"),
        ("http://", "--mlflow: http://: not the address of an MLflow server"),
        ("https://:5000", "--mlflow: https://:5000: not the address of an MLflow server"),
        (
            "http://me:secret@example.org",
            "--mlflow: an address with a name or a password would be kept in the run folder",
        ),
    ],
)
def test_refuses_what_is_no_server(
    address: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(KcnnError) as caught:
        MLflow(address)
    assert caught.value.message == message
    assert "secret" not in str(caught.value.hint)


def test_a_database_needs_the_whole_of_mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlflow_server, "find_spec", lambda name: None)
    with pytest.raises(KcnnError, match=r"sqlite needs the whole of MLflow"):
        MLflow("sqlite:///mlflow.db")
    monkeypatch.setattr(mlflow_server, "find_spec", lambda name: name)
    MLflow("sqlite:///mlflow.db")
    MLflow("postgresql+psycopg2://host/runs")


def test_the_address_may_come_from_mlflows_own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "mlruns")
    with pytest.raises(KcnnError, match=r"^MLFLOW_TRACKING_URI: mlruns: not the address"):
        MLflow("")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://example.org")
    MLflow("")


def test_the_packages_are_checked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kcnn.machine.packages.version", lambda package: "2.9")
    with pytest.raises(KcnnError) as caught:
        make_trackers({"mlflow": ""})
    assert caught.value.message.startswith("MLflow needs the package mlflow-skinny 3.17 or newer")
    assert caught.value.hint == 'pip install "kcnn[mlflow]"'


def test_names_and_values_keep_mlflows_limits() -> None:
    settings = {
        "train.class_weight.left [a]": "1",
        "train.class_weight.left (a)": "2",
        "n" * 300: "v" * 7000,
        "n" * 301: "",
        "Ж.猫": "3",
    }
    parameters = mlflow._parameters(settings)
    assert len(parameters) == len(settings)
    assert parameters["train.class_weight.left _a_"] == "1"
    assert parameters["train.class_weight.left _a__1"] == "2"
    assert parameters["Ж.猫"] == "3"
    assert all(re.fullmatch(r"[\w./ -]{1,250}", name) for name in parameters)
    assert max(map(len, parameters.values())) == 6000


def test_sends_no_checkpoint_link_or_unfinished_file(tracked_run: RunFolder) -> None:
    for path in (
        tracked_run.checkpoints / "epoch.npz",
        tracked_run.tensorboard / "events",
        tracked_run.path / ".model.kcnn-12.keras",
    ):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (tracked_run.path / "link").symlink_to("/etc/hostname")
    sent = [path.relative_to(tracked_run.path).as_posix() for path in mlflow._files(tracked_run)]
    assert sent == [
        "environment.json", "metrics.csv", "plots/loss.png", "resolved.yaml", "summary.json",
    ]  # fmt: skip


@pytest.mark.parametrize("is_listening", [False, True], ids=["refused", "silent"])
def test_a_server_that_does_not_answer_is_noticed_soon(
    is_listening: bool, tracked_run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        if not is_listening:
            server.close()
        tracker = MLflow(address)
        started = time.monotonic()
        with pytest.raises(Exception, match="exception") as caught:
            tracker.start(tracked_run)
    assert time.monotonic() - started < 60  # with MLflow's own seven attempts, four minutes
    assert tracker.explain(caught.value) == f"{address} does not answer"
    assert not tracked_run.tracked.exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "API request to endpoint /a failed with error code 403 != 200. Response body: '<html>",
            "API request to endpoint /a failed with error code 403 != 200",
        ),
        ("RESOURCE: No such\nthing", "RESOURCE: No such"),
        ("", "ValueError"),
        ("x" * 300, "x" * 200),
    ],
)
def test_an_error_of_the_server_becomes_one_line(text: str, reason: str) -> None:
    tracker = MLflow("http://127.0.0.1:5000")
    assert tracker.explain(ValueError(text)) == f"http://127.0.0.1:5000: {reason}"
