"""A real server on loopback, with a small model of NumPy, answers in Serving's form."""

from __future__ import annotations

import http.client
import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kcnn.data.image.read import read_image

pytest.importorskip("uvicorn")

from kcnn.serve.app import Server
from kcnn.serve.body import Admission, Busy
from kcnn.serve.hosts import LOOPBACK
from kcnn.serve.http_server import HttpServer, bind
from kcnn.serve.limits import Limits
from kcnn.serve.model import ServedModel

SHAPE = (4, 4, 3)
NAMES = ["dark", "gray", "bright"]
MODEL = ServedModel("shades", "shades/run-001", "last", "NumPy", NAMES, SHAPE)
PREDICT = "/v1/models/shades:predict"


def predict(images: np.ndarray) -> np.ndarray:
    """Return how near an image's mean is to 0, 127.5 and 255, as probabilities."""
    means = images.reshape(len(images), -1).mean(axis=1, dtype=np.float64)
    near = np.exp(-np.abs(means[:, np.newaxis] - [0, 127.5, 255]) / 50)
    return (near / near.sum(axis=1, keepdims=True)).astype(np.float32)


class Client:
    """Ask a server of this process.

    Args:
        port: Its port.
    """

    def __init__(self, port: int) -> None:
        self.port = port

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any, http.client.HTTPMessage]:
        """Return the status, the JSON or text, and the headers of an answer."""
        connection = self.connect()
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, path, content, headers or {})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        is_json = answer.headers.get_content_type() == "application/json"
        return answer.status, json.loads(text) if is_json else text, answer.headers

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        return self.ask("POST", path, body)[:2]

    def get(self, path: str) -> tuple[int, Any]:
        return self.ask("GET", path)[:2]


@contextmanager
def serving(
    function: Callable[[np.ndarray], np.ndarray] = predict,
    limits: Limits | None = None,
    model: ServedModel = MODEL,
) -> Iterator[Client]:
    listener = bind("127.0.0.1", 0)
    server = Server(model, function, limits or Limits(), LOOPBACK)
    http_server = HttpServer(server.app, listener)
    client = Client(listener.getsockname()[1])
    http_server.start()
    try:
        yield client
    finally:
        http_server.ask_to_stop()
        http_server.wait()
        server.close()


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with serving(limits=Limits(max_upload=200_000)) as client:
        yield client


def image(value: int) -> np.ndarray:
    return np.full(SHAPE, value, np.uint8)


def png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize("path", [PREDICT, "/v1/models/shades/versions/1:predict"])
def test_rows_and_columns(client: Client, path: str) -> None:
    images = np.stack([image(value) for value in (3, 130, 250)])
    expected = predict(images).tolist()
    assert client.post(path, {"instances": images.tolist()}) == (200, {"predictions": expected})
    columns = {"signature_name": "serving_default", "inputs": {"images": images.tolist()}}
    assert client.post(path, columns) == (200, {"outputs": expected})


def test_status_and_metadata(client: Client) -> None:
    for path in ("/v1/models/shades", "/v1/models/shades/versions/1"):
        status, answer = client.get(path)
        assert (status, answer["model_version_status"][0]["state"]) == (200, "AVAILABLE")
        status, answer = client.get(path + "/metadata")
        assert (status, answer["model_spec"]["name"]) == (200, "shades")
        signature = answer["metadata"]["signature_def"]["signature_def"]["serving_default"]
        images, probabilities = signature["inputs"]["images"], signature["outputs"]["probabilities"]
        assert images["dtype"] == "DT_UINT8"
        assert [dim["size"] for dim in images["tensor_shape"]["dim"]] == ["-1", "4", "4", "3"]
        assert [dim["size"] for dim in probabilities["tensor_shape"]["dim"]] == ["-1", "3"]


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        (
            "POST",
            "/v1/models/tints:predict",
            404,
            "no model 'tints' here; this server has 'shades'",
        ),
        (
            "POST",
            "/v1/models/shades/versions/2:predict",
            404,
            "no version '2' of it; there is only",
        ),
        ("POST", "/v1/models/shades:classify", 404, ":classify: expected :predict"),
        ("GET", "/v1/models/tints", 404, "no model 'tints' here"),
        ("GET", "/v1/models/tints/metadata", 404, "no model 'tints' here"),
        ("GET", "/", 404, "/: not found; this server has POST /v1/models/shades:predict"),
        ("GET", "/classify", 405, "/classify: expected POST; found GET"),
        ("POST", "/classify?top=0", 400, "top: expected a whole number, 1 or more; found '0'"),
        ("POST", f"/classify?top={'9' * 5000}", 400, "top: expected a whole number, 1 or more"),
        ("GET", f"/{'a' * 5000}", 404, f"/{'a' * 98}…: not found; this server has POST"),
        ("POST", "/classify", 400, "expected an image file as the body; found nothing"),
        ("POST", PREDICT, 400, "no JSON that can be read"),
    ],
)
def test_errors_have_servings_form(
    client: Client, method: str, path: str, status: int, message: str
) -> None:
    found, answer, _ = client.ask(method, path)
    assert found == status
    assert list(answer) == ["error"]
    assert message in answer["error"]


def test_classify_answers_as_predict_reads(client: Client, tmp_path: Path) -> None:
    """A photo on its side, partly transparent, of another size."""
    pixels = np.random.default_rng(0).integers(0, 256, (9, 5, 4), np.uint8)
    file = tmp_path / "image.png"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(file, exif=exif)
    expected = predict(read_image(file, SHAPE[:2], 3)[np.newaxis])[0]
    order = np.argsort(-expected)
    status, answer = client.post("/classify", file.read_bytes())
    assert status == 200
    assert answer["classes"] == [
        {"class": NAMES[index], "probability": float(expected[index])} for index in order
    ]
    assert len(client.post("/classify?top=1", file.read_bytes())[1]["classes"]) == 1


def test_classify_returns_the_labels_above_their_thresholds() -> None:
    model = ServedModel(
        "shades", "shades/run-001", "last", "NumPy", NAMES, SHAPE, thresholds=(0.9, 0.05, 0.05)
    )
    with serving(model=model) as client:
        classes = client.post("/classify?top=1", png(image(60)))[1]["classes"]
    assert [found["class"] for found in classes] == ["gray"]


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (b"no image", "image/png", "the image: "),
        (png(image(9))[:60], "image/png", "the image: "),
        (b"--x\r\nContent-Disposition", "multipart/form-data; boundary=x", "--data-binary @"),
        (b"abc", "application/x-www-form-urlencoded", "--data-binary @"),
    ],
)
def test_what_is_no_image(client: Client, content: bytes, kind: str, message: str) -> None:
    status, answer, _ = client.ask("POST", "/classify", content, {"Content-Type": kind})
    assert status == 400
    assert message in answer["error"]


def test_a_body_that_is_too_large_is_refused_and_thrown_away(client: Client) -> None:
    content = bytes(20_000_000)  # more than the buffers of a connection hold
    for path in (PREDICT, "/classify"):
        status, answer = client.post(path, content)  # http.client sends it all before it reads
        assert status == 413
        assert answer["error"] == "the body has more than 200.0 kB, the limit of this server"


def test_a_body_of_unknown_length_is_refused_too(client: Client) -> None:
    connection = client.connect()
    connection.request("POST", PREDICT, iter([bytes(50_000)] * 20), encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status == 413
    assert "200.0 kB" in json.loads(answer.read())["error"]
    connection.close()


def test_a_client_that_asks_first_sends_no_large_body(client: Client) -> None:
    with socket.create_connection(("127.0.0.1", client.port), timeout=30) as connection:
        head = f"POST {PREDICT} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
        connection.sendall(f"{head}Content-Length: 100000000\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def begin_upload(client: Client) -> socket.socket:
    """Return a connection that has sent the first of ten bytes."""
    connection = socket.create_connection(("127.0.0.1", client.port), timeout=30)
    head = f"POST {PREDICT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n"
    connection.sendall(f"{head}x".encode())
    return connection


def test_a_body_that_does_not_arrive_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kcnn.serve.body.SECONDS_FOR_BODY", 0.1)
    with serving() as client, begin_upload(client) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 408 ")


def test_a_client_that_hangs_up_leaves_its_place_to_others() -> None:
    with serving(limits=Limits(max_waiting=1)) as client:
        begin_upload(client).close()
        counted = 'kcnn_requests_total{endpoint="predict",status="499"} 1'
        deadline = time.monotonic() + 30
        while counted not in client.get("/metrics")[1]:
            assert time.monotonic() < deadline
        assert client.post(PREDICT, {"instances": [image(7).tolist()]})[0] == 200


def test_the_bytes_of_all_bodies_together_are_bounded() -> None:
    admission = Admission(max_requests=100, max_upload=10)
    with admission.request() as body:
        body.size = 80
        admission.reserve(80)  # of eight uploads
        with pytest.raises(Busy):
            admission.reserve(1)
    admission.reserve(80)


def test_a_compressed_body_is_refused(client: Client) -> None:
    status, answer, _ = client.ask("POST", PREDICT, b"x", {"Content-Encoding": "gzip"})
    assert (status, answer["error"]) == (415, "expected a body that is not compressed")


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost", 200), ("LOCALHOST:80", 200), ("[::1]:8501", 200), ("evil.example", 400),
     ("127.0.0.1.evil.example", 400), ("[", 400), ("", 400)],
)  # fmt: skip
def test_other_host_names_are_refused(client: Client, host: str, status: int) -> None:
    found, answer, _ = client.ask("GET", "/health", headers={"Host": host})
    assert found == status
    if status == 400:
        assert answer["error"] == "Host header: expected 127.0.0.1 or localhost or ::1"


def test_too_many_images(client: Client) -> None:
    images = np.zeros((129, *SHAPE), np.uint8).tolist()
    status, answer = client.post(PREDICT, {"instances": images})
    assert status == 413
    assert "at most 128 images in a request; found 129" in answer["error"]


def test_a_full_queue_answers_429_and_recovers() -> None:
    may_go = threading.Event()

    def slow(images: np.ndarray) -> np.ndarray:
        assert may_go.wait(60)
        return predict(images)

    body = {"instances": [image(7).tolist()]}
    with serving(slow, Limits(max_waiting=4)) as client, ThreadPoolExecutor(12) as pool:
        asked = as_completed([pool.submit(client.ask, "POST", PREDICT, body) for _ in range(12)])
        for _ in range(8):  # answered while the model computes nothing
            status, answer, headers = next(asked).result()
            assert status == 429
            assert int(headers["Retry-After"]) >= 1
            assert "too many requests are waiting" in answer["error"]
        may_go.set()
        assert [future.result()[0] for future in asked] == [200] * 4
        assert client.post(PREDICT, body)[0] == 200


def test_a_model_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    def fail(images: np.ndarray) -> np.ndarray:
        raise ValueError("wrong inside")

    body = {"instances": [image(7).tolist()]}
    with serving(fail) as client:
        assert client.post(PREDICT, body) == (
            500, {"error": "the server could not answer: ValueError: wrong inside"},
        )  # fmt: skip
        assert client.get("/health")[0] == 200
    assert "a request could not be answered" in caplog.text
    with serving(lambda images: predict(images) * np.float32("nan")) as client:
        status, answer = client.post(PREDICT, body)
        assert (status, "not finite" in answer["error"]) == (500, True)


def test_metrics_count_what_was_answered() -> None:
    body = {"instances": [image(7).tolist(), image(9).tolist()]}
    with serving() as client:
        client.post(PREDICT, body)
        client.post(PREDICT, b"nothing")
        status, text, headers = client.ask("GET", "/metrics")
    assert status == 200
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = text.splitlines()
    assert 'kcnn_requests_total{endpoint="predict",status="200"} 1' in lines
    assert 'kcnn_requests_total{endpoint="predict",status="400"} 1' in lines
    assert 'kcnn_batch_images_bucket{le="1"} 0' in lines
    assert 'kcnn_batch_images_bucket{le="2"} 1' in lines
    assert "kcnn_batch_images_sum 2" in lines
    assert "kcnn_waiting_images 0" in lines


def test_stopping_finishes_what_was_accepted_and_refuses_new_connections() -> None:
    began, may_go = threading.Event(), threading.Event()

    def slow(images: np.ndarray) -> np.ndarray:
        began.set()
        assert may_go.wait(60)
        return predict(images)

    listener = bind("127.0.0.1", 0)
    server = Server(MODEL, slow, Limits())
    http_server = HttpServer(server.app, listener)
    client = Client(listener.getsockname()[1])
    http_server.start()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.post, PREDICT, {"instances": [image(7).tolist()]})
        assert began.wait(30)
        http_server.ask_to_stop()
        with pytest.raises(OSError):
            for _ in range(300):
                socket.create_connection(("127.0.0.1", client.port), timeout=1).close()
                threading.Event().wait(0.02)
        time.sleep(0.5)  # the server would have ended by now
        may_go.set()
        assert asked.result(30)[0] == 200
    http_server.wait()
    server.close()
