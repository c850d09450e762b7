"""Damages the files of run folders and sees what the commands that read runs make of them.

    python tests/fuzz/run_folders.py --cases 500

Each case is the folder of a finished run with one or two of its files cut, scrambled, emptied,
made a folder, a dead link, a pipe or a device, or with one of their values replaced. Whatever they
hold, a command ends with 0, 1 or 2, a word to the user, no traceback and no escape to the terminal.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from harness import Report, run_cases, run_command
from mutations import VALUES, mutate_bytes, mutate_value

from kcnn.commands.fit import fit

RECIPE = """\
name: tiny
data: {dataset: digits, validation: 0.2}
model:
  layers:
    - Conv2D: {filters: 4, kernel_size: 3, activation: relu}
    - Flatten
    - Dense: {units: 10}
train: {epochs: 2, batch_size: 64, optimizer: Adam}
"""
COMMANDS = (
    ("runs",),
    ("runs", "--json"),
    ("runs", "tiny/run-001", "--watch"),
    ("plot", "tiny/run-001", "--quiet"),
    ("compare", "tiny/run-001", "tiny/sound"),
    ("evaluate", "tiny/run-001", "--quiet"),
    ("fit", "--resume", "tiny/run-001", "train.epochs=3", "--quiet"),
)
WAYS_OF_FILES = ("gone", "folder", "link", "pipe", "zeros")
WAYS_OF_CONTENT = ("bytes", "json", "cell", "digits")
# TensorFlow itself takes most of both.
MOST_SECONDS = 120
MOST_MEGABYTES = 4000


@cache
def sound_outputs() -> tempfile.TemporaryDirectory[str]:
    """Trains two runs, once a process."""
    folder = tempfile.TemporaryDirectory()
    recipe = Path(folder.name) / "tiny.yaml"
    recipe.write_text(RECIPE, encoding="utf-8")
    for name in ("run-001", "sound"):
        fit(recipe, output_dir=Path(folder.name) / "outputs", name=name)
    return folder


def damage(run: Path, draw: random.Random) -> str:
    """Damages one or two files of a run; says how."""
    files = sorted(path for path in run.rglob("*") if path.is_file() and path.suffix != ".png")
    said = []
    for path in draw.sample(files, draw.choice([1, 1, 2])):
        how = draw.choice([*WAYS_OF_FILES, *3 * WAYS_OF_CONTENT])
        content = path.read_bytes()
        if how == "bytes":
            path.write_bytes(mutate_bytes(content, draw))
        elif how == "json":
            path.write_bytes(_with_another_value(content, draw))
        elif how == "cell":
            path.write_bytes(_with_another_cell(content, draw))
        elif how == "digits":
            path.write_bytes(_with_another_number(content, draw))
        else:
            path.unlink()
            if how == "folder":
                path.mkdir()
            elif how == "link":
                path.symlink_to("nowhere")
            elif how == "pipe":
                os.mkfifo(path)
            elif how == "zeros":
                path.symlink_to("/dev/zero")
        said.append(f"{path.name}: {how}")
    return ", ".join(said)


def _with_another_value(content: bytes, draw: random.Random) -> bytes:
    """Changes a few values of an object; all of it, when it is none."""
    try:
        whole: Any = json.loads(content)
    except ValueError:
        whole = None
    if not isinstance(whole, dict | list):
        return json.dumps(draw.choice(VALUES)).encode()
    mutate_value(whole, [whole], draw)
    return json.dumps(whole).encode()


def _with_another_cell(content: bytes, draw: random.Random) -> bytes:
    """Changes one cell of a table."""
    rows = [line.split(b",") for line in content.split(b"\n")]
    row = draw.choice(rows)
    row[draw.randrange(len(row))] = str(draw.choice(VALUES)).encode()
    return b"\n".join(b",".join(row) for row in rows)


def _with_another_number(content: bytes, draw: random.Random) -> bytes:
    """Puts a number that is odd, or longer than Python reads, in place of one."""
    number = draw.choice([b"9" * 5000, b"1e999", b"-1", b"0", b"0.5", b"9" * 30, b"NaN"])
    places = [match.span() for match in re.finditer(rb"\d+(\.\d+)?", content)]
    begin, end = draw.choice(places or [(0, 0)])
    return content[:begin] + number + content[end:]


def run_case(number: int) -> Report:
    """Runs the case of this number."""
    draw = random.Random(number)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "outputs"
        shutil.copytree(Path(sound_outputs().name) / "outputs", folder)
        how = damage(folder / "tiny" / "run-001", draw)
        command = [*draw.choice(COMMANDS), "--output-dir", str(folder)]
        return run_command(command, how, MOST_SECONDS)


if __name__ == "__main__":
    sys.exit(run_cases(__doc__, run_case, cases_at_a_time=200, most_megabytes=MOST_MEGABYTES))
