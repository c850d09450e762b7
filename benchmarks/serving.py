"""Load kcnn serve with many clients at once, and compare its runtimes with TensorFlow's SavedModel.

Every answer is compared with what the run's Keras model predicts for that image.
"""

from __future__ import annotations

import asyncio
import io
import json
import random
import re
import statistics
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np
import psutil
from PIL import Image

from kcnn.commands import serve as serving
from kcnn.commands.export import export
from kcnn.data.load import load_dataset
from kcnn.machine.start import start_tensorflow
from kcnn.progress import Progress
from kcnn.recipe import read_recipe
from kcnn.runs.find import find_run

BASE = "saved_model"  # what the others are compared with
IMAGES = 500
TOLERANCE = 1e-4  # of a probability; float32 has rounding of its own in each runtime
WARM_UP_SECONDS = 3.0
OK, BUSY = 200, 429


@dataclass
class Load:
    """What the clients saw.

    Args:
        seconds: How long they asked.
        times: Seconds of each request that was answered with predictions.
        statuses: How often each HTTP status came.
        wrong: Answers that differ from the model's.
        images: Images that the server predicted.
        batches: In how many batches.
        cpu: Seconds of processor time that the server took.
        memory: Of the server at the end, in MB.
    """

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: int = 0
    images: float = 0.0
    batches: float = 0.0
    cpu: float = 0.0
    memory: float = 0.0

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.times) / self.seconds

    def __add__(self, other: Load) -> Load:
        """Return both as one, `other` being the later one."""
        return Load(
            self.seconds + other.seconds, self.times + other.times,
            self.statuses + other.statuses, self.wrong + other.wrong,
            self.images + other.images, self.batches + other.batches, self.cpu + other.cpu,
            other.memory,
        )  # fmt: skip


@dataclass(frozen=True)
class Question:
    """A request, ready to be sent, and the probabilities that are right."""

    content: bytes
    expected: np.ndarray


def questions(run: str, output_dir: Path, form: str) -> list[Question]:
    """Return requests for test images of a run, and what its Keras model predicts for them."""
    found = find_run(run, output_dir)
    test = load_dataset(read_recipe(found.resolved).data, None, Progress(), parts=["test"]).test
    images = test.read(np.arange(min(IMAGES, len(test))))
    start_tensorflow()
    from kcnn.model.probabilities import probability_model
    from kcnn.model.saved import load_model

    expected = probability_model(load_model(found, "last"), False).predict(images, verbose=0)
    name = found.path.parent.name
    return [
        Question(_request(image, form, name), row)
        for image, row in zip(images, expected, strict=True)
    ]


def _request(image: np.ndarray, form: str, name: str) -> bytes:
    if form == "pixels":
        path, body = f"/v1/models/{name}:predict", json.dumps({"instances": [image.tolist()]})
        content = body.encode()
    else:
        stream = io.BytesIO()
        Image.fromarray(image.squeeze()).save(stream, "PNG")
        path, content = "/classify?top=1000", stream.getvalue()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


async def ask_for(
    port: int, asked: Sequence[Question], names: Sequence[str], clients: int, seconds: float
) -> Load:
    """Let clients ask, each its next question once it has an answer, and count what they see."""
    load = Load()
    began = time.perf_counter()
    end = began + seconds
    await asyncio.gather(
        *(
            _client(port, asked, names, end, load, random.Random(number))
            for number in range(clients)
        )
    )
    load.seconds = time.perf_counter() - began
    return load


async def _client(
    port: int, asked: Sequence[Question], names: Sequence[str], end: float, load: Load,
    choice: random.Random,
) -> None:  # fmt: skip
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (began := time.perf_counter()) < end:
        question = choice.choice(asked)
        writer.write(question.content)
        status, headers, body = await _answer(reader)
        load.statuses[status] += 1
        if status == OK:
            load.times.append(time.perf_counter() - began)
            given = _probabilities(json.loads(body), names)
            load.wrong += not np.abs(given - question.expected).max() <= TOLERANCE
        elif status == BUSY:
            await asyncio.sleep(float(headers["retry-after"]) * choice.random())
    writer.close()
    await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    body = await reader.readexactly(int(headers["content-length"]))
    return int(head[0].split()[1]), headers, body


def _probabilities(answer: dict, names: Sequence[str]) -> np.ndarray:
    if "predictions" in answer:
        return np.array(answer["predictions"][0])
    found = {row["class"]: row["probability"] for row in answer["classes"]}
    return np.array([found[name] for name in names])


@contextmanager
def started(run: str, output_dir: Path, name: str, queue: int) -> Iterator[tuple[int, int]]:
    """Start a server; end it afterwards.

    Yields:
        The numbers of its process and of its port.
    """
    command = [sys.executable, __file__, run, "--output-dir", str(output_dir)]
    command += ["--serve", name, "--queue", str(queue)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            yield process.pid, int(url.rpartition(":")[2])
        finally:
            process.terminate()


def measure(
    pid: int, port: int, asked: Sequence[Question], names: Sequence[str], clients: int,
    seconds: float,
) -> Load:  # fmt: skip
    """Load a server for some seconds."""
    before, images = _cpu(pid), _batches(port)
    load = asyncio.run(ask_for(port, asked, names, clients, seconds))
    load.cpu = _cpu(pid) - before
    load.images, load.batches = np.subtract(_batches(port), images)
    load.memory = psutil.Process(pid).memory_info().rss / 1e6
    return load


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def _batches(port: int) -> tuple[float, float]:
    """Return how many images were predicted so far, and in how many batches."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    found = dict(re.findall(r"^kcnn_batch_images_(sum|count) (\S+)$", text, re.MULTILINE))
    return float(found["sum"]), float(found["count"])


def row(name: str, loads: Sequence[Load], base: Sequence[Load]) -> str:
    """Return a row of the table.

    Args:
        name: The format.
        loads: What was measured, round by round.
        base: The same of what it is compared with.
    """
    load = sum(loads[1:], loads[0])
    p50, p99 = 1000 * np.percentile(load.times, [50, 99])
    others = load.statuses.total() - load.statuses[OK] - load.statuses[BUSY]
    ratios = [own.rate / other.rate for own, other in zip(loads, base, strict=True)]
    cells = [
        name, f"{load.rate:,.0f}",
        f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
        f"{p50:.0f}", f"{p99:.0f}", f"{load.images / max(1, load.batches):.1f}",
        f"{1000 * load.cpu / len(load.times):.2f}", f"{load.memory:.0f}", f"{load.wrong}",
        f"{load.statuses[BUSY]}", f"{others}",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def serve_one(run: str, output_dir: Path, name: str, queue: int) -> None:
    """Serve one format until a signal; also the SavedModel, which kcnn serve itself does not."""
    serving.SERVED_FORMATS = (*serving.SERVED_FORMATS, BASE)
    service = serving.serve(run, output_dir, port=0, format_name=name, queue=queue)
    click.echo(json.dumps(service.as_json()))
    with suppress(KeyboardInterrupt):
        service.run_until_signal()


@click.command()
@click.argument("run")
@click.option("--output-dir", type=click.Path(path_type=Path), default="outputs")
@click.option("--formats", default="litert,onnx", show_default=True, help="Formats to compare.")
@click.option("--form", type=click.Choice(["pixels", "files"]), default="pixels",
              show_default=True, help="JSON of TensorFlow Serving, or PNG files.")  # fmt: skip
@click.option("--clients", default=50, show_default=True)
@click.option("--seconds", default=60.0, show_default=True, help="For each format.")
@click.option("--rounds", default=6, show_default=True,
              help="The formats take turns, so that all meet the same other work.")  # fmt: skip
@click.option("--queue", default=256, show_default=True, help="As kcnn serve --queue.")
@click.option("--serve", "served", hidden=True)
def main(
    run: str, output_dir: Path, formats: str, form: str, clients: int, seconds: float, rounds: int,
    queue: int, served: str | None,
) -> None:  # fmt: skip
    """Load kcnn serve RUN with clients on this machine."""
    if served is not None:
        serve_one(run, output_dir, served, queue)
        return
    names = [BASE, *formats.split(",")]
    exported = find_run(run, output_dir).exports
    missing = [name for name in names if not (exported / name).is_dir()]
    if missing:
        export(run, output_dir, missing)
    classes = json.loads((exported / BASE / "class_names.json").read_text("utf-8"))
    asked = questions(run, output_dir, form)
    click.echo(
        "| runtime | requests/s | ratio | p50, ms | p99, ms | images a batch | CPU, ms a request | "
        "memory, MB | wrong | 429 | other errors |"
    )
    click.echo("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    loads: dict[str, list[Load]] = {name: [] for name in names}
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(started(run, output_dir, name, queue)) for name in names
        }
        for pid, port in servers.values():
            measure(pid, port, asked, classes, clients, WARM_UP_SECONDS)
        for _ in range(rounds):
            for name, (pid, port) in servers.items():
                load = measure(pid, port, asked, classes, clients, seconds / rounds)
                loads[name].append(load)
    for name in names:
        click.echo(row(name, loads[name], loads[BASE]))


if __name__ == "__main__":
    main()
