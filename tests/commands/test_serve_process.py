"""kcnn serve as a real process: the right answers, bounds, and an end in good order."""

from __future__ import annotations

import base64
import io
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kcnn.commands.export import export
from kcnn.data.digits import read_digits
from kcnn.model.probabilities import probability_model
from kcnn.model.saved import load_model
from kcnn.runs.folder import RunFolder

pytestmark = pytest.mark.slow


def ask(url: str, body: Any = None) -> tuple[int, Any]:
    """Return the status and the JSON of an answer."""
    content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(url, content, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels[..., 0]).save(stream, "PNG")
    return stream.getvalue()


def restore_signals() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_a_server_answers_as_the_model_and_as_the_saved_model(run_copy: RunFolder) -> None:
    outputs = run_copy.path.parents[1]
    export(None, outputs, ["saved_model", "onnx"])
    command = [sys.executable, "-m", "kcnn", "serve", "--port", "0", "--output-dir", str(outputs)]
    process = subprocess.Popen(
        [*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=restore_signals,
    )  # fmt: skip
    try:
        service = json.JSONDecoder().raw_decode(read_object(process))[0]
        url = service["url"]
        predict = f"{url}/v1/models/digits:predict"
        images = read_digits().test.read_all()[:100]
        expected = probability_model(load_model(run_copy, "last"), False).predict(images, verbose=0)

        # As TensorFlow Serving: the JSON's numbers become the tensor that the signature takes.
        body = {"signature_name": "serving_default", "instances": images.tolist()}
        status, answer = ask(predict, body)
        assert status == 200
        np.testing.assert_allclose(answer["predictions"], expected, atol=1e-5)
        np.testing.assert_allclose(answer["predictions"], by_signature(run_copy, body), atol=1e-5)

        # Many clients at once, each with its own image, as pixels and as a file.
        with ThreadPoolExecutor(20) as pool:
            pixels = pool.map(lambda image: ask(predict, {"inputs": [image.tolist()]}), images)
            for (status, answer), row in zip(pixels, expected, strict=True):
                assert status == 200
                np.testing.assert_allclose(answer["outputs"][0], row, atol=1e-5)
            files = pool.map(lambda image: ask(f"{url}/classify", png(image)), images)
            for (status, answer), row in zip(files, expected, strict=True):
                assert status == 200
                assert answer["classes"][0]["class"] == str(row.argmax())
        encoded = base64.b64encode(png(images[3])).decode()
        status, answer = ask(predict, {"instances": [{"b64": encoded}]})
        np.testing.assert_allclose(answer["predictions"][0], expected[3], atol=1e-5)

        assert ask(predict, bytes(100_000_000)) == (
            413, {"error": "the body has more than 32.0 MB, the limit of this server"},
        )  # fmt: skip
        status, answer = ask(f"{url}/classify", b"no image")
        assert (status, answer["error"].startswith("the image: ")) == (400, True)
        assert megabytes(process.pid) < 600  # neither TensorFlow nor the 100 MB are in memory

        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr is not None
        assert process.stderr.read().splitlines()[-1] == "stopped by Ctrl-C"
    finally:
        process.kill()
        process.communicate()


def read_object(process: subprocess.Popen[str]) -> str:
    """Return the JSON object that a process prints before it answers requests."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("}"):
            break
    return "".join(lines)


def by_signature(run: RunFolder, body: dict[str, Any]) -> np.ndarray:
    """Return what the SavedModel predicts for a request, as TensorFlow Serving would run it."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(run.exports / "saved_model" / "1"))
    signature = loaded.signatures[body["signature_name"]]
    dtype = signature.structured_input_signature[1]["images"].dtype
    request = json.loads(json.dumps(body))
    return signature(images=tf.constant(request["instances"], dtype))["probabilities"].numpy()


def megabytes(pid: int) -> float:
    import psutil

    return psutil.Process(pid).memory_info().rss / 1e6
