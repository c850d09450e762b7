from __future__ import annotations

import weakref
from pathlib import Path

import numpy as np
import pytest

from kcnn.commands.fitting.job import load_job
from kcnn.data import load
from kcnn.data.dataset import Dataset
from kcnn.progress import Progress
from kcnn.recipe import read_recipe


def test_no_image_is_held_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    whole: list[weakref.ref[np.ndarray]] = []
    load_dataset = load.load_dataset

    def noted(*arguments: object) -> Dataset:
        dataset = load_dataset(*arguments)  # type: ignore[arg-type]
        whole.append(weakref.ref(dataset.train.images))
        return dataset

    monkeypatch.setattr(load, "load_dataset", noted)
    job = load_job(read_recipe("digits", ["data.validation=0.5"]), None, Progress())
    assert whole[0]() is None
    assert job.validation is not None
    assert len(job.train) == pytest.approx(len(job.validation), abs=1)


def test_the_digest_is_of_all_images_whatever_part_trains() -> None:
    digests = {
        load_job(read_recipe("digits", [f"data.validation={part}"]), None, Progress()).images_digest
        for part in (0, 100, 0.5)
    }
    assert len(digests) == 1


@pytest.mark.parametrize(("drop_remainder", "shown"), [("true", 1000), ("false", 1437)])
def test_an_epoch_shows_what_it_does_not_drop(drop_remainder: str, shown: int) -> None:
    settings = ["train.batch_size=1000", f"train.drop_remainder={drop_remainder}"]
    settings.append("data.validation=0")
    assert load_job(read_recipe("digits", settings), None, Progress()).images_per_epoch == shown


@pytest.mark.slow
def test_another_image_gives_another_digest(tmp_path: Path) -> None:
    images, labels = np.zeros((20, 8, 8, 1), np.uint8), np.arange(20) % 10
    digests = set()
    for value in (0, 1):
        images[3, 4, 5] = value
        file = tmp_path / f"{value}.npz"
        np.savez(file, x_train=images, y_train=labels, x_test=images, y_test=labels)
        settings = [
            f"data={{dataset: npz, path: {file}, validation: 0}}",
            "train.batch_size=10",
        ]
        digests.add(load_job(read_recipe("digits", settings), None, Progress()).images_digest)
    assert len(digests) == 2
