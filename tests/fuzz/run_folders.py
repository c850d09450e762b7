"""Damage the files of run folders and run the commands that read them.

    python tests/fuzz/run_folders.py --cases 500

Each case is the folder of a finished run in which one or two files are cut, changed or emptied,
replaced by a folder, a dead link, a pipe or a device, or have another value. A command must end
with status 0, 1 or 2 and a message, without a traceback or escape sequences.
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
    ("watch", "tiny/run-001"),
    ("plot", "tiny/run-001", "--quiet"),
    ("compare", "tiny/run-001", "tiny/intact"),
    ("evaluate", "tiny/run-001", "--quiet"),
    ("fit", "--resume", "tiny/run-001", "train.epochs=3", "--quiet"),
)
FILE_DAMAGES = ("gone", "folder", "link", "pipe", "zeros")
CONTENT_DAMAGES = ("bytes", "json", "cell", "digits")
# TensorFlow alone needs most of this.
MAX_SECONDS = 120
MAX_MEGABYTES = 4000


@cache
def intact_outputs() -> tempfile.TemporaryDirectory[str]:
    """Train two runs, once per process, and return their folder."""
    folder = tempfile.TemporaryDirectory()
    recipe = Path(folder.name) / "tiny.yaml"
    recipe.write_text(RECIPE, encoding="utf-8")
    for name in ("run-001", "intact"):
        fit(recipe, output_dir=Path(folder.name) / "outputs", name=name)
    return folder


def damage(run: Path, draw: random.Random) -> str:
    """Damage one or two files of a run, and return a description."""
    files = sorted(path for path in run.rglob("*") if path.is_file() and path.suffix != ".png")
    damages = []
    for path in draw.sample(files, draw.choice([1, 1, 2])):
        how = draw.choice([*FILE_DAMAGES, *3 * CONTENT_DAMAGES])
        content = path.read_bytes()
        if how == "bytes":
            path.write_bytes(mutate_bytes(content, draw))
        elif how == "json":
            path.write_bytes(_replace_json_value(content, draw))
        elif how == "cell":
            path.write_bytes(_replace_cell(content, draw))
        elif how == "digits":
            path.write_bytes(_replace_number(content, draw))
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
        damages.append(f"{path.name}: {how}")
    return ", ".join(damages)


def _replace_json_value(content: bytes, draw: random.Random) -> bytes:
    """Change a few values of a JSON object or list; replace any other content."""
    try:
        whole: Any = json.loads(content)
    except ValueError:
        whole = None
    if not isinstance(whole, dict | list):
        return json.dumps(draw.choice(VALUES)).encode()
    mutate_value(whole, [whole], draw)
    return json.dumps(whole).encode()


def _replace_cell(content: bytes, draw: random.Random) -> bytes:
    """Replace a cell of a table."""
    rows = [line.split(b",") for line in content.split(b"\n")]
    row = draw.choice(rows)
    row[draw.randrange(len(row))] = str(draw.choice(VALUES)).encode()
    return b"\n".join(b",".join(row) for row in rows)


def _replace_number(content: bytes, draw: random.Random) -> bytes:
    """Replace a number by an unusual number, or by one that is too long for Python."""
    number = draw.choice([b"9" * 5000, b"1e999", b"-1", b"0", b"0.5", b"9" * 30, b"NaN"])
    spans = [match.span() for match in re.finditer(rb"\d+(\.\d+)?", content)]
    begin, end = draw.choice(spans or [(0, 0)])
    return content[:begin] + number + content[end:]


def run_case(number: int) -> Report:
    """Run the case of a number."""
    draw = random.Random(number)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "outputs"
        shutil.copytree(Path(intact_outputs().name) / "outputs", folder)
        how = damage(folder / "tiny" / "run-001", draw)
        command = [*draw.choice(COMMANDS), "--output-dir", str(folder)]
        return run_command(command, how, MAX_SECONDS)


if __name__ == "__main__":
    sys.exit(run_cases(__doc__, run_case, cases_per_process=200, max_megabytes=MAX_MEGABYTES))
