"""Classify image files with the exported model in this folder, as `kcnn predict` does.

    python use.py photo.jpg more.png --top 3

In Python, with this folder in `sys.path`:

    from use import classify
    classify("photo.jpg")  # [('cat', 0.93), ('dog', 0.05), ('deer', 0.01)]

This needs Pillow, NumPy and the model's runtime, but not kcnn: the line "install" of kcnn.json
installs them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from glob import glob
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

HERE = Path(__file__).resolve().parent


@cache
def facts() -> dict[str, Any]:
    """Return what kcnn.json says about the model, and the names of its classes."""
    return {**read_json(HERE / "kcnn.json"), "class_names": read_json(HERE / "class_names.json")}


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        OSError: It cannot be read.
        ValueError: It is damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: damaged: {error}") from None


@cache
def model() -> Any:
    """Load the model, a function of uint8 images: (count, height, width, channels).

    It returns float32 probabilities, (count, classes).
    """
    from runtime import load  # the file runtime.py in this folder

    return load(str(HERE / facts()["file"]))


def read_image(path: str | Path) -> np.ndarray:
    """Read an image file in the size and colors of the model: uint8, (height, width, channels).

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no image, or a damaged one.
    """
    from image_file import read_image as read  # the file image_file.py in this folder

    image: np.ndarray = read(path, facts()["image_size"], facts()["channels"], facts()["resize"])
    return image


def classify(path: str | Path, top: int = 3) -> list[tuple[str, float]]:
    """Return the most probable classes of an image file, and their probabilities.

    Of a model for several labels: the labels above their thresholds, perhaps none.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no image, or a damaged one.
    """
    return most_probable(predict(read_image(path)), top)


def predict(image: np.ndarray) -> np.ndarray:
    """Return the probabilities, float32, (classes,), of an image as `read_image` returns it."""
    # Some files take batches of one size only: the image is repeated.
    batch = image[None].repeat(facts().get("batch_size") or 1, axis=0)
    probabilities: np.ndarray = model()(batch)[0]
    return probabilities


def most_probable(probabilities: np.ndarray, top: int) -> list[tuple[str, float]]:
    """Return classes with their probabilities, as `classify` does.

    Args:
        probabilities: Of one image, (classes,).
        top: How many classes to return.
    """
    names = facts()["class_names"]
    best = (-probabilities).argsort(kind="stable").tolist()
    if facts().get("several_labels"):
        limits = thresholds()
        best = [index for index in best if probabilities[index] > limits[index]]
    else:
        best = best[:top]
    return [(names[index], float(probabilities[index])) for index in best]


def thresholds() -> list[float]:
    """Return the probability above which each of several labels is predicted."""
    chosen = facts().get("thresholds") or [None] * len(facts()["class_names"])
    return [0.5 if threshold is None else threshold for threshold in chosen]


def table(results: Sequence[tuple[str, list[tuple[str, float]]]]) -> str:
    """Return a row for each image: its path, and its classes with their probabilities."""
    named = [
        [path, *(f"{name} {per_cent(probability)}" for name, probability in classes)]
        for path, classes in results
    ]
    if facts().get("several_labels"):
        headings = ["image", "labels"]
        cells = [[path, ", ".join(labels) or "no label"] for path, *labels in named]
    else:
        headings = ["image", "class", *map(ordinal, range(2, len(named[0])))]
        cells = named
    cells = [[printable(cell) for cell in row] for row in cells]
    widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
    rows = [headings, ["-" * width for width in widths], *cells]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def per_cent(fraction: float) -> str:
    """Return a fraction as `93.1 %`; from 99 % on with a second decimal, so as not to say 100."""
    return f"{100 * fraction:.{1 if fraction < 0.99 or fraction == 1 else 2}f} %"


def ordinal(number: int) -> str:
    """Return a position as `2nd`, `3rd`, `4th`."""
    endings = {} if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{endings.get(number % 10, 'th')}"


def printable(text: str) -> str:
    """Return a text with control characters and the like as escapes, such as \\u001b."""
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in text)


def main() -> int:
    """Classify the files that the command line names; return the exit status."""
    parser = argparse.ArgumentParser(description="Classify image files with the exported model.")
    parser.add_argument("images", nargs="+", metavar="IMAGE")
    parser.add_argument("--top", type=int, default=3, help="classes to print for an image (3)")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    arguments = parser.parse_args()
    if arguments.top < 1:
        parser.error("--top: expected 1 or more")
    paths = arguments.images
    if os.name == "nt":  # shells of Windows leave *.jpg to the program
        paths = [found for path in paths for found in sorted(glob(path)) or [path]]
    results, problems = [], []
    with silent_standard_error():
        require_model()
        for path in paths:
            try:
                image = read_image(path)
            except OSError as error:
                problems.append(f"{error.filename or path}: {error.strerror or error}")
            except ValueError as error:
                problems.append(str(error))
            else:
                results.append((path, most_probable(predict(image), arguments.top)))
    if arguments.json:
        print(json.dumps([as_json(*result) for result in results], indent=2))
    elif results:
        print(table(results))
    for problem in problems:
        print(f"error: {printable(problem)}", file=sys.stderr)
    return 1 if problems else 0


def require_model() -> None:
    """Load the model; end the program if it cannot be loaded.

    Raises:
        ImportError: A package is not installed.
        SystemExit: A file of this folder is missing or damaged.
    """
    file = HERE
    try:
        file = HERE / facts()["file"]
        model()
    except ImportError:
        raise
    except OSError as error:
        reason = f"{error.filename or file}: {error.strerror or error}"
    except Exception as error:  # each runtime has its own
        lines = str(error).strip().splitlines() or [type(error).__name__]
        reason = lines[0] if file == HERE else f"{file}: cannot be loaded: {lines[0]}"
    else:
        return
    sys.exit(f"error: {printable(reason)}")


@contextmanager
def silent_standard_error() -> Iterator[None]:
    """Drop what runtimes log while they start, as TensorFlow does; errors are raised."""
    if sys.stderr is None:
        yield
        return
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def install(package: str) -> str:
    """Return the command that installs all that is needed here; a package, if it is not known."""
    with suppress(OSError, ValueError):
        return str(facts().get("install") or f"pip install {package}")
    return f"pip install {package}"


def as_json(path: str, classes: Sequence[tuple[str, float]]) -> dict[str, Any]:
    """Return what --json prints for an image."""
    pairs = [{"class": name, "probability": probability} for name, probability in classes]
    return {"image": path, "classes": pairs}


def start() -> int | str:
    """Run `main`; return the exit status, or the error to print."""
    try:
        status = main()
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:  # of the output: those of files were reported
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python writes what is left at its end
        return 1 if isinstance(error, BrokenPipeError) else f"error: {error.strerror or error}"
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module in ("runtime", "image_file"):
            return f"error: {HERE / module}.py: No such file or directory"
        package = {"PIL": "pillow"}.get(module, module.replace("_", "-"))
        return f"error: the package {package} is not installed\nfix: {install(package)}"
    except ImportError as error:
        return f"error: {error}"
    except KeyboardInterrupt:
        return 130
    return status


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal may lack letters
            stream.reconfigure(errors="backslashreplace")
    sys.exit(start())
