"""Optional packages that are missing or too old."""

from __future__ import annotations

import pytest

from kcnn.errors import KcnnError
from kcnn.machine.packages import Requirement, require_packages

NEEDED = [Requirement("mlflow-skinny", "3.17")]


@pytest.mark.parametrize("installed", ["3.17", "3.17.0", "3.18rc1", "4", "10.0", "of my own"])
def test_accepts_the_least_version_and_newer_ones(
    installed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kcnn.machine.packages.version", lambda package: installed)
    require_packages("MLflow", "mlflow", NEEDED)


@pytest.mark.parametrize("installed", ["3.16.9", "2.22", "3"])
def test_names_an_older_version(installed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kcnn.machine.packages.version", lambda package: installed)
    with pytest.raises(KcnnError) as caught:
        require_packages("MLflow", "mlflow", NEEDED)
    assert caught.value.message == (
        f"MLflow needs the package mlflow-skinny 3.17 or newer; {installed} is installed"
    )


def test_names_the_extra_of_a_missing_package() -> None:
    with pytest.raises(KcnnError) as caught:
        require_packages("It", "mlflow", [Requirement("no-such-package", "1.0")])
    assert caught.value.message == (
        "It needs the package no-such-package 1.0 or newer; it is not installed"
    )
    assert caught.value.hint == 'pip install "kcnn[mlflow]"'
