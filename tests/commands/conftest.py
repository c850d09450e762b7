"""Trained runs and tiny recipes for the tests of commands."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

from kcnn.data.load import load_dataset
from kcnn.errors import KcnnError
from kcnn.export import artefact
from kcnn.export.gate import RuntimeResult
from kcnn.export.runner import load_module
from kcnn.figures import accuracy
from kcnn.files.atomic import write_json, write_text
from kcnn.model.build import build_model
from kcnn.model.plan import plan_model
from kcnn.model.saved import load_model, save_model
from kcnn.progress import EpochFinished, Event, Progress, TrainingStarted
from kcnn.recipe import read_recipe
from kcnn.runs.folder import RunFolder, create_run
from kcnn.runs.metrics import read_metrics
from kcnn.runs.summary import read_summary
from kcnn.studies.executors import processes

DIGITS = """\
name: digits
data: {dataset: digits}
model:
  layers:
    - Conv2D: {filters: 16, kernel_size: 3, activation: relu}
    - BatchNormalization
    - Flatten
    - Dropout: {rate: 0.1}
    - Dense: {units: 10}
train: {epochs: 4, batch_size: 64, optimizer: {Adam: {learning_rate: 0.01}}}
"""

# A convolution whose sizes a person can compute in the head.
NET = """\
name: net
about: A net for the tests.
data: {dataset: mnist}
model:
  layers:
    - Conv2D: {filters: 30, kernel_size: 5, activation: relu, name: C1}
    - MaxPooling2D
    - Flatten
    - Dense: {units: 10}
train: {epochs: 1, batch_size: 100, optimizer: Adam}
"""

_TIMES = {"seconds", "timings", "started", "run", "peak_memory_mb"}


class _StopAt(Progress):
    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def receive(self, event: Event) -> None:
        """Stop the work at the epoch."""
        if isinstance(event, EpochFinished) and event.epoch == self.epoch:
            raise KeyboardInterrupt


@pytest.fixture
def stop_at() -> Callable[[int], Progress]:
    """Make a progress that presses Ctrl-C after an epoch, before its checkpoint is written."""
    return _StopAt


class _Relay(Progress):
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.has_trained = False

    def receive(self, event: Event) -> None:
        """Pass an event on, and record that training started."""
        self.has_trained |= isinstance(event, TrainingStarted)
        self._progress.receive(event)


class FitHere:
    """Replace TrialProcess: fit in this process, where TensorFlow is imported already."""

    has_died = False

    def __init__(self, work: Callable[..., Any], arguments: dict, progress: Progress, *_: object):
        self.receiver, self._sender = multiprocessing.Pipe(duplex=False)
        self._work, self._arguments, self._relay = work, arguments, _Relay(progress)

    @property
    def has_trained(self) -> bool:
        """Whether the training started."""
        return self._relay.has_trained

    def start(self) -> None:
        """Fit, and close the pipe for those who wait for it."""
        try:
            self._ending = self._work(progress=self._relay, **self._arguments).run
        except KcnnError as error:
            self._ending = error
        self._sender.send(None)

    def receive(self) -> RunFolder | KcnnError:
        """Return the result of the fit."""
        self.receiver.close()
        self._sender.close()
        return self._ending

    def stop(self) -> None:
        """Do nothing: the fit has ended."""


@pytest.fixture(scope="session")
def fits_here() -> Callable[[], AbstractContextManager[None]]:
    """Let sweeps and reproductions train in this process, and write a single plot of each run.

    The processes are tested in test_processes.py; starting TensorFlow in each takes seconds.
    """
    return _fits_here


@contextmanager
def _fits_here() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(processes, "TrialProcess", FitHere)
        patched.setattr("kcnn.figures.all_figures.FIGURES", (accuracy,))
        yield


@pytest.fixture(scope="session")
def assert_same() -> Callable[[RunFolder, RunFolder], None]:
    """Fail unless the results of two trainings are equal, except for times and memory."""
    return _assert_same


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_times(item) for name, item in value.items() if name not in _TIMES}
    return value


def _assert_same(first: RunFolder, second: RunFolder) -> None:
    """Compare every file with results of a training, except for times."""
    for name in ("steps.csv", "predictions.csv", "per_class.csv", "confusion.csv"):
        assert (first.path / name).read_bytes() == (second.path / name).read_bytes(), name
    first_rows, second_rows = (
        list(map(_without_times, read_metrics(run))) for run in (first, second)
    )
    assert first_rows == second_rows
    assert _without_times(read_summary(first).values) == _without_times(read_summary(second).values)
    for which, name in (("last", "model.keras"), ("best", "best.keras")):
        assert (first.path / name).exists() == (second.path / name).exists()
        if (first.path / name).exists():
            models = [load_model(run, which) for run in (first, second)]
            for ours, theirs in zip(*(model.get_weights() for model in models), strict=True):
                np.testing.assert_array_equal(ours, theirs)
    with np.load(first.filters) as ours, np.load(second.filters) as theirs:
        for moment in ("before", "after"):
            np.testing.assert_array_equal(ours[moment], theirs[moment])


@pytest.fixture(scope="session")
def trained_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Make a run on scikit-learn's digits as kcnn fit does. Tests must not change it."""
    run = create_run(tmp_path_factory.mktemp("outputs"), "digits")
    write_text(run.resolved, DIGITS)
    recipe = read_recipe(run.resolved)
    dataset = load_dataset(recipe.data, None, Progress())
    keras.utils.set_random_seed(0)
    model = build_model(plan_model(recipe, dataset.image_shape, len(dataset.class_names)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss)
    train = dataset.train
    model.fit(train.read_all(), train.labels, epochs=4, batch_size=64, verbose=0)
    save_model(model, run.model)
    write_json(
        run.summary,
        {
            "status": "finished",
            "class_names": list(dataset.class_names),
            "image_shape": list(dataset.image_shape),
        },
    )
    return run


@pytest.fixture
def fruit_run(tmp_path: Path) -> RunFolder:
    """Make a finished run on a folder of two classes, `photos` beside its outputs."""
    photos = tmp_path / "photos"
    for name, color in (("apple", "red"), ("banana", "yellow")):
        (photos / name).mkdir(parents=True)
        for number in range(5):
            Image.new("RGB", (8, 8), color).save(photos / name / f"{number}.png")
    run = create_run(tmp_path / "outputs", "fruit")
    data = f"dataset: folder, path: {photos}, image_size: [8, 8]"
    write_text(run.resolved, DIGITS.replace("dataset: digits", data).replace("10}", "2}"))
    recipe = read_recipe(run.resolved)
    save_model(build_model(plan_model(recipe, (8, 8, 3), 2)), run.model)
    write_json(run.summary, {"status": "finished", "class_names": ["apple", "banana"]})
    return run


@pytest.fixture
def put_model() -> Callable[..., None]:
    """Replace the model of a run by an untrained model of some layers."""

    def put(
        run: RunFolder,
        layers: str,
        image_shape: tuple[int, int, int],
        class_names: Sequence[str] | None = None,
    ) -> None:
        text = run.resolved.read_text(encoding="utf-8")
        head, tail = text.index("model:"), text.index("train:")
        settings = f"{text[:head]}model: {{layers: {layers}}}\n{text[tail:]}"
        write_text(run.resolved, settings)
        model = build_model(plan_model(read_recipe(run.resolved), image_shape, None))
        save_model(model, run.model)
        summary = {**read_summary(run).values, "image_shape": list(image_shape)}
        if class_names is not None:
            summary["class_names"] = list(class_names)
        write_json(run.summary, summary)

    return put


@pytest.fixture
def run_copy(trained_run: RunFolder, tmp_path: Path) -> RunFolder:
    """Copy the trained run, so that a test may damage it."""
    copy = tmp_path / "outputs" / "digits" / "run-001"
    shutil.copytree(trained_run.path, copy)
    return RunFolder(copy)


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a recipe of one convolution, C1, into the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET, encoding="utf-8")
    return Path("net.yaml")


@pytest.fixture
def run_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run artefacts in this process. Slow tests run them in a fresh process without Keras."""

    def run_artefact(form, options, path, images, batch_size, progress) -> RuntimeResult:
        runtime = load_module(str(form.RUNTIME))
        signatures = [[name] for name in form.SIGNATURES] or [[]]
        predictors = [runtime.load(str(path), *signature) for signature in signatures]
        predictions = [predict(images.read_all()) for predict in predictors]
        return RuntimeResult(predictions, runtime.version(), {1: 0.5, 32: 0.25}, 123.4)

    monkeypatch.setattr(artefact, "run_artefact", run_artefact)
