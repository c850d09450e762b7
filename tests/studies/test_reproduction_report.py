from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kcnn.console.reproduce import reproduction_text
from kcnn.progress import Progress
from kcnn.recipe.schema import Fidelity, Published
from kcnn.studies.quantities import Quantity
from kcnn.studies.reproduction_report import (
    Reproduction,
    SeedRun,
    _panels,
    markdown,
    write_report,
)
from kcnn.studies.verdicts import judge

QUANTITIES = (
    Quantity("test_accuracy", (0.662, 0.670, 0.676), 10_000),
    Quantity("test_loss", (1.0, 1.1, 1.2), 10_000),
    Quantity("accuracy", (0.721, 0.725, 0.728), 45_000),
)


@pytest.fixture
def report(tmp_path: Path) -> Reproduction:
    published = Published(metric="test_accuracy", value=0.72951, source="week 11 | page 3")
    return Reproduction(
        recipe="cifar",
        about="Two convolutions.",
        overrides=(),
        parameters=25_578,
        multiply_adds=1_000,
        runs=tuple(
            SeedRun(seed, f"cifar/seed-00{seed}", tmp_path / f"seed-00{seed}", False, 61.5)
            for seed in range(3)
        ),
        quantities=QUANTITIES,
        verdicts=(judge(published, QUANTITIES),),
        fidelity=(Fidelity(setting="data.scaling", status="assumed", note="not stated"),),
        folder=tmp_path / "reproduction",
    )


def test_markdown(report: Reproduction) -> None:
    written = markdown(report)
    assert written.startswith("# cifar: 3 seeds against the source\n\nTwo convolutions.\n")
    assert "| test_accuracy | 72.951 % | week 11 \\| page 3 | **below** |" in written
    assert "**72.951 % is published as test accuracy, but it fits our training" in written
    assert "| test accuracy | 66.93 % | 0.70 % | 65.19–68.68 % | 3 |" in written
    assert "| `data.scaling` | assumed | not stated |" in written
    assert "test loss" not in written  # neither published nor an accuracy


def test_shows_an_augmented_test_score(report: Reproduction) -> None:
    augmented = Quantity("test_augmented_accuracy", (0.682, 0.690, 0.696), 10_000)
    with_it = replace(report, quantities=(*QUANTITIES, augmented))
    assert "| augmented test accuracy | 68.93 % | 0.70 % | 67.19–70.68 % | 3 |" in markdown(with_it)
    assert "augmented test accuracy" in reproduction_text(with_it)
    assert "augmented test accuracy" not in reproduction_text(report)


def test_tables_have_as_many_cells_in_every_row(report: Reproduction) -> None:
    tables = [part for part in markdown(report).split("\n\n") if part.startswith("|")]
    assert len(tables) == 4
    for table in tables:
        assert len({line.replace("\\|", "").count("|") for line in table.splitlines()}) == 1


def test_text(report: Reproduction) -> None:
    text = reproduction_text(report)
    assert "test_accuracy 72.951 %: one more run of ours is expected in 63." in text
    assert "remark: 72.951 % is published as test accuracy" in text
    assert "data.scaling" in text
    assert "changed from the recipe" not in text


def test_lists_changed_settings(report: Reproduction) -> None:
    changed = replace(report, overrides=("train.epochs=3",))
    for text in (markdown(changed), reproduction_text(changed)):
        assert "changed from the recipe: train.epochs=3" in text


@pytest.mark.parametrize(
    ("published", "title"),
    [
        ([], "nothing was published to compare with"),
        (["val_accuracy"], "none of the published numbers was measured"),
    ],
)
def test_the_plot_explains_why_nothing_is_judged(
    published: list[str], title: str, report: Reproduction
) -> None:
    numbers = [Published(metric=metric, value=0.7, source="week 11") for metric in published]
    verdicts = tuple(judge(number, QUANTITIES) for number in numbers)
    (panel,) = _panels(replace(report, verdicts=verdicts))
    assert panel.title == title


def test_files(report: Reproduction) -> None:
    write_report(report, Progress())
    written = json.loads((report.folder / "reproduction.json").read_text())
    assert written["published"][0]["fits"] == "accuracy"
    assert written["quantities"][0]["values"] == [0.662, 0.67, 0.676]
    assert (report.folder / "reproduction.png").read_bytes().startswith(b"\x89PNG")
