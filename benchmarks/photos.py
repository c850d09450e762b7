"""Measure memory and time of training on a folder of photos, and compare them with Keras."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click
import psutil

from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import read_metrics
from reading import Files, write_files

HERE = Path(__file__).resolve().parent
SIDE, EPOCHS, BATCH = 224, 2, 64
DIFFERENT = 2000  # photos; the others are links to them
TEST = 100
CACHES = ("memory", "disk", "none")
POLL = 0.05  # seconds between two looks at the memory


@dataclass(frozen=True)
class Training:
    """What a training took.

    Args:
        peak: Most memory of the process and its children, in bytes.
        seconds: Of the whole process.
        epochs: Seconds of each epoch.
    """

    peak: int
    seconds: float
    epochs: list[float]


def write_photos(folder: Path, count: int) -> None:
    """Write photos of 320x240 in two classes, into `train` and `test`; most are links."""
    for part, wanted in (("train", count), ("test", TEST)):
        (folder / part).mkdir(parents=True)
        write_files(folder / part, Files("jpg", (320, 240), SIDE, min(wanted, DIFFERENT)))
        photos = sorted((folder / part).rglob("*.jpg"))
        for number in range(len(photos), wanted):
            photo = photos[number % len(photos)]
            link(photo, photo.with_name(f"{number}_{photo.name}"))


def link(photo: Path, new: Path) -> None:
    """Make another file with the content of a photo, by a hard link where there are any."""
    try:
        os.link(photo, new)
    except OSError:
        shutil.copyfile(photo, new)


def run_and_watch(command: list[str]) -> tuple[str, int, float]:
    """Run a program; return its output, its peak memory in bytes, and its seconds."""
    started = time.perf_counter()
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(HERE)}
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        process = psutil.Popen(
            [sys.executable, *command], stdout=output, stderr=subprocess.STDOUT, env=environment
        )
        peak = 0
        while process.poll() is None:
            peak = max(peak, memory_of(process))
            time.sleep(POLL)
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise click.ClickException(f"{' '.join(command)}: {text.strip()}")
    return text, peak, time.perf_counter() - started


def memory_of(process: psutil.Process) -> int:
    """Return the memory of a process and its children, in bytes; 0 if it has ended."""
    try:
        tree = [process, *process.children(recursive=True)]
        return sum(member.memory_info().rss for member in tree)
    except psutil.Error:
        return 0


def train_kcnn(photos: Path, cache: str) -> Training:
    """Train by `kcnn fit`."""
    with tempfile.TemporaryDirectory() as outputs:
        _, peak, seconds = run_and_watch(
            [
                "-m", "kcnn", "fit", str(HERE / "nets" / "photos.yaml"), "--quiet",
                "--name", cache, "--output-dir", outputs, f"data.path={photos}",
                f"data.cache={cache}",
            ]
        )  # fmt: skip
        metrics = read_metrics(RunFolder(Path(outputs) / "photos" / cache))
        return Training(peak, seconds, [epoch["seconds"] for epoch in metrics])


def train_keras(photos: Path) -> Training:
    """Train by `image_dataset_from_directory` and `model.fit`."""
    arguments = map(str, (photos / "train", SIDE, EPOCHS, BATCH))
    text, peak, seconds = run_and_watch(["-m", "contenders.keras_folder", *arguments])
    return Training(peak, seconds, json.loads(text.splitlines()[-1]))


@click.command(context_settings={"show_default": True})
@click.option("--images", default=10_000, help="Training images.")
def main(images: int) -> None:
    """Train a tiny net for two epochs on photos of 320x240 at 224x224.

    kcnn trains with each place for decoded images; it also checks all files first, scores the test
    images, and saves models and plots. Keras decodes the images in each epoch.
    """
    click.echo("| training | peak memory | first epoch | second epoch | whole command |")
    click.echo("| --- | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as name:
        photos = Path(name) / "photos"
        write_photos(photos, images)
        for cache in CACHES:
            click.echo(row(f"kcnn, `cache: {cache}`", train_kcnn(photos, cache)))
        click.echo(row("Keras", train_keras(photos)))


def row(name: str, training: Training) -> str:
    """Return a row of the table."""
    first, second = (f"{seconds:.1f} s" for seconds in training.epochs)
    return (
        f"| {name} | {training.peak / 1e6:,.0f} MB | {first} | {second} | "
        f"{training.seconds:.1f} s |"
    )


if __name__ == "__main__":
    main()
