"""Compare how fast image files are read by kcnn, Keras, PyTorch, Ultralytics and timm."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import click
import numpy as np
import psutil
from PIL import Image

from training_speed import format_ratios

HERE = Path(__file__).resolve().parent
# The loaders, and the package without which one is left out.
READERS = {
    "kcnn": ("ours", "kcnn"),
    "Keras": ("keras_loader", "keras"),
    "PyTorch": ("torchvision_loader", "torchvision"),
    "Ultralytics": ("ultralytics_loader", "ultralytics"),
    "timm": ("timm_loader", "timm"),
}


@dataclass(frozen=True)
class Files:
    """Image files to read.

    Args:
        suffix: Of the files.
        size: Width and height of their images.
        side: Height and width to which they are resized.
        count: Number of files.
    """

    suffix: str
    size: tuple[int, int]
    side: int
    count: int

    def __str__(self) -> str:
        width, height = self.size
        return f"{self.suffix} {width}x{height} → {self.side}"


FILES = (
    Files("jpg", (32, 32), 32, 8000),
    Files("png", (32, 32), 32, 8000),
    Files("jpg", (320, 240), 64, 3000),
    Files("jpg", (1600, 1200), 224, 300),
)


def write_files(folder: Path, files: Files) -> None:
    """Write parts of two photos of scikit-learn, with some noise, in two classes."""
    from sklearn.datasets import load_sample_images

    random = np.random.default_rng(0)
    photos = [Image.fromarray(photo) for photo in load_sample_images().images]
    width, height = files.size
    for number in range(files.count):
        photo = photos[number % 2]
        part_height = int(min(photo.height, photo.width * height / width) * random.uniform(0.5, 1))
        part_width = int(part_height * width / height)
        left = random.integers(0, photo.width - part_width + 1)
        top = random.integers(0, photo.height - part_height + 1)
        box = (left, top, left + part_width, top + part_height)
        pixels = np.asarray(photo.resize(files.size, Image.Resampling.BICUBIC, box))
        noisy = pixels + random.normal(0, 2, (height, width, 1)).round()
        path = folder / f"class{number % 2}" / f"{number}.{files.suffix}"
        path.parent.mkdir(exist_ok=True)
        options = {"quality": 90} if files.suffix == "jpg" else {}
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(path, **options)


@dataclass
class Reader:
    """A loader that waits in a process of its own until it is asked to read.

    Args:
        process: That process.
        per_second: Images per second of each round.
        per_cpu_second: Images per second of all cores together, of each round.
    """

    process: subprocess.Popen[str]
    per_second: list[float] = field(default_factory=list)
    per_cpu_second: list[float] = field(default_factory=list)

    def read(self) -> None:
        """Let it read all images once, and keep how fast it was."""
        assert self.process.stdin is not None and self.process.stdout is not None
        before = self._cpu_seconds()
        print(file=self.process.stdin, flush=True)
        result = self.process.stdout.readline().split()
        if len(result) != 2:
            raise click.ClickException(f"a loader ended; run {self.process.args} to see why")
        count, seconds = int(result[0]), float(result[1])
        self.per_second.append(count / seconds)
        self.per_cpu_second.append(count / max(1e-9, self._cpu_seconds() - before))

    def _cpu_seconds(self) -> float:
        parent = psutil.Process(self.process.pid)
        times = [process.cpu_times() for process in (parent, *parent.children(recursive=True))]
        return sum(time.user + time.system for time in times)


def start(module: str, folder: Path, side: int, python: str) -> subprocess.Popen[str]:
    """Start a loader's program."""
    return subprocess.Popen(
        [python, "-m", f"readers.{module}", str(folder), str(side)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=HERE,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(HERE)},
    )


def python_with(package: str, others: Sequence[str]) -> str | None:
    """Return the Python that has a package: this one, or one of the others; None if none has."""
    for python in (sys.executable, *others):
        found = f"import importlib.util as u, sys; sys.exit(u.find_spec('{package}') is None)"
        if subprocess.run([python, "-c", found], check=False).returncode == 0:
            return python
    return None


def measure(files: Files, pythons: dict[str, str], rounds: int) -> dict[str, Reader]:
    """Let all loaders read the same files in turn, once unmeasured and then in rounds."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name) / "images"  # Ultralytics writes a file beside it
        folder.mkdir()
        write_files(folder, files)
        readers = {
            loader: Reader(start(READERS[loader][0], folder, files.side, python))
            for loader, python in pythons.items()
        }
        for reader in readers.values():
            stack.callback(reader.process.wait)
            stack.callback(reader.process.communicate)
        for number in range(rounds + 1):
            for loader, reader in readers.items():
                reader.read()
                if number == 0:  # files come into the system's cache, and processes start
                    reader.per_second.clear()
                    reader.per_cpu_second.clear()
                else:
                    rate = f"{reader.per_second[-1]:,.0f} images/s"
                    click.echo(f"{files}, round {number}: {loader} {rate}", err=True)
        return readers


@click.command(epilog="Example: python benchmarks/reading.py --python /tmp/rivals/bin/python")
@click.option("--rounds", default=5, show_default=True, help="How often each reads, in turn.")
@click.option("--scale", default=1.0, show_default=True, help="Times the number of files.")
@click.option(
    "--python", "others", multiple=True, metavar="PATH",
    help="Another Python, which has the packages that this one has not."
)  # fmt: skip
def main(rounds: int, scale: float, others: tuple[str, ...]) -> None:
    """Compare how fast image files are read by kcnn and by the loaders of other packages.

    Print kcnn's images per second, and how many times those of each other loader that is: by the
    clock, with all of its threads and processes, and by seconds of all cores together. The table
    has the median of the rounds, the lowest and the highest. All loaders resize; all but Keras's
    with antialiasing. kcnn returns bytes, as its models take them, and the others floats.
    """
    pythons = {}
    for loader, (_, package) in READERS.items():
        python = python_with(package, others)
        if python is None:
            click.echo(f"{loader} is left out: {package} is not installed", err=True)
        else:
            pythons[loader] = python
    rivals = [loader for loader in pythons if loader != "kcnn"]
    heads = ["files", "kcnn, images/s", *(f"kcnn / {rival}" for rival in rivals)]
    heads += ["kcnn, images per CPU second", *(f"kcnn / {rival}, CPU" for rival in rivals)]
    click.echo(f"| {' | '.join(heads)} |\n| --- |{' ---: |' * (len(heads) - 1)}")
    for files in FILES:
        files = Files(files.suffix, files.size, files.side, max(2, round(files.count * scale)))
        readers = measure(files, pythons, rounds)
        cells = [str(files)]
        for rates in ("per_second", "per_cpu_second"):
            ours = getattr(readers["kcnn"], rates)
            cells.append(f"{median(ours):,.0f}")
            for rival in rivals:
                theirs = getattr(readers[rival], rates)
                cells.append(format_ratios([a / b for a, b in zip(ours, theirs, strict=True)]))
        click.echo(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
