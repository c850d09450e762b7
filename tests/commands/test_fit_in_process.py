"""What the two processes say to each other; whole trainings are in test_reproduce.py."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from kcnn.commands import fit_in_process as module
from kcnn.errors import KcnnError, TrainingError
from kcnn.progress import Advance, Progress


class Heard(Progress):
    """Keeps what it is told, in order."""

    def __init__(self) -> None:
        self.all: list[object] = []

    def note(self, text: str) -> None:
        self.all.append(text)

    @contextmanager
    def task(self, title: str, total: int | None = None, unit: str = "") -> Iterator[Advance]:
        self.all.append((title, total, unit))
        yield self.all.append
        self.all.append(f"{title} done")

    def epoch_finished(self, epoch: int, row: Mapping[str, float]) -> None:
        self.all.append((epoch, row))


def test_progress_arrives_as_it_was_told() -> None:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    relay, heard = module._Relay(sender), Heard()
    with relay.task("outer"), relay.task("Loading", 9, "images") as advance:
        advance(4)
        relay.note("a line")
    relay.epoch_finished(2, {"loss": 0.5})
    relay.send("finished", Path("outputs/a"), {"status": "finished"})
    with ExitStack() as tasks:
        ending = module._listen(receiver, heard, tasks)
    assert heard.all == [
        ("outer", None, ""), ("Loading", 9, "images"), 4, "a line", "Loading done", "outer done",
        (2, {"loss": 0.5}),
    ]  # fmt: skip
    assert not isinstance(ending, KcnnError) and ending is not None
    assert ending.run.path == Path("outputs/a")


def test_work_that_nobody_hears_of_ends() -> None:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    receiver.close()
    with pytest.raises(KeyboardInterrupt):
        module._Relay(sender).note("anybody?")


def test_an_error_comes_over_with_its_hint(tmp_path: Path) -> None:
    with pytest.raises(KcnnError) as caught:
        module.fit_in_process(recipe="digits", overrides=["train.epochs=0"], output_dir=tmp_path)
    assert "expected a number above 0; got 0" in caught.value.message
    assert caught.value.hint is not None


class EndsWhoReceivesIt:
    """Ends the process that it is sent to, as the system does when memory is short."""

    def __reduce__(self) -> tuple[object, tuple[int]]:
        return os._exit, (9,)


def test_a_process_that_dies_without_a_word() -> None:
    with pytest.raises(TrainingError, match="ended with status 9 and without a word"):
        module.fit_in_process(recipe=EndsWhoReceivesIt())
