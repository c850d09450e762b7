"""kcnn doctor --repeatable trains for real, and sees a byte that differs."""

from __future__ import annotations

import itertools

import pytest

from kcnn.commands import repeatability as module
from kcnn.commands.repeatability import differing_files
from kcnn.errors import TrainingError
from kcnn.progress import Progress


@pytest.mark.slow
def test_training_repeats_bit_for_bit() -> None:
    assert differing_files(Progress()) == []


@pytest.mark.slow
def test_another_seed_is_seen_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = itertools.count()
    fit = module._fit

    def with_a_seed_of_its_own(*arguments):
        settings = (*module.SETTINGS[:2], f"train.seed={next(seeds)}")
        monkeypatch.setattr(module, "SETTINGS", settings)
        return fit(*arguments)

    monkeypatch.setattr(module, "_fit", with_a_seed_of_its_own)
    assert differing_files(Progress()) == [
        "metrics.csv", "steps.csv", "predictions.csv", "filters.npz", "weights",
    ]  # fmt: skip


def test_a_fit_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SETTINGS", ("train.epochs=none",))
    with pytest.raises(TrainingError, match="kcnn fit digits: command line"):
        differing_files(Progress())
