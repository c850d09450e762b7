"""MLflow: a run on a tracking server, with the files of the run folder and its model."""

from __future__ import annotations

import getpass
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import kcnn
from kcnn.machine.packages import Requirement
from kcnn.runs.environment import read_environment
from kcnn.runs.folder import RunFolder
from kcnn.runs.tracked import read_tracked, write_tracked
from kcnn.trackers.mlflow_server import ADDRESS, connect, patient, reason_of, require_address
from kcnn.trackers.settings import flat_settings, results
from kcnn.trackers.times import times_of
from kcnn.trackers.tracker import Row

# MLflow's limits: for one request; and characters of a parameter's name and value.
_PARAMETERS_A_REQUEST = 100
_METRICS_A_REQUEST = 1000
_MAX_NAME = 250
_MAX_VALUE = 6000
_UNFIT_FOR_NAMES = re.compile(r"[^\w./ -]")
# A column that every metrics.csv has.
_ALWAYS = "learning_rate"
_STATUSES = {"finished": "FINISHED", "failed": "FAILED"}  # of others, which may be resumed, KILLED


class MLflow:
    """Send a run to an MLflow server.

    A run that is resumed continues its MLflow run, whose id is in tracked.json. The server says
    which epochs it has; only others are sent.

    Args:
        destination: The server's address; empty for that in MLFLOW_TRACKING_URI.
    """

    name: ClassVar[str] = "mlflow"
    title: ClassVar[str] = "MLflow"
    requirements: ClassVar[Sequence[Requirement]] = (Requirement("mlflow-skinny", "3.17"),)

    def __init__(self, destination: str) -> None:
        self.destination = destination
        self._address = destination or os.environ.get(ADDRESS, "")
        require_address(self._address, "--mlflow" if destination else ADDRESS)

    def start(self, run: RunFolder) -> None:
        """Create the MLflow run, or find it again; send settings that it does not have."""
        client = connect(self._address)
        self._run, self._client = run, client
        known = self._find() or self._create()
        self._id, self._experiment_id = known.info.run_id, known.info.experiment_id
        if known.info.status != "RUNNING":
            client.update_run(self._id, status="RUNNING")
        history = client.get_metric_history(self._id, _ALWAYS)
        self._epochs = {metric.step for metric in history}
        self._send_settings(known.data.params)

    def add_epochs(self, rows: Sequence[Row]) -> None:
        """Send each column of metrics.csv as a metric, with the epoch as its step."""
        new = [
            (int(row["epoch"]), seconds, {name: row[name] for name in row if name != "epoch"})
            for row, seconds in zip(rows, times_of(rows), strict=True)
            if row["epoch"] not in self._epochs
        ]
        a_request = max(1, _METRICS_A_REQUEST // max((len(row) for row in rows), default=1))
        for some in _batches(new, a_request):
            self._log_metrics(some)
        self._epochs |= {epoch for epoch, _, _ in new}

    def finish(self, status: str, advance: Callable[[], None]) -> None:
        """Send test metrics, files and the model of a finished run; end the MLflow run."""
        try:
            if status == "finished":
                self._send_results()
                advance()
                with patient():
                    self._send_files(advance)
                    self._send_model()
        finally:
            self._client.set_terminated(self._id, _STATUSES.get(status, "KILLED"))

    def where(self) -> str:
        """Return the run's page on the server; of a database, its id there."""
        if not self._address.startswith("http"):
            return f"run {self._id} in {self._address}"
        return f"{self._address.rstrip('/')}/#/experiments/{self._experiment_id}/runs/{self._id}"

    def explain(self, error: Exception) -> str:
        """Return which server does not answer, or what it refused."""
        return reason_of(error, self._address)

    def _find(self) -> Any:
        """Return the MLflow run of an earlier process; None if there is none any more."""
        identifier = read_tracked(self._run, self.name).get(self._address)
        if identifier is None:
            return None
        from mlflow.exceptions import MlflowException

        try:
            found = self._client.get_run(identifier)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return None
        return found if found.info.lifecycle_stage == "active" else None

    def _create(self) -> Any:
        environment = read_environment(self._run)
        tags = {
            "mlflow.user": _user(),
            "mlflow.source.name": "kcnn",
            "mlflow.source.type": "LOCAL",
            "kcnn.version": kcnn.__version__,
            "kcnn.run": self._run.title,
        }
        if commit := environment.values.get("git_commit"):
            tags["mlflow.source.git.commit"] = str(commit)
        experiment = os.environ.get("MLFLOW_EXPERIMENT_ID") or self._experiment()
        made = self._client.create_run(experiment, tags=tags, run_name=self._run.title)
        write_tracked(self._run, self.name, self._address, made.info.run_id)
        return made

    def _experiment(self) -> str:
        """Return the id of the experiment with the recipe's name, or with one of the user."""
        from mlflow.exceptions import MlflowException

        name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or self._run.path.absolute().parent.name
        found = self._client.get_experiment_by_name(name)
        if found is None:
            try:
                return str(self._client.create_experiment(name))
            except MlflowException as error:
                found = self._client.get_experiment_by_name(name)
                if found is None:  # else another run has just created it
                    raise error
        return str(found.experiment_id)

    def _send_settings(self, known: Mapping[str, str]) -> None:
        """Send settings as parameters; those that changed since, which MLflow forbids, as tags."""
        from mlflow.entities import Param, RunTag

        settings = _parameters(flat_settings(self._run))
        new = [Param(name, value) for name, value in settings.items() if name not in known]
        changed = [
            RunTag(name, value)
            for name, value in settings.items()
            if name in known and known[name] != value
        ]
        for params in _batches(new, _PARAMETERS_A_REQUEST):
            self._client.log_batch(self._id, params=params)
        if changed:
            self._client.log_batch(self._id, tags=changed[:_PARAMETERS_A_REQUEST])

    def _send_results(self) -> None:
        known = self._client.get_run(self._id).data.metrics
        new = {
            name: value for name, value in results(self._run).items() if known.get(name) != value
        }
        self._log_metrics([(max(self._epochs, default=0), time.time(), new)])

    def _log_metrics(self, rows: Sequence[tuple[int, float, Mapping[str, float]]]) -> None:
        """Send metrics in one request, as steps, seconds and values by name."""
        from mlflow.entities import Metric

        metrics = [
            Metric(name, value, round(1000 * seconds), step)
            for step, seconds, values in rows
            for name, value in values.items()
        ]
        if metrics:
            self._client.log_batch(self._id, metrics=metrics)

    def _send_files(self, advance: Callable[[], None]) -> None:
        for path in _files(self._run):
            folder = path.relative_to(self._run.path).parent.as_posix()
            self._client.log_artifact(self._id, str(path), None if folder == "." else folder)
            advance()

    def _send_model(self) -> None:
        from kcnn.trackers.mlflow_model import write_mlflow_model

        with tempfile.TemporaryDirectory(prefix="kcnn-") as folder:
            write_mlflow_model(self._run, Path(folder), self._id)
            self._client.log_artifacts(self._id, folder, "model")


def _parameters(settings: Mapping[str, str]) -> dict[str, str]:
    """Return settings with names and values that MLflow allows."""
    parameters: dict[str, str] = {}
    for setting, value in settings.items():
        name = _UNFIT_FOR_NAMES.sub("_", setting)[:_MAX_NAME]
        if name in parameters:
            name = f"{name[: _MAX_NAME - 10]}_{len(parameters)}"
        parameters[name] = value[:_MAX_VALUE]
    return parameters


def _batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]


def _files(run: RunFolder) -> Iterator[Path]:
    """Yield the files of a run folder but checkpoints, event files and unfinished files."""
    for path in sorted(run.path.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        if run.checkpoints in path.parents or run.tensorboard in path.parents:
            continue
        if not path.name.startswith("."):
            yield path


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account without a name, as in containers
        return "unknown"
