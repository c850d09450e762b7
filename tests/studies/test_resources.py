from __future__ import annotations

import pytest

from kcnn.errors import KcnnError
from kcnn.progress import Progress
from kcnn.studies import resources as module
from kcnn.studies.resources import Lane, lanes_for


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "usable_cores", lambda: (0, 1, 2, 3))


def test_one_at_a_time_gets_all_there_is() -> None:
    assert lanes_for(5, 1, "0,1", Progress()) == [Lane(None, "0,1")]


def test_cores_are_shared_out() -> None:
    assert lanes_for(5, 2, "cpu", Progress()) == [Lane((0, 1), "cpu"), Lane((2, 3), "cpu")]


def test_gpus_are_shared_out() -> None:
    assert [lane.device for lane in lanes_for(4, 2, "0,1", Progress())] == ["0", "1"]
    assert [lane.device for lane in lanes_for(4, 2, "3,0,1", Progress())] == ["0,1", "3"]


def test_fewer_gpus_than_trainings() -> None:
    with pytest.raises(KcnnError, match="3 trainings at a time need a GPU each, and there are 2"):
        lanes_for(3, 3, "0,1", Progress())


@pytest.mark.parametrize(("device", "gpus"), [(None, 2), ("gpu", 2)])
def test_unnamed_gpus_are_counted(
    device: str | None, gpus: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["a GPU"] * gpus)
    assert [lane.device for lane in lanes_for(4, 2, device, Progress())] == ["0", "1"]


@pytest.mark.parametrize(
    ("count", "wanted", "at_a_time", "reason"),
    [(2, 3, 2, "2 to train"), (9, 8, 4, "4 cores to share")],
)
def test_more_than_makes_sense(count: int, wanted: int, at_a_time: int, reason: str, notes) -> None:
    assert len(lanes_for(count, wanted, "cpu", notes)) == at_a_time
    assert notes.lines == [f"{at_a_time} at a time and not {wanted}: {reason}"]
