from __future__ import annotations

import os
import subprocess
import sys

import pytest

from kcnn.machine.cores import core_count, split_evenly, usable_cores

STAYS_ON_ONE = """
from kcnn.machine.cores import core_count, pin_to_cores, usable_cores
last = usable_cores()[-1:]
pin_to_cores(last)
import os
kept = usable_cores() == last or not hasattr(os, "sched_setaffinity")
print(kept, core_count(), os.environ["TF_NUM_INTRAOP_THREADS"])
print(os.environ["TF_NUM_INTEROP_THREADS"])
"""


@pytest.mark.parametrize(
    ("count", "parts", "expected"),
    [
        (4, 2, [(0, 1), (2, 3)]),
        (5, 2, [(0, 1, 2), (3, 4)]),
        (3, 3, [(0,), (1,), (2,)]),
        (4, 1, [(0, 1, 2, 3)]),
    ],
)
def test_split_evenly(count: int, parts: int, expected: list[tuple[int, ...]]) -> None:
    assert split_evenly(range(count), parts) == expected


def test_tensorflows_own_setting_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    assert core_count() == len(usable_cores())
    for setting, expected in (("1", 1), ("1000", core_count()), ("0", core_count())):
        monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", setting)
        assert core_count() == expected


def test_without_affinity_all_cores_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert len(usable_cores()) == os.cpu_count()


def test_a_process_stays_on_its_cores() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STAYS_ON_ONE], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "1", "1", "1"]
