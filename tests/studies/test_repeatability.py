"""kcnn doctor --repeatable trains twice and reports a file that differs."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from kcnn.commands.fit import fit
from kcnn.errors import TrainingError
from kcnn.progress import Progress
from kcnn.runs.folder import RunFolder
from kcnn.studies import repeatability as module
from kcnn.studies.repeatability import differing_files


@pytest.mark.slow
def test_training_repeats_bit_for_bit() -> None:
    assert differing_files(Progress()) == []


SMALL = (
    "train.epochs=1",
    "model.layers=[{Conv2D: {filters: 2, kernel_size: 3}}, Flatten, {Dense: {units: 10}}]",
)


@pytest.mark.parametrize("changes", [SMALL, pytest.param((), marks=pytest.mark.slow)])
def test_another_seed_changes_every_file(
    changes: tuple[str, ...], one_plot: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = itertools.count()

    def fit_in_this_process(folder: Path, name: str) -> RunFolder:
        settings = [*module.SETTINGS, *changes, f"train.seed={next(seeds)}"]
        return fit("digits", settings, folder, name).run

    monkeypatch.setattr(module, "_fit", fit_in_this_process)
    assert differing_files(Progress()) == [
        "metrics.csv", "steps.csv", "predictions.csv", "filters.npz", "weights",
    ]  # fmt: skip


def test_reports_a_fit_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SETTINGS", ("train.epochs=none",))
    with pytest.raises(TrainingError, match="kcnn fit digits: command line"):
        differing_files(Progress())
