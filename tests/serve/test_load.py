"""The clients of the load test notice wrong answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("uvicorn")

from kcnn.serve.app import Server
from kcnn.serve.http_server import HttpServer, bind
from kcnn.serve.limits import Limits
from kcnn.serve.model import ServedModel
from serving import Load, Question, _request, ask_for, row

NAMES = ["a", "b"]
IMAGES = np.random.default_rng(0).integers(0, 256, (20, 2, 2, 1), np.uint8)


def predict(images: np.ndarray) -> np.ndarray:
    first = images[:, 0, 0, 0] / np.float32(255)
    return np.stack([first, 1 - first], axis=1)


@pytest.fixture
def port() -> Iterator[int]:
    listener = bind("127.0.0.1", 0)
    model = ServedModel("m", "m/run-001", "last", "NumPy", NAMES, (2, 2, 1))
    server = Server(model, predict, Limits())
    http_server = HttpServer(server.app, listener)
    http_server.start()
    yield listener.getsockname()[1]
    http_server.ask_to_stop()
    http_server.wait()
    server.close()


def load(port: int, form: str, expected: np.ndarray) -> Load:
    asked = [
        Question(_request(image, form, "m"), right)
        for image, right in zip(IMAGES, expected, strict=True)
    ]
    return asyncio.run(ask_for(port, asked, NAMES, clients=50, seconds=0.3))


@pytest.mark.parametrize("form", ["pixels", "files"])
def test_right_and_wrong_answers_are_counted(port: int, form: str) -> None:
    right = load(port, form, predict(IMAGES))
    assert right.wrong == 0
    assert set(right.statuses) == {200}
    assert len(right.times) >= 50
    wrong = load(port, form, np.roll(predict(IMAGES), 1, axis=0))
    assert wrong.wrong == len(wrong.times)
    cells = row("numpy", [wrong], [right]).split(" | ")
    assert cells[-3:] == [str(wrong.wrong), "0", "0 |"]
