from __future__ import annotations

import pytest

from kcnn.errors import KcnnError
from kcnn.progress import Progress
from kcnn.studies import resources as module
from kcnn.studies.resources import Resources, divide_resources


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "usable_cores", lambda: (0, 1, 2, 3))


def test_a_single_job_has_all_resources() -> None:
    assert divide_resources(5, 1, "0,1", Progress()) == [Resources(None, "0,1")]


def test_cores_are_divided() -> None:
    assert divide_resources(5, 2, "cpu", Progress()) == [
        Resources((0, 1), "cpu"),
        Resources((2, 3), "cpu"),
    ]


def test_gpus_are_divided() -> None:
    assert [own.device for own in divide_resources(4, 2, "0,1", Progress())] == ["0", "1"]
    assert [own.device for own in divide_resources(4, 2, "3,0,1", Progress())] == ["0,1", "3"]


def test_fewer_gpus_than_jobs() -> None:
    with pytest.raises(KcnnError, match="--jobs: 3 jobs need a GPU each, and there are 2"):
        divide_resources(3, 3, "0,1", Progress())


@pytest.mark.parametrize(("device", "gpus"), [(None, 2), ("gpu", 2)])
def test_unnamed_gpus_are_counted(
    device: str | None, gpus: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["a GPU"] * gpus)
    assert [own.device for own in divide_resources(4, 2, device, Progress())] == ["0", "1"]


@pytest.mark.parametrize(
    ("count", "jobs", "possible", "reason"),
    [(2, 3, 2, "2 to train"), (9, 8, 4, "4 cores to divide")],
)
def test_refuses_more_jobs_than_resources(
    count: int, jobs: int, possible: int, reason: str, notes
) -> None:
    assert len(divide_resources(count, jobs, "cpu", notes)) == possible
    assert notes.lines == [f"{possible} jobs, not {jobs}: {reason}"]
